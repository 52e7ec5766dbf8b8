package ltitest

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestFaults(t *testing.T) {
	y := newToy(t, Options{})
	link := y.link()
	access := y.token(scopeLineItem)
	ask := func() (int, string, error) {
		r, body, err := y.try("GET", y.l.LineItemURL(*link.LineItem), map[string]string{
			"Authorization": "Bearer " + access, "Accept": typeLineItem,
		}, "")
		if err != nil {
			return 0, body, err
		}
		return r.StatusCode, body, nil
	}
	for _, test := range []struct {
		name   string
		fault  Fault
		status int
		broken bool
		text   string
	}{
		{"503", Fault{Status: 503, RetryAfter: "7"}, 503, false, "Service Unavailable"},
		{"429 here", Fault{At: LineItemEndpoint, Status: 429}, 429, false, "Too Many"},
		{"elsewhere", Fault{At: ScoresEndpoint, Status: 500}, 200, false, "Lecture"},
		{"at browsers", Fault{At: AuthEndpoint, Status: 500}, 200, false, "Lecture"},
		{"page", Fault{Answer: AnswerHTML}, 200, false, "maintenance"},
		{"half", Fault{Answer: AnswerTruncated}, 0, true, ""},
		{"closed", Fault{Answer: AnswerClosed}, 0, true, ""},
		{"huge", Fault{Answer: AnswerHuge}, 200, false, `{"kty":"XYZ"}`},
	} {
		heal := y.l.Be(test.fault)
		status, body, err := ask()
		if status != test.status || (err != nil) != test.broken || !strings.Contains(body, test.text) {
			t.Errorf("%s: status %d, %v, %.80q", test.name, status, err, body)
		}
		heal()
		if status, _, err := ask(); status != 200 || err != nil {
			t.Errorf("%s: healed: %d, %v", test.name, status, err)
		}
	}
}

func TestFaultSkipsAndEnds(t *testing.T) {
	y := newToy(t, Options{})
	item := y.l.LineItemURL(*y.link().LineItem)
	access := y.token(scopeLineItem)
	y.l.Be(Fault{At: LineItemEndpoint, Skip: 1, Times: 2, Status: 401})
	for i, want := range []int{200, 401, 401, 200} {
		if got := y.get(access, item, typeLineItem); got != want {
			t.Errorf("request %d: status %d, want %d", i, got, want)
		}
	}
	log := y.l.Requests(LineItemEndpoint)
	if len(log) != 4 || log[1].Status != 401 || log[3].Status != 200 || log[0].Header.Get("Accept") != typeLineItem {
		t.Errorf("log: %+v", log)
	}
}

// The score is in the gradebook, but the tool doesn't hear of it.
func TestLateFault(t *testing.T) {
	y := newToy(t, Options{})
	link := y.link()
	ben, _ := y.l.FindPerson("ben")
	y.l.Be(Fault{At: ScoresEndpoint, Times: 1, Late: true, Answer: AnswerClosed})
	body := `{"userId":"` + ben.ID + `","timestamp":"` + at(0) + `",` + full + `,"scoreGiven":1,"scoreMaximum":1}`
	header := map[string]string{"Authorization": "Bearer " + y.token(scopeScore), "Content-Type": typeScore}
	if _, _, err := y.try("POST", y.scoreURL(*link.LineItem), header, body); err == nil {
		t.Error("the answer came")
	}
	if points, _, ok := y.l.Grade(link.ID, "ben"); !ok || points != 10 {
		t.Errorf("grade %v %v", points, ok)
	}
	if r, _ := y.do("POST", y.scoreURL(*link.LineItem), header, body); r.StatusCode != 409 {
		t.Errorf("again: %d, want 409", r.StatusCode)
	}
}

func TestHeldRequests(t *testing.T) {
	y := newToy(t, Options{})
	address := y.l.Registration(y.tool).JWKSURL
	// An unbuffered channel: whoever gets through the send knows that the
	// request is being held.
	hold := make(chan struct{})
	y.l.Be(Fault{At: KeySetEndpoint, Hold: hold, Times: 1})
	answered := make(chan int)
	go func() { answered <- status(http.Get(address)) }()
	select {
	case status := <-answered:
		t.Errorf("the held request was answered with %d", status)
	case hold <- struct{}{}:
	}
	if status := <-answered; status != 200 {
		t.Errorf("released: %d", status)
	}
	if r, _ := y.do("GET", address, nil, ""); r.StatusCode != 200 {
		t.Errorf("the next one: %d", r.StatusCode)
	}
}

func TestHeldRequestIsLetGo(t *testing.T) {
	for _, letGo := range []string{"by the client", "by Heal"} {
		y := newToy(t, Options{})
		y.l.Be(Fault{At: KeySetEndpoint, Skip: 1, Hold: make(chan struct{})})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, "GET", y.l.Registration(y.tool).JWKSURL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := status(http.DefaultClient.Do(request)); got != 200 {
			t.Errorf("%s: the one that is let through: %d", letGo, got)
		}
		want := 0
		if letGo == "by Heal" {
			want = 200
			y.l.Heal()
		} else {
			cancel()
		}
		if got := status(http.DefaultClient.Do(request)); got != want {
			t.Errorf("%s: status %d, want %d", letGo, got, want)
		}
	}
}

// status returns an answer's status, 0 if there's none.
func status(r *http.Response, err error) int {
	if err != nil {
		return 0
	}
	r.Body.Close()
	return r.StatusCode
}

func TestKeySet(t *testing.T) {
	y := newToy(t, Options{})
	y.l.Change(func(b *Behaviour) { b.KeysWithoutAlg = true })
	r, body := y.do("GET", y.l.Registration(y.tool).JWKSURL, nil, "")
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal([]byte(body), &set); err != nil || len(set.Keys) != 4 || strings.Contains(body, "alg") {
		t.Errorf("%v: %s", err, body)
	}
	if r.Header.Get("Cache-Control") != "" || y.l.KeySetFetches() != 1 {
		t.Errorf("Cache-Control %q, %d fetches", r.Header.Get("Cache-Control"), y.l.KeySetFetches())
	}
	y.l.RotateKeys(true)
	_, body = y.do("GET", y.l.Registration(y.tool).JWKSURL, nil, "")
	if strings.Count(body, `"kid"`) != 5 {
		t.Errorf("after a rotation that keeps the old key: %s", body)
	}
}

func TestOddTokenErrors(t *testing.T) {
	y := newToy(t, Options{})
	status, body := y.ask(y.tokenForm(y.sign(y.assertion(), map[string]any{"kid": nil}), scopeScore))
	if status != 400 || json.Valid([]byte(body)) || !strings.Contains(body, "invalid_client") {
		t.Errorf("%d %s, want an error that isn't JSON", status, body)
	}
}
