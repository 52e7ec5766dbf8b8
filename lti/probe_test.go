package lti

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// A platform's clock is read from the answer of its key set, which has whole
// seconds and was written while we waited for it.
func TestProbeComparesClocks(t *testing.T) {
	ec := `{"keys":[{"kty":"EC","kid":"e","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}`
	for _, test := range []struct {
		name    string
		date    func(now time.Time) string
		hasTime bool
		ahead   time.Duration
	}{
		{"the same second", func(now time.Time) string { return now.Format(http.TimeFormat) }, true, 0},
		{"a minute before ours", func(now time.Time) string { return now.Add(time.Minute).Format(http.TimeFormat) }, true, time.Minute},
		{"an hour behind ours", func(now time.Time) string { return now.Add(-time.Hour).Format(http.TimeFormat) }, true, -time.Hour + time.Second},
		{"it doesn't say", func(time.Time) string { return "" }, false, 0},
		{"what it says is no time", func(time.Time) string { return "yesterday" }, false, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Date"] = []string{test.date(now)}
				if test.date(now) == "" {
					w.Header()["Date"] = nil
				}
				fmt.Fprint(w, ec)
			}))
			defer server.Close()
			p := Probe{HTTP: server.Client(), Now: func() time.Time { return now }, Insecure: true}
			found, err := p.KeySet(t.Context(), Registration{JWKSURL: server.URL})
			if err != nil || found.Usable != 1 || found.HasTime != test.hasTime || found.Ahead != test.ahead {
				t.Errorf("%+v %v, want %v %v", found, err, test.hasTime, test.ahead)
			}
		})
	}
}

func TestProbe(t *testing.T) {
	answer := `{"access_token":"t","expires_in":60}`
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && (r.FormValue("scope") != AGSScore || r.FormValue("client_assertion") == "") {
			t.Errorf("asked with %v", r.Form)
		}
		w.WriteHeader(status)
		fmt.Fprint(w, answer)
	}))
	defer server.Close()
	p := Probe{HTTP: server.Client(), Keys: oneKey{testKey(t)}, Now: time.Now, Insecure: true}
	r := Registration{ClientID: "c", TokenURL: server.URL}
	if err := p.Token(t.Context(), r, "1"); err != nil {
		t.Error(err)
	}
	status, answer = http.StatusBadRequest, `{"error":"invalid_client"}`
	var refused *ServiceError
	if err := p.Token(t.Context(), r, "1"); !errors.As(err, &refused) || !refused.KeyRefused() {
		t.Errorf("a key that isn't known: %v", err)
	}
	if err := p.Token(t.Context(), Registration{}, "1"); !errors.Is(err, ErrNotGranted) {
		t.Errorf("without a token URL: %v", err)
	}
	if _, err := p.KeySet(t.Context(), Registration{JWKSURL: server.URL + "/none"}); err == nil {
		t.Error("a key set that isn't there is none")
	}
}
