package bbbtest

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// A FaultKind is a way to misbehave.
type FaultKind string

// The faults. Those of the first group keep the call from taking effect,
// unless Fault.Executed says otherwise; the others spoil its answer.
const (
	Timeout    FaultKind = "timeout"     // no answer until the client gives up
	BadGateway FaultKind = "bad gateway" // 502 with a page of the proxy
	Closed     FaultKind = "closed"      // the connection is cut
	Empty      FaultKind = "empty"       // 200 with nothing
	Refused    FaultKind = "refused"     // FAILED with the fault's Key and Message
	NotFound   FaultKind = "not found"   // the meeting isn't known, though it may well run; isMeetingRunning says false

	Truncated  FaultKind = "truncated"   // XML that stops in the middle
	Held       FaultKind = "held"        // the call takes effect, and the answer comes when the fault is stopped
	Trickle    FaultKind = "trickle"     // the answer comes byte by byte
	WrongCase  FaultKind = "wrong case"  // returncode Success
	UnknownKey FaultKind = "unknown key" // FAILED with a key that nobody has heard of
	BOM        FaultKind = "bom"         // a byte order mark comes first
	JSON       FaultKind = "json"        // the error comes as JSON

	RotatedSecret FaultKind = "rotated secret" // the secret isn't valid any more
	Capacity      FaultKind = "capacity"       // no room for more
)

// A Fault makes calls go wrong.
type Fault struct {
	Call         string // "create", …; empty: every call
	Meeting      string // only calls about this meetingID; empty: whatever they are about
	Kind         FaultKind
	Key, Message string        // of Refused
	After        int           // how many of those calls are answered well first
	Times        int           // how many calls it hits; 0: until it's stopped
	Executed     bool          // the call takes effect and only its answer is lost
	Pace         time.Duration // between two bytes of Trickle; default 20 ms
}

type fault struct {
	Fault
	wait, left int
	stop       chan struct{}
}

// Be makes the server misbehave until stop is called. Of several faults that
// fit a call the oldest hits it.
func (s *Server) Be(f Fault) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	mean := &fault{Fault: f, wait: f.After, left: f.Times, stop: make(chan struct{})}
	s.faults = append(s.faults, mean)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i, x := range s.faults {
			if x == mean {
				s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
				close(mean.stop)
				return
			}
		}
	}
}

// takeFault is the fault that hits this call; nil for none.
func (s *Server) takeFault(c *call) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if !f.fits(c) || f.Times > 0 && f.left == 0 {
			continue
		}
		if f.wait > 0 {
			f.wait--
			continue
		}
		f.left--
		return f
	}
	return nil
}

func (f *fault) fits(c *call) bool {
	return (f.Call == "" || f.Call == c.name) && (f.Meeting == "" || f.Meeting == c.params.text("meetingID"))
}

func (f *fault) is(kind FaultKind) bool { return f != nil && f.Kind == kind }

// prevents reports whether the call doesn't take effect.
func (f *fault) prevents() bool {
	if f == nil || f.Executed {
		return false
	}
	switch f.Kind {
	case Timeout, BadGateway, Closed, Empty, Refused, NotFound, UnknownKey, JSON:
		return true
	}
	return false
}

// instead is what is said in place of the call's own answer.
func (f *fault) instead(c *call) answer {
	switch {
	case f.Kind == Refused:
		return failure(problem{f.Key, f.Message})
	case f.Kind == NotFound && c.name == "isMeetingRunning":
		return success(func(w *xmlWriter) { w.bool("running", false) })
	case f.Kind == NotFound:
		return failure(notFound)
	}
	return failure(problem{string(f.Kind), ""})
}

// misbehave sends a as the fault f has it; without one it just sends it.
func (s *Server) misbehave(w http.ResponseWriter, r *http.Request, f *fault, a answer) {
	if f == nil {
		a.write(w)
		return
	}
	switch f.Kind {
	case Timeout:
		s.wait(r, f)
		panic(http.ErrAbortHandler)
	case Held:
		s.wait(r, f)
		a.write(w)
	case Closed:
		panic(http.ErrAbortHandler)
	case BadGateway:
		html(http.StatusBadGateway).write(w)
	case Trickle:
		s.trickle(w, r, a, cmp.Or(f.Pace, 20*time.Millisecond))
	default:
		f.spoil(a).write(w)
	}
}

// spoil changes what an answer says.
func (f *fault) spoil(a answer) answer {
	switch f.Kind {
	case Empty:
		a = answer{status: http.StatusOK, contentType: "text/xml"}
	case Truncated:
		a.body = a.body[:len(a.body)*2/3]
	case WrongCase:
		a.body = strings.NewReplacer(">SUCCESS<", ">Success<", ">FAILED<", ">failed<").Replace(a.body)
	case BOM:
		a.body = "\ufeff" + a.body
	case UnknownKey:
		a = failure(problem{"somethingNobodyHasHeardOf", "The server is in a mood."})
	case JSON:
		a.status, a.contentType, a.location = http.StatusOK, "application/json", ""
		a.body = fmt.Sprintf(`{"response":{"returncode":"FAILED","messageKey":%q,"message":%q}}`, "internalError", "Something went wrong.")
	}
	return a
}

// wait blocks until the client, the fault or the server is done.
func (s *Server) wait(r *http.Request, f *fault) {
	select {
	case <-r.Context().Done():
	case <-f.stop:
	case <-s.stop:
	}
}

func (s *Server) trickle(w http.ResponseWriter, r *http.Request, a answer, pace time.Duration) {
	w.Header().Set("Content-Type", a.contentType)
	w.WriteHeader(a.status)
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for i := range len(a.body) {
		select {
		case <-r.Context().Done():
			return
		case <-s.stop:
			return
		case <-ticker.C:
		}
		if _, err := w.Write([]byte{a.body[i]}); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush() // a recorder can't: no harm
	}
}

func panicf(format string, args ...any) { panic(fmt.Sprintf("bbbtest: "+format, args...)) }
