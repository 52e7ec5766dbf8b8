package web

import (
	"html/template"
	"time"
)

// A ClassState is what goes on in a room for one person, as all pages tell it.
type ClassState string

// The states of a class.
const (
	NoServer  ClassState = "no_server"   // none is set up
	Down      ClassState = "down"        // the server doesn't answer
	Waiting   ClassState = "not_started" // no class
	Starting  ClassState = "starting"    // begun, and nobody is in yet
	Live      ClassState = "running"     // one can go in
	Inside    ClassState = "inside"      // who looks is in
	Full      ClassState = "full"        // on, and no place left
	Away      ClassState = "away"        // on, and everybody has left, or every teacher
	Ending    ClassState = "ending"      // a moment ago
	Reckoning ClassState = "counting"    // over a short while ago; who came is being counted
	Ended     ClassState = "ended"       // over a short while ago
)

// A RoomRole is what somebody is in a room.
type RoomRole string

// The roles.
const (
	Teacher  RoomRole = "teacher"
	Learner  RoomRole = "learner"
	Starter  RoomRole = "starter"  // a learner who may start the class
	Observer RoomRole = "observer" // may go in, and is no learner of the course
)

// A Go is the one button of a state.
type Go string

// The buttons. The zero Go is none.
const (
	GoStart    Go = "start"    // the class
	GoJoin     Go = "join"     // it
	GoAgain    Go = "again"    // it, once more
	GoTry      Go = "try"      // to go in, though the server doesn't answer
	GoOpen     Go = "open"     // a window in which one waits
	GoRegister Go = "register" // of the class that is over
)

// A Standing is how things stand in a room, and for whom. It has one sentence
// and one button, wherever it is told.
type Standing struct {
	State  ClassState
	Role   RoomRole
	Framed bool      // the page stands in a frame: it lets nobody in without a click
	Since  time.Time // the class's beginning, or, when it's over, its end. Zero: not told

	// Time is how long the person has been Inside, or was in the class that has
	// Ended and was Length long. Zero: not known, or not at all.
	Time, Length time.Duration
}

// goes are the buttons of those who don't wait for anybody, by state. Where a
// state is missing there is no button.
var goes = map[RoomRole]map[ClassState]Go{
	Teacher: {
		Down: GoTry, Waiting: GoStart, Starting: GoJoin, Live: GoJoin, Inside: GoAgain, Away: GoJoin,
		Reckoning: GoRegister, Ended: GoRegister,
	},
	Starter: {Down: GoTry, Waiting: GoStart, Starting: GoJoin, Live: GoJoin, Inside: GoAgain, Away: GoJoin},
}

// waits are the states in which a learner waits, and which end by themselves.
var waits = map[ClassState]bool{NoServer: true, Down: true, Waiting: true, Starting: true, Full: true, Away: true}

// Go is the state's button.
func (s Standing) Go() Go {
	if g, ok := goes[s.Role][s.State]; ok {
		return g
	}
	switch {
	case s.Role == Teacher:
		return ""
	case s.State == Live:
		return GoJoin
	case s.State == Inside:
		return GoAgain
	case s.Framed && waits[s.State] && s.State != NoServer:
		return GoOpen
	}
	return ""
}

// Waits reports whether the person can do nothing but wait: a page in a window
// of its own lets them in when there is a class.
func (s Standing) Waits() bool { return waits[s.State] && (s.Go() == "" || s.Go() == GoOpen) }

// Patient reports whether waiting is all that the person has to do.
func (s Standing) Patient() bool { return s.Waits() && s.State != NoServer }

// On reports whether a class is on, which may be ended.
func (s Standing) On() bool {
	switch s.State {
	case Starting, Live, Inside, Away:
		return true
	}
	return false
}

// Over reports whether a class is just over, or about to be: another may be
// started, which isn't what most want next.
func (s Standing) Over() bool { return s.State == Ending || s.State == Reckoning || s.State == Ended }

// MayStartAnother reports whether the person may start a class, now that one is
// over.
func (s Standing) MayStartAnother() bool {
	return s.Over() && (s.Role == Teacher || s.Role == Starter)
}

// Shape is the kind of the state's status mark.
func (s Standing) Shape() string {
	switch s.State {
	case NoServer, Down:
		return "needs"
	case Live, Inside:
		return "live"
	case Ending, Reckoning, Ended:
		return "ended"
	}
	return "waiting"
}

// claim is the id of the message that says how things stand; promise that of
// what the page does about it, or empty. Whom the role's own texts say nothing
// of a state, a learner's do.
func (s Standing) claim(has func(id string) bool) string {
	state := string(s.State)
	if s.Time > 0 && (s.State == Inside || s.State == Ended && s.Role != Teacher) {
		state += "_time"
	}
	if id := "state." + string(s.Role) + "." + state; s.Role != "" && has(id) {
		return id
	}
	return "state.learner." + state
}

func (s Standing) promise(has func(id string) bool) string {
	if id := "state.promise." + string(s.State); !s.Framed && s.Waits() && has(id) {
		return id
	}
	return ""
}

// standing is the sentence of a Standing.
func (l *locale) standing(s Standing) (template.HTML, error) {
	has := func(id string) bool { return l.messages[id] != nil }
	text, err := l.say(s.claim(has), "Time", l.duration(s.Time), "Length", l.duration(s.Length))
	if id := s.promise(has); id != "" && err == nil {
		var promise template.HTML
		promise, err = l.say(id)
		text += " " + promise
	}
	return text, err
}

// A goView is the one button of a state: a link or a form. The zero one is none.
type goView struct {
	RegisterURL string
	Form        *button // to go in, or to wait
}

func (l *locale) goButton(s Standing, join Post, registerURL string) (goView, error) {
	switch s.Go() {
	case "":
		return goView{}, nil
	case GoRegister:
		return goView{RegisterURL: registerURL}, nil
	}
	label, err := l.say("go." + string(s.Go()))
	kind := "primary"
	if s.Go() == GoAgain {
		kind = "plain"
	}
	form := newTab(kind, join, label)
	return goView{Form: &form}, err
}

// A look is a Standing as a template asks for it. Each method of a Standing
// that it called would cost as much as all of this.
type look struct {
	State                  ClassState
	Go                     Go
	Kind                   string // of the status mark
	Shape, Text            template.HTML
	Timed                  bool // Since is told
	Waits, MayStartAnother bool
}

func (l *locale) look(s Standing) (*look, error) {
	text, err := l.standing(s)
	return &look{s.State, s.Go(), s.Shape(), shapeOf(s.Shape()), text, !s.Since.IsZero(), s.Waits(), s.MayStartAnother()}, err
}

// Out is how things stand for who has just left the class: the server may list
// them for a while, and the page on which they land lets nobody in by itself.
func (s Standing) Out() Standing {
	if s.State == Inside {
		s.State = Live
	}
	s.Framed = true
	return s
}

// CameToSomething reports whether a class is over, for somebody whose room's
// page says what it came to for them.
func (s Standing) CameToSomething() bool {
	return s.State != Ending && s.Over() && (s.Role == Learner || s.Role == Starter)
}

// News reports whether a page that one sees on the way out says how things
// stand. That no class is on is none there; and as long as the server lists who
// has left, it speaks of before.
func (s Standing) News() bool { return s.State != Waiting && s.State != NoServer && s.State != Inside }

// Refreshes reports whether a page without scripts is loaded again by itself.
func (s Standing) Refreshes() bool { return s.State != Live && s.State != Inside && s.State != "" }
