package bbb

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A join is followed as a browser does it, with the cookies that it is given; what
// comes of it is the page at its end, or what the server says on the way.
func TestEnter(t *testing.T) {
	const errorsOf = `?errors=` + `[{"key":"guestDeny","message":"no"}]`
	for _, test := range []struct {
		name  string
		steps map[string]string // path to where it leads, or what it answers
		codes map[string]int
		want  Entrance
		err   error
		key   string
	}{
		{name: "to the client", steps: map[string]string{"/api/join": "/client", "/client": "<p>in</p>"}, want: Entrance{Followed: true, Status: 200}},
		{name: "by a balancer, and only with its cookie", steps: map[string]string{"/api/join": "/node", "/node": "/cookie", "/cookie": "<p>in</p>"}, want: Entrance{Followed: true, Status: 200}},
		{name: "to a client that is down", steps: map[string]string{"/api/join": "/client", "/client": "x"}, codes: map[string]int{"/client": 502}, want: Entrance{Followed: true, Status: 502}},
		{name: "to where nobody is", steps: map[string]string{"/api/join": "http://127.0.0.1:1/client"}},
		{name: "refused by a redirect", steps: map[string]string{"/api/join": "/home" + errorsOf}, err: ErrGuestDenied, key: "guestDeny"},
		{name: "refused by the node", steps: map[string]string{"/api/join": "/node", "/node": "/home" + errorsOf}, err: ErrGuestDenied, key: "guestDeny"},
		{name: "refused in XML", steps: map[string]string{"/api/join": "<response><returncode>FAILED</returncode><messageKey>checksumError</messageKey></response>"}, want: Entrance{Status: 200}, err: ErrChecksum, key: "checksumError"},
		{name: "a page in place of the API", steps: map[string]string{"/api/join": "<html><body>hello</body></html>"}, want: Entrance{Status: 200}, err: ErrHTML},
		{name: "round and round", steps: map[string]string{"/api/join": "/a", "/a": "/b", "/b": "/a"}, err: ErrRedirect},
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked []string
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.URL.RequestURI())
				if r.URL.Path == "/node" {
					http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: "1", Path: "/"})
				}
				if _, err := r.Cookie("JSESSIONID"); r.URL.Path == "/cookie" && err != nil {
					w.WriteHeader(http.StatusUnauthorized)
				}
				step := test.steps[r.URL.Path]
				if strings.HasPrefix(step, "<") || step == "x" {
					if code := test.codes[r.URL.Path]; code != 0 {
						w.WriteHeader(code)
					}
					_, _ = w.Write([]byte(step))
					return
				}
				w.Header().Set("Location", step)
				w.WriteHeader(http.StatusFound)
			}))
			defer web.Close()
			var observed string
			c := &Client{Server: Server{URL: web.URL + "/api", Secret: testSecret}, HTTP: web.Client(), UserAgent: "us"}
			c.Observe = func(call, outcome string, _ time.Duration) { observed = call + " " + outcome }
			got, err := c.Enter(t.Context(), JoinRequest{MeetingID: "m", FullName: "Ann"})
			if !errors.Is(err, test.err) {
				t.Fatalf("error is %v, want %v", err, test.err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			var answer *Error
			if test.key != "" && (!errors.As(err, &answer) || answer.Key != test.key) {
				t.Errorf("key is %v", err)
			}
			if len(asked) > enterHops {
				t.Errorf("asked %d times", len(asked))
			}
			if !strings.HasPrefix(observed, "join ") || (observed == "join ok") != (err == nil) {
				t.Errorf("observed %q", observed)
			}
		})
	}
}

// A spoiled signature differs in its last figure alone.
func TestEnterSpoiled(t *testing.T) {
	for _, secret := range []Secret{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r"} {
		var got string
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r.URL.RawQuery
			_, _ = w.Write([]byte("<response><returncode>FAILED</returncode><messageKey>checksumError</messageKey></response>"))
		}))
		c := &Client{Server: Server{URL: web.URL, Secret: testSecret + secret}}
		err := c.EnterSpoiled(t.Context(), JoinRequest{MeetingID: "m", FullName: "Ann"})
		web.Close()
		if !errors.Is(err, ErrChecksum) {
			t.Errorf("%v", err)
		}
		good, err := url.Parse(c.JoinURL(JoinRequest{MeetingID: "m", FullName: "Ann"}))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(good.RawQuery) - 1; got == good.RawQuery || len(got) != n+1 || got[:n] != good.RawQuery[:n] {
			t.Errorf("it was signed %q", got)
		}
	}
}

func TestWebhooks(t *testing.T) {
	for _, test := range []struct {
		name, answer string
		status       int
		want         bool
		err          error
	}{
		{name: "there", answer: "<response><returncode>SUCCESS</returncode><hooks/></response>", want: true},
		{name: "there, with another secret", answer: "<response><returncode>FAILED</returncode><messageKey>checksumError</messageKey></response>", want: true},
		{name: "not there", answer: "<html></html>", status: 404},
		{name: "another answer", answer: "<response><returncode>FAILED</returncode><messageKey>unsupportedRequest</messageKey></response>"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var calls []string
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls = append(calls, r.URL.Path)
				if test.status != 0 {
					w.WriteHeader(test.status)
				}
				_, _ = w.Write([]byte(test.answer))
			}))
			defer web.Close()
			got, err := (&Client{Server: Server{URL: web.URL, Secret: testSecret}}).Webhooks(t.Context())
			if got != test.want || err != nil {
				t.Errorf("%v %v", got, err)
			}
			if len(calls) == 0 || calls[0] != "/hooks/list" {
				t.Errorf("called %q", calls)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&Client{Server: Server{URL: "http://127.0.0.1:1", Secret: testSecret}}).Webhooks(ctx); err == nil {
		t.Error("a server that doesn't answer says something")
	}
}
