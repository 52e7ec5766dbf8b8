package admin

import (
	"regexp"
	"strings"
	"time"
	"unicode"
)

// A Happening is what somebody tried, or what was tried for them.
type Happening string

// The happenings, in the order of a story.
const (
	// ByLink is an LMS that registers by a link.
	ByLink Happening = "registration"

	Login    Happening = "login"    // an LMS has begun a launch
	Window   Happening = "window"   // a launch that goes on in a window of its own
	Launch   Happening = "launch"   // somebody comes from their course
	Opening  Happening = "page"     // a page of ours
	Joining  Happening = "join"     // into a class
	Callback Happening = "callback" // BigBlueButton tells of a class
	Delivery Happening = "delivery" // a grade, on its way to the gradebook
	Work     Happening = "job"      // what bbbridge does by itself
	Call     Happening = "call"     // of a BigBlueButton server
)

// A Failure is something that didn't go as it should.
type Failure struct {
	ID      string
	At      time.Time
	Request string // the number on the person's page, 7F3K-92QD; empty: there was no page
	Kind    Happening
	Code    string

	// What it was about: ids, empty where that isn't known.
	TenantID, RegistrationID, RoomID, PersonID string
	Name, Subject                              string // of the person, as their LMS calls them
	VisitID                                    string // says whose visit it was; it isn't kept
	FailureDetail

	Platform, Tenant, Room, Course string // names, of a failure that was read
}

// A FailureDetail is what isn't searched for.
type FailureDetail struct {
	Path         string        `json:"path,omitempty"`   // of the request, with names in place of ids
	Status       int           `json:"status,omitempty"` // that it was answered with
	Call         string        `json:"call,omitempty"`   // kind of a callback, a job or a call
	Expected     string        `json:"expected,omitempty"`
	Got          string        `json:"got,omitempty"`
	Said         string        `json:"said,omitempty"`  // the words of the LMS, or of BigBlueButton
	Cause        string        `json:"cause,omitempty"` // exactly, in the program's own words
	Issuer       string        `json:"issuer,omitempty"`
	ClientID     string        `json:"client_id,omitempty"`
	DeploymentID string        `json:"deployment_id,omitempty"`
	CourseTitle  string        `json:"course,omitempty"` // as the LMS calls them, of a launch that didn't come far
	LinkTitle    string        `json:"link,omitempty"`
	PlacementID  string        `json:"placement_id,omitempty"`
	LoginAt      time.Time     `json:"login_at,omitzero"`   // when the launch's login was accepted
	EnteredAt    time.Time     `json:"entered_at,omitzero"` // when the visit began of which it was
	ClockAhead   time.Duration `json:"clock_ahead,omitempty"`
}

// Limits of a failure's texts, in characters.
const (
	failureText = 300
	failureName = 200
)

func (f *Failure) texts() []*string {
	return []*string{
		&f.Path, &f.Call, &f.Expected, &f.Got, &f.Said, &f.Cause, &f.Issuer, &f.ClientID, &f.DeploymentID, &f.CourseTitle, &f.LinkTitle,
	}
}

func (f *Failure) names() []*string {
	return []*string{&f.Name, &f.Subject, &f.Request, &f.Code, &f.RoomID, &f.VisitID, &f.RegistrationID, &f.PersonID}
}

// light is a failure that can wait for the writer: it holds on to nothing that is
// long.
func (f Failure) light() Failure {
	for _, text := range append(f.texts(), f.names()...) {
		if len(*text) > 8*failureText {
			*text = strings.Clone((*text)[:8*failureText])
		}
	}
	return f
}

// bounded is a failure as it may be kept: short, and with nothing in it by which
// somebody could act in another's name.
func (f Failure) bounded() Failure {
	for _, text := range f.texts() {
		*text = Harmless(*text, failureText)
	}
	for _, text := range f.names() {
		*text = short(*text, failureName)
	}
	f.Platform, f.Tenant, f.Room, f.Course = "", "", "", ""
	return f
}

// What is like a secret in a text: an address with a query, a signed token, and
// values that are named as secrets are.
var secrets = []struct {
	like *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@"']*@`), "${1}…@"},
	{regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://[^\s?#"'\\]*)[?#][^\s"'\\]*`), "$1?…"},
	{regexp.MustCompile(`[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}`), "…"},
	{regexp.MustCompile(`(?i)\b(bearer|basic)\s+[^\s"']+`), "$1 …"},
	{regexp.MustCompile(`(?i)\b(\w*(?:checksum|password|secret|token|passwd|assertion|nonce|state|code))(["']?\s*[=:]\s*["']?)[^\s"'&,;}]+`), "$1$2…"},
}

// Harmless is a text without what may be a secret, of so many characters at the
// most.
func Harmless(text string, most int) string {
	if len(text) > 8*most { // nothing of that length is worth reading whole
		text = strings.ToValidUTF8(text[:8*most], "")
	}
	for _, s := range secrets {
		text = s.like.ReplaceAllString(text, s.as)
	}
	return short(text, most)
}

// short is a text of one line, without what can't be seen or isn't text.
func short(text string, most int) string {
	if len(text) > 8*most {
		text = text[:8*most]
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if r := []rune(text); len(r) > most {
		text = string(r[:most])
	}
	return strings.TrimSpace(text)
}

// A TallyKey is what is counted in one number.
type TallyKey struct {
	Hour time.Time // its beginning
	Kind Happening
	Code string // of what was refused; empty: it went well
	Of   string // id of the registration, or of the server for Call; empty: not known
}

// A Tally is how often something happened within an hour.
type Tally struct {
	TallyKey
	N      int
	Kept   int // of which so many are kept as failures
	LastAt time.Time
}
