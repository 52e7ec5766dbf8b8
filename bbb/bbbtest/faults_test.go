package bbbtest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
)

const createA = "meetingID=room-a&name=Intro+to+Law&attendeePW=attendee-pw&moderatorPW=moderator-pw"

func TestFaults(t *testing.T) {
	for _, test := range []struct {
		kind     bbbtest.FaultKind
		executed bool // the meeting exists afterwards
		is       func(r reply, err error) bool
	}{
		{bbbtest.BadGateway, false, func(r reply, _ error) bool {
			return r.status == 502 && strings.Contains(r.body, "<html>") && strings.HasPrefix(r.header.Get("Content-Type"), "text/html")
		}},
		{bbbtest.Closed, false, func(_ reply, err error) bool { return err != nil }},
		{bbbtest.Empty, false, func(r reply, err error) bool { return err == nil && r.status == 200 && r.body == "" }},
		{bbbtest.Refused, false, func(r reply, _ error) bool { return !r.ok() && r.key() == "mood" && r.value("message") == "Not today." }},
		{bbbtest.NotFound, false, func(r reply, _ error) bool { return !r.ok() && r.key() == "notFound" }},
		{bbbtest.UnknownKey, false, func(r reply, _ error) bool { return !r.ok() && r.key() == "somethingNobodyHasHeardOf" }},
		{bbbtest.JSON, false, func(r reply, _ error) bool {
			return r.header.Get("Content-Type") == "application/json" && strings.HasPrefix(r.body, `{"response":{"returncode":"FAILED"`)
		}},
		{bbbtest.Truncated, true, func(r reply, err error) bool {
			return err == nil && r.status == 200 && strings.Contains(r.body, "<response>") && !strings.Contains(r.body, "</response>")
		}},
		{bbbtest.WrongCase, true, func(r reply, _ error) bool {
			return r.value("returncode") == "Success" && r.value("meetingID") == "room-a"
		}},
		{bbbtest.BOM, true, func(r reply, _ error) bool { return strings.HasPrefix(r.body, "\ufeff<response>") }},
		{bbbtest.Trickle, true, func(r reply, err error) bool { return err == nil && r.ok() }},
		{bbbtest.RotatedSecret, false, func(r reply, _ error) bool { return r.key() == "checksumError" }},
		{bbbtest.Capacity, false, func(r reply, _ error) bool { return r.key() == "maxConcurrent" }},
	} {
		t.Run(string(test.kind), func(t *testing.T) {
			b := start(t, bbbtest.Options{})
			b.Be(bbbtest.Fault{Call: "create", Kind: test.kind, Times: 1, Pace: 100 * time.Microsecond, Key: "mood", Message: "Not today."})
			r, err := b.try(http.MethodGet, b.sign("create", createA), "", "")
			if !test.is(r, err) {
				t.Errorf("%d %v: %s", r.status, err, r.body)
			}
			if _, made := b.Meeting("room-a"); made != test.executed {
				t.Errorf("executed = %v", made)
			}
			if r := b.call("create", createA); !r.ok() {
				t.Errorf("the second call is hit too: %s", r.body)
			}
		})
	}
}

func TestFaultOnlyHitsItsCall(t *testing.T) {
	b := start(t, bbbtest.Options{})
	stop := b.Be(bbbtest.Fault{Call: "end", Kind: bbbtest.Empty})
	b.create("")
	for range 3 {
		if r := b.call("end", "meetingID=room-a"); r.body != "" {
			t.Error(r.body)
		}
	}
	stop()
	stop() // again does no harm
	if r := b.call("end", "meetingID=room-a"); !r.ok() {
		t.Error(r.body)
	}
	b.Be(bbbtest.Fault{Kind: bbbtest.Empty, Times: 2})
	for _, call := range []string{"getMeetings", "getRecordings"} {
		if r := b.call(call, ""); r.body != "" {
			t.Errorf("%s: %s", call, r.body)
		}
	}
	if log := b.Requests("end"); len(log) != 4 || !log[0].Failed || log[3].Failed {
		t.Errorf("log: %+v", log)
	}
}

// A balancer loses sight of a class for a moment, and of no other one.
func TestOneNotFoundAmongGoodAnswers(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("")
	b.comeIn("u1", "MODERATOR", "")
	b.call("create", "meetingID=room-b&name=Other&attendeePW=aaaa&moderatorPW=mmmm")
	b.Be(bbbtest.Fault{Call: "getMeetingInfo", Meeting: "room-a", Kind: bbbtest.NotFound, After: 1, Times: 1})
	stop := b.Be(bbbtest.Fault{Call: "isMeetingRunning", Kind: bbbtest.NotFound})
	if r := b.call("isMeetingRunning", "meetingID=room-a"); !r.ok() || r.value("running") != "false" {
		t.Errorf("running, while it isn't seen: %s", r.body)
	}
	stop()
	for _, test := range []struct{ room, key string }{
		{"room-a", ""}, {"room-b", ""}, {"room-a", "notFound"}, {"room-a", ""}, {"room-b", ""},
	} {
		if r := b.call("getMeetingInfo", "meetingID="+test.room); r.key() != test.key {
			t.Errorf("%s: %s", test.room, r.body)
		}
	}
	b.Be(bbbtest.Fault{Call: "end", Kind: bbbtest.Refused, Key: "mood", Executed: true})
	b.wantKey(b.call("end", "meetingID=room-a"), "mood")
	if b.meeting().EndedAt.IsZero() {
		t.Error("end had no effect")
	}
}

func TestLostAnswer(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.Be(bbbtest.Fault{Call: "create", Kind: bbbtest.Closed, Times: 1, Executed: true})
	if _, err := b.try(http.MethodGet, b.sign("create", createA), "", ""); err == nil {
		t.Error("there is an answer")
	}
	if r := b.call("create", createA); r.key() != "duplicateWarning" {
		t.Errorf("the first call had no effect: %s", r.body)
	}
}

func TestTimeout(t *testing.T) {
	b := start(t, bbbtest.Options{})
	stop := b.Be(bbbtest.Fault{Call: "getMeetings", Kind: bbbtest.Timeout})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.sign("getMeetings", ""), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := b.Client().Do(req); err == nil {
		resp.Body.Close()
		t.Error("there is an answer")
	}
	answered := make(chan error)
	go func() {
		_, err := b.try(http.MethodGet, b.sign("getMeetings", ""), "", "")
		answered <- err
	}()
	for len(b.Requests("getMeetings")) < 2 {
		runtime.Gosched() // it's in the log before it's held
	}
	stop()
	if err := <-answered; err == nil {
		t.Error("the held call was answered")
	}
}

// A held request must not keep a test from ending.
func TestCloseLetsGo(t *testing.T) {
	s := bbbtest.New(bbbtest.Options{BaseURL: "http://bbb.example/bigbluebutton"})
	s.Be(bbbtest.Fault{Kind: bbbtest.Timeout})
	done := make(chan any)
	go func() {
		defer func() { done <- recover() }()
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/bigbluebutton/api/getMeetings", nil))
	}()
	s.Close()
	if got := <-done; got != any(http.ErrAbortHandler) { // what was panicked with, no error of a call
		t.Errorf("ended with %v", got)
	}
}

func TestScaleliteCapacity(t *testing.T) {
	b := start(t, bbbtest.Options{Mode: bbbtest.Scalelite})
	b.Be(bbbtest.Fault{Call: "create", Kind: bbbtest.Capacity})
	b.wantKey(b.call("create", createA), "internalError")
}

func TestFailsWithoutATest(t *testing.T) {
	s := bbbtest.New(bbbtest.Options{BaseURL: "http://bbb.example/bigbluebutton"})
	defer func() {
		if text, ok := recover().(string); !ok || !strings.Contains(text, `no person "u1" in meeting "room-a"`) {
			t.Errorf("panic: %v", text)
		}
	}()
	s.Person("room-a", "u1").Leave()
}
