package web

import (
	"slices"
	"time"
)

// A TeacherRoom is the room's page for who moderates it.
//
// All times of all pages are shown in their own Location: In(the viewer's
// zone) them, or leave UTC and let the page's script turn them.
type TeacherRoom struct {
	Title, Course string // Course may be empty
	Now           time.Time
	Standing      Standing
	StateURL      string // answers State as JSON
	Join          Post   // starts or joins; opens in a new window
	// Administration leads an administrator of the LMS to the pages of staff, in a
	// new window; zero: no such button.
	Administration Post
	EndURL         string       // GET asks once more, POST ends the class. Empty: no such button
	RegisterURL    string       // of the class that is over
	Copied         *Copied      // the link came with a copied course, and nobody has decided yet
	LinkNews       *LinkNews    // what is to be told of the link; nil: nothing
	Questions      []Question   // of other courses, for this room
	Said           string       // one of Said…, or empty
	Here           []Here       // who is in the class
	HereAt         time.Time    // when that was so
	Classes        []ClassLine  // the newest, or all
	AllClasses     int          // how many there are
	Counting       *Counting    // nil: each class counts, without a question
	Grades         *GradeCounts // of the whole link. nil: nothing is sent
	NoGrades       *NoGrades    // nil: the platform takes them, or nothing is graded
	RecordingsURL  string
	Settings       Settings
	Rule           Rule
	ChangeURL      string

	// LookBackURL is where staff come from who look at the page and can do nothing
	// there: then it has none of the addresses above. Empty: it is a teacher's.
	LookBackURL string

	AllClassesURL, NewestClassesURL string // this page with all classes, and with the newest; empty: as it is
}

// Copied offers the ways out of a copied course, all posts: Share or, for who
// doesn't teach in the other course any more, Ask, or neither.
type Copied struct {
	Late             bool // the link named the other course's room when it had one already
	Keep, Share, Ask Post
	Asked, Refused   bool // the other course's teachers haven't answered yet; said no
}

// LinkNews is what a teacher is told of a link, once: Noted ends it.
type LinkNews struct {
	MovedFrom string // the room that it led to, before other content was picked. May be empty
	Unusable  []Parameter
	Noted     Post
}

// A Parameter is a custom parameter of a link that has no effect.
type Parameter struct{ Name, Value string }

// A Question is somebody's of another course, into which a link of this room
// was copied. It posts "answer" (yes, no) to URL.
type Question struct {
	ID            string // letters and digits
	Asker, Course string // Course: empty if it has no name
	At            time.Time
	URL           string
}

// A Here is somebody who is in the class.
type Here struct {
	Name    string
	Since   time.Time // zero: not known
	Teacher bool
}

// A ClassLine is one past or running class in the list of a room.
type ClassLine struct {
	From, To       time.Time    // To zero: still live
	Came, Enrolled int          // learners
	Complete       *int         // learners whom this class alone completes; nil: not told
	Counting       bool         // the figures aren't final yet
	NotHere        bool         // it doesn't count for this link
	Grades         *GradeCounts // of those who came; nil: nothing is sent
	URL            string       // the register
	Breaks         []Break
}

// RefusedURL is the register of those whose grade was refused.
func (c ClassLine) RefusedURL() string { return withQuery(c.URL, "show", onlyRefused) }

// MissingURL is the register of those whose grade isn't in the gradebook.
func (c ClassLine) MissingURL() string { return withQuery(c.URL, "show", onlyMissing) }

// A Break lies between two classes within the hour. They count as one, or, if a
// teacher has Parted them, the second by itself.
type Break struct {
	From, To time.Time
	Parted   bool
	URL      string // GET asks once more, POST parts or joins them
}

// Settings of a room, as the room's page sums them up.
type Settings struct {
	Record, MuteOnStart, WaitForModerator, EveryoneModerates bool
	MaxParticipants                                          int // 0: no limit
}

// ForLearners is how things stand for learners who come now.
func (r TeacherRoom) ForLearners() Standing {
	s := r.Standing
	s.Role, s.Framed = Learner, false
	if !r.Settings.WaitForModerator {
		s.Role = Starter
	}
	return s
}

// shownHere is how many people the page names before it folds the rest.
const shownHere = 12

// FirstHere are the people that the page names at once.
func (r TeacherRoom) FirstHere() []Here { return r.Here[:min(len(r.Here), shownHere)] }

// MoreHere are the others.
func (r TeacherRoom) MoreHere() []Here { return r.Here[min(len(r.Here), shownHere):] }

// A SettingsPage is the form of a room's settings. It posts to URL: "title",
// "welcome", "record", "mute_on_start", "wait_for_moderator",
// "everyone_moderates" (each "on" or absent), "max_participants" (empty: no
// limit), the fields of RuleForm, and "from" = "all" by the button that has all
// classes count by the rule.
type SettingsPage struct {
	Title           string // of the room, as it is called now
	Course          string
	URL, BackURL    string
	Live            bool // a class is on: changes count from the next one
	Name, Welcome   string
	Settings        Settings
	MaxParticipants string // as typed; Settings.MaxParticipants isn't looked at
	Rule            RuleForm
	RuleSince       time.Time // classes before count by a rule before this one; zero: none do
	Fixed           []string  // names of fields that are the same in all rooms of the tenant
	Wrong           Wrong
}

// IsFixed reports whether a field is shown, and can't be changed.
func (p SettingsPage) IsFixed(name string) bool { return slices.Contains(p.Fixed, name) }

// A Confirm asks once more before something that can't be taken back.
type Confirm struct {
	Title, Course string // of the room
	What          string // ConfirmEnd or ConfirmDelete
	Name          string // of the recording
	From          time.Time
	Now           time.Time
	Post          Post
	BackURL       string
}

// A Parting asks once more before a class is parted at a break, or joined with
// the one before it, and says whose points change by that.
type Parting struct {
	Title, Course string // of the room
	Break         Break  // as it is now
	Graded        bool   // a rule gives points
	Changes       []PointsChange
	Others        int // so many results at other links of the room change as well
	Post          Post
	BackURL       string
}

// A PointsChange is what somebody's points are and would be.
type PointsChange struct {
	Name          string
	Before, After float64
}

// Gain and Lose are those whose points grow, and the others.
func (p Parting) Gain() []PointsChange { return p.changed(true) }

// Lose are those whose points get less.
func (p Parting) Lose() []PointsChange { return p.changed(false) }

func (p Parting) changed(up bool) []PointsChange {
	var list []PointsChange
	for _, c := range p.Changes {
		if c.After > c.Before == up {
			list = append(list, c)
		}
	}
	return list
}

// What Confirm asks.
const (
	ConfirmEnd    = "end"    // the class, for everybody
	ConfirmDelete = "delete" // a recording, for good
)

// A LearnerRoom is the room's page for who doesn't moderate it.
type LearnerRoom struct {
	Title, Course string
	Now           time.Time
	Standing      Standing
	Join          Post   // to the class or its waiting page, in a new window
	StateURL      string // answers State as JSON; the page's script asks every few seconds

	Administration Post   // as TeacherRoom's
	JoinURL        string // for GET, its last path segment is "join". Set in a top window only: the page then goes there by itself. Empty in a frame
	Attendance     *Attendance
	RecordingsURL  string // empty: none to see
}

// A WaitingPage is where a learner waits in a window of its own. It lets them
// in by itself: its script asks StateURL, without script it reloads.
type WaitingPage struct {
	Title, Course string
	Standing      Standing // of a learner
	StateURL      string
	JoinURL       string // for GET; its last path segment is "join"
	BackURL       string // the room's page
}

// A State is what the scripts of all pages of a room ask for, as JSON. When it
// is another than the page's they fetch the page again and put in place what
// has changed.
type State struct {
	State ClassState `json:"state"`
	Wait  int        `json:"wait"` // milliseconds to let pass before going in, so that a whole class doesn't come at once
}
