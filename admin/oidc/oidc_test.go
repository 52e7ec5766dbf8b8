package oidc

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a claim is and isn't: a name that isn't there, and one that says nothing,
// are no values.
func TestValues(t *testing.T) {
	for _, test := range []struct {
		claims, claim string
		want          []string
	}{
		{`{"groups": ["a", "b"]}`, "groups", []string{"a", "b"}},
		{`{"groups": "a"}`, "groups", []string{"a"}},
		{`{"admin": true, "level": 7}`, "admin", []string{"true"}},
		{`{"level": 7}`, "level", []string{"7"}},
		{`{"a": {"b": {"c": ["x"]}}}`, "a.b.c", []string{"x"}},
		{`{"https://x.example/roles": ["x"], "https://x": {"example/roles": ["y"]}}`, "https://x.example/roles", []string{"x"}},
		{`{}`, "groups", nil},
		{`{"groups": null}`, "groups", nil},
		{`{"groups": ""}`, "groups", nil},
		{`{"groups": {}}`, "groups", nil},
		{`{"groups": [null, "", {}, ["a"], "b"]}`, "groups", []string{"b"}},
		{`{"": "a"}`, "groups", nil},
		{`{"a": "b"}`, "a.b", nil},
		{`{"a": {}}`, "a.b", nil},
		{`{"a": {"": "x"}}`, "a.", []string{"x"}},
	} {
		claims := map[string]any{}
		if err := json.Unmarshal([]byte(test.claims), &claims); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, Values(claims, test.claim)); diff != "" {
			t.Errorf("%s of %s (-want +got)\n%s", test.claim, test.claims, diff)
		}
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	if got := fmt.Sprint(Secret("hush"), fmt.Sprintf("%v %+v", struct{ S Secret }{"hush"}, Secret("hush"))); got != "[redacted]{[redacted]} [redacted]" {
		t.Errorf("printed %q", got)
	}
}
