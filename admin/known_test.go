package admin

import (
	"strings"
	"testing"
)

// A browser is known to one account, for a time, by what we have signed.
func TestKnownBrowser(t *testing.T) {
	a := NewAccounts(nil, "", clockAt(noon), nil)
	a.KnownKey = []byte("a key")
	good := a.knownTo("Ann@school.example")
	parts := strings.Split(good, ".")
	other := NewAccounts(nil, "", clockAt(noon), nil)
	other.KnownKey = []byte("another key")
	none := NewAccounts(nil, "", clockAt(noon), nil)
	if got := none.knownTo("ann@school.example"); got != "" {
		t.Errorf("without a key: %q", got)
	}
	for _, test := range []struct {
		name, text, email string
		at                *Accounts
		want              string
	}{
		{"as it was given", good, "ann@school.example", a, parts[0]},
		{"in capitals", good, "ANN@school.example", a, parts[0]},
		{"another account", good, "bob@school.example", a, ""},
		{"no account", good, "", a, ""},
		{"another key", good, "ann@school.example", other, ""},
		{"no key", good, "ann@school.example", none, ""},
		{"nothing", "", "ann@school.example", a, ""},
		{"no signature", parts[0] + "." + parts[1], "ann@school.example", a, ""},
		{"an empty one", parts[0] + "." + parts[1] + ".", "ann@school.example", a, ""},
		{"for longer", parts[0] + ".9" + parts[1] + "." + parts[2], "ann@school.example", a, ""},
		{"another browser", "x" + good, "ann@school.example", a, ""},
		{"no browser", strings.TrimPrefix(good, parts[0]), "ann@school.example", a, ""},
		{"much", good + strings.Repeat(".", 10_000), "ann@school.example", a, ""},
	} {
		if got := test.at.knows(test.text, test.email); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	a.Now = clockAt(noon.Add(KnownFor))
	if got := a.knows(good, "ann@school.example"); got != "" {
		t.Errorf("when its time is over: %q", got)
	}
}
