package web

import (
	"html/template"
	"slices"
	"time"
)

// A Post is a button that posts. The zero Post shows no button.
type Post struct {
	URL    string
	Ticket string // hidden field "ticket": for a new window, to which the frame's cookies don't come. May be empty
}

// A Measure is what a rule counts.
type Measure string

// The measures, as the form field "measure" spells them.
const (
	NoMeasure Measure = "none"
	Minutes   Measure = "minutes"
	Percent   Measure = "percent"
)

// A Rule says what completes a room and what that is worth. The zero Rule,
// like NoMeasure, grades nothing.
type Rule struct {
	Measure      Measure
	Need         int       // minutes or percent
	InTotal      bool      // over all classes together; else the best class counts
	Proportional bool      // points by share; else all or nothing
	Points       float64   // the maximum
	Since        time.Time // classes before count by a rule before this one; zero: none do
}

// Graded reports whether the rule completes anything.
func (r Rule) Graded() bool { return r.Measure == Minutes || r.Measure == Percent }

// Running reports whether what the rule gives may fall with a class.
func (r Rule) Running() bool { return r.Measure == Percent && r.InTotal }

// A RuleForm is a rule as somebody typed it. Its form fields are "measure"
// (none, minutes, percent), "minutes", "percent", "counts" (best, total),
// "award" (all, share) and "points".
type RuleForm struct {
	Measure                  Measure
	Minutes, Percent, Points string // as typed
	InTotal                  bool   // counts=total
	Proportional             bool   // award=share
}

// A GradeState is how far a grade has come on its way to the gradebook.
type GradeState string

// The states of a grade.
const (
	GradeWaiting    GradeState = "waiting"    // to be sent, or sent again
	GradeSent       GradeState = "delivered"  // the platform took it; more isn't known
	GradeSeen       GradeState = "seen"       // in the gradebook, where it was read
	GradeMissing    GradeState = "missing"    // sent, and not there when the gradebook was read
	GradeRefused    GradeState = "refused"    // the platform said no
	GradeGiven      GradeState = "given"      // the gradebook has another one, which somebody gave
	GradeSuperseded GradeState = "superseded" // somebody graded later in the gradebook, we can't tell what
)

// GradeWord is the id of a state's word, behind "grade.word.".
func GradeWord(s GradeState) string {
	if s == GradeSent {
		return "sent"
	}
	return string(s)
}

// A Grade is what belongs in the gradebook and what became of it.
type Grade struct {
	State       GradeState
	Points, Max float64   // of GradeGiven in the measure of the gradebook
	Theirs      float64   // of Max: what GradeGiven is
	At          time.Time // when it was sent; GradeWaiting: when it's tried next, zero if at once
	FoundAt     time.Time // when GradeSeen was seen there
	Reason      string    // one of Reasons, why it isn't there; empty if none; others are told as "unknown"
	Detail      string    // the platform's own words, for teachers. May be empty
	LMS         string    // what the platform is called, such as "Moodle"; empty: "Your LMS"
}

// GradeCounts counts grades by state.
type GradeCounts struct {
	Sent, Seen, Missing, Waiting, Refused int
	Superseded                            int // GradeGiven too
}

// Any reports whether there is any grade.
func (c GradeCounts) Any() bool { return c != GradeCounts{} }

// NoGrades says that the platform takes no grades for a link.
type NoGrades struct {
	Why       string // not_offered, off or deleted
	LMS       string // as that of a Grade
	NewColumn Post   // makes the column again; zero: there is nothing to press
}

// Reasons lists the codes of why a grade isn't in the gradebook.
func Reasons() []string {
	return []string{
		"not_gradable", "not_enrolled", "scope_missing", "no_line_item", "line_item_gone",
		"locked", "no_gradebook", "key_refused", "kept", "outdated", "missing", "bad_request", "platform_down", "platform_disabled", "forbidden", "unknown",
	}
}

// Things that were just done, for the field Said of pages: they are told
// once, in a notice.
const (
	SaidSaved       = "saved"       // settings
	SaidSavedAll    = "saved_all"   // settings, and the rule counts for all classes
	SaidCounted     = "counted"     // which classes count
	SaidParted      = "parted"      // one class is two now
	SaidJoined      = "joined"      // two classes are one now
	SaidNotRunning  = "not_running" // no class was there to be ended
	SaidUnconfirmed = "unconfirmed" // a server didn't answer when it was asked to end the class
	SaidResent      = "resent"      // a grade goes out again
	SaidAllResent   = "all_resent"  // all grades of a link
	SaidNewColumn   = "new_column"  // the column of a link is made again
	SaidKept        = "kept"        // a copied link keeps its new room
	SaidShared      = "shared"      // a copied link leads to the old room
	SaidPublished   = "published"   // a recording
	SaidUnpublished = "unpublished" // a recording
	SaidDeleted     = "deleted"     // a recording
	SaidNotDone     = "not_done"    // the server didn't do it; nothing has changed
	SaidAsked       = "asked"       // the old course's teachers, for their room
	SaidAgreed      = "agreed"      // another course uses this room, too
	SaidDeclined    = "declined"    // another course doesn't
)

// Said is what a query says was just done, or empty for what nobody says: it
// stands in addresses, which anybody can make.
func Said(query string) string {
	if slices.Contains(said(), query) {
		return query
	}
	return ""
}

func said() []string {
	return []string{
		SaidSaved, SaidSavedAll, SaidCounted, SaidParted, SaidJoined, SaidNotRunning, SaidUnconfirmed,
		SaidResent, SaidAllResent, SaidNewColumn, SaidKept, SaidShared, SaidPublished,
		SaidUnpublished, SaidDeleted, SaidNotDone, SaidAsked, SaidAgreed, SaidDeclined,
	}
}

// A Hidden is a hidden field of a form.
type Hidden struct{ Name, Value string }

// What the templates of components take. Text is ready for the page.
type (
	header struct {
		Title, Course any // text, or a message
		Status        *status
	}
	status struct {
		Kind  string // live, waiting, ended, needs, good
		Shape template.HTML
		Text  template.HTML
	}
	button struct {
		URL, Ticket string // a Post's; a template finds an embedded one's ten times slower
		Label       template.HTML
		Kind        string // primary, plain, danger
		NewTab      bool
	}
	notice struct {
		Kind string // info, good, needs
		Text template.HTML
	}
	progress struct {
		Label      template.HTML
		Value, Max int
		Full       bool
	}
	field struct {
		Kind        string // text, area, number, check
		Name        string
		Label, Hint template.HTML
		Value       string
		On          bool
		Max         int // characters; of number: the largest
		Wrong       template.HTML
		Focus       bool // the cursor is here
	}
)

func newHeader(title, course any, s ...status) header {
	h := header{Title: title, Course: course}
	if course == title {
		h.Course = nil
	}
	if len(s) > 0 {
		h.Status = &s[0]
	}
	return h
}

func newStatus(kind string, parts ...template.HTML) status {
	text := parts[0]
	for _, part := range parts[1:] {
		text += " · " + part
	}
	return status{Kind: kind, Shape: shapeOf(kind), Text: text}
}

func newButton(kind string, p Post, label template.HTML) button {
	return button{URL: p.URL, Ticket: p.Ticket, Label: label, Kind: kind}
}

// newTab is newButton whose answer opens in a new window.
func newTab(kind string, p Post, label template.HTML) button {
	return button{URL: p.URL, Ticket: p.Ticket, Label: label, Kind: kind, NewTab: true}
}

func newNotice(kind string, parts ...template.HTML) notice {
	n := notice{Kind: kind}
	for i, part := range parts {
		if i > 0 {
			n.Text += " "
		}
		n.Text += part
	}
	return n
}

// newProgress shows how much of what is needed there is, in minutes: what is
// there rounded down and what is needed up, so that nothing looks done that
// isn't.
func newProgress(label template.HTML, have, need time.Duration, full bool) progress {
	p := progress{Label: label, Value: floorMinutes(have), Max: ceilMinutes(need), Full: full}
	p.Value = min(p.Value, p.Max)
	return p
}

// shapeOf is the shape of a state: its colour alone would not do.
func shapeOf(kind string) template.HTML {
	const ring = `<circle class="ring" cx="6" cy="6" r="4.75"/>`
	switch kind {
	case "live":
		return shapeStart + `<circle cx="6" cy="6" r="5.5"/></svg>`
	case "waiting":
		return shapeStart + ring + `<path d="M6 1.25a4.75 4.75 0 0 0 0 9.5z"/></svg>`
	case "needs":
		return shapeStart + `<path d="M6 .5 12 11.5H0z"/></svg>`
	case "good":
		return shapeStart + `<path class="ring" d="m1.5 6.5 3 3 6-7"/></svg>`
	}
	return shapeStart + ring + `</svg>`
}

const shapeStart = `<svg class="shape" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" focusable="false">`
