package ltitest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
)

// Endpoint names what a request is about.
type Endpoint string

// The endpoints of a platform.
const (
	AuthEndpoint      Endpoint = "auth"      // asked by browsers
	DeepLinkEndpoint  Endpoint = "deep_link" // asked by browsers
	KeySetEndpoint    Endpoint = "key_set"
	TokenEndpoint     Endpoint = "token"
	LineItemsEndpoint Endpoint = "line_items"
	LineItemEndpoint  Endpoint = "line_item"
	ScoresEndpoint    Endpoint = "scores"
	ResultsEndpoint   Endpoint = "results"
	RosterEndpoint    Endpoint = "roster"

	ConfigurationEndpoint Endpoint = "configuration"
	RegistrationEndpoint  Endpoint = "registration"
)

// Answer is how an answer is spoiled.
type Answer int

const (
	AnswerRight     Answer = iota
	AnswerHTML             // 200 and a page where JSON was due
	AnswerTruncated        // the right answer, broken off half-way
	AnswerHuge             // 200 and JSON that goes on for 64 MiB
	AnswerClosed           // the connection is closed without an answer
)

// A Fault is something that goes wrong at the platform.
type Fault struct {
	// At is the endpoint. "" means all that the tool's server asks; those
	// that browsers ask must be named.
	At    Endpoint
	Skip  int // so many requests are let through first
	Times int // so many are spoiled then; 0: all until Heal
	Every int // only each Every-th of them; 0: each

	// Late does what was asked before it spoils the answer: the score is in
	// the gradebook, and the tool doesn't hear of it.
	Late bool
	// Hold keeps the request waiting until it is closed, the fault is healed
	// or the client goes away.
	Hold <-chan struct{}
	// Status answers with this status instead.
	Status     int
	RetryAfter string // header of that answer
	Answer     Answer
}

type fault struct {
	Fault
	skip, left int
	seen       int
	endless    bool
	healed     chan struct{}
	done       bool
}

// Be makes something go wrong from the next request on. Of several faults at
// one endpoint the one that was there first counts. The function it returns
// heals this fault alone.
func (l *LMS) Be(f Fault) (heal func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := &fault{Fault: f, skip: f.Skip, left: f.Times, endless: f.Times == 0, healed: make(chan struct{})}
	l.faults = append(l.faults, own)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.heal(own)
	}
}

// Heal ends all faults, and lets go of requests that are held.
func (l *LMS) Heal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range slices.Clone(l.faults) {
		l.heal(f)
	}
}

func (l *LMS) heal(f *fault) {
	if !f.done {
		f.done = true
		close(f.healed)
	}
	l.faults = slices.DeleteFunc(l.faults, func(x *fault) bool { return x == f })
}

// faultAt returns what goes wrong for this request, if anything does.
func (l *LMS) faultAt(e Endpoint) *fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.faults {
		byBrowser := e == AuthEndpoint || e == DeepLinkEndpoint
		if f.At != e && (f.At != "" || byBrowser) {
			continue
		}
		if f.skip > 0 {
			f.skip--
			return nil
		}
		if f.seen++; f.Every > 0 && f.seen%f.Every != 0 {
			return nil
		}
		if f.endless || f.left > 0 {
			f.left--
			return f
		}
	}
	return nil
}

// serve answers a request wrongly.
func (f *fault) serve(w http.ResponseWriter, r *http.Request, right http.HandlerFunc) {
	if f.Hold != nil {
		select {
		case <-f.Hold:
		case <-f.healed:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	if f.Status == 0 && f.Answer == AnswerRight {
		right(w, r)
		return
	}
	answer := httptest.NewRecorder()
	if f.Late || f.Answer == AnswerTruncated {
		right(answer, r)
	}
	f.spoil(w, answer)
}

func (f *fault) spoil(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	switch f.Answer {
	case AnswerHTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, "<!DOCTYPE html><html><title>Down for maintenance</title><p>We'll be back soon.</html>")
	case AnswerTruncated:
		half := answer.Body.Bytes()[:answer.Body.Len()/2]
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.Header().Set("Content-Length", fmt.Sprint(answer.Body.Len()))
		w.WriteHeader(answer.Code)
		w.Write(half)
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case AnswerHuge:
		writeHuge(w)
	case AnswerClosed:
		noteStatus(w, 0)
		panic(http.ErrAbortHandler)
	default:
		writeJSON(w, f.Status, "application/json", map[string]any{"status": f.Status, "reason": http.StatusText(f.Status)})
	}
}

func writeHuge(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"keys":[`)
	chunk := []byte(strings.Repeat(`{"kty":"XYZ"},`, 1<<12))
	for sent := 0; sent < 64<<20; sent += len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
	io.WriteString(w, `{}]}`)
}
