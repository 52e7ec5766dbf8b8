package web

import (
	"html/template"
	"strings"
	"time"
)

// FailuresPage is what was refused, the newest first, and how often.
type FailuresPage struct {
	Now    time.Time
	Fields []Field // of the search, by GET: q, code, platform, since, until
	Asked  bool    // something is searched for
	Counts []FailureCount
	Silent []SilentPlatform
	Lines  []FailureLine
	More   string // address of the next page; empty: that was all
	// Bundle is where the bundle for support is made, by POST; empty: not by them.
	Bundle string
	Kept   int // for so many days
}

// A FailureCount is how often something was refused.
type FailureCount struct {
	Kind, Code string
	URL        string // those failures
	Day, Week  int
	Unkept     int // of those of the week, which have no page
	LastAt     time.Time
}

// A SilentPlatform sends nobody back who was sent there to sign in.
type SilentPlatform struct {
	Name      string
	LoginAt   time.Time
	Logins    int
	LaunchURL string // ours, which has to be registered there
}

// A FailureLine is one failure in a list.
type FailureLine struct {
	At                             time.Time
	URL                            string
	Kind, Code, Number             string
	Person, Platform, Room, Course string
}

// FailurePage tells one failure.
type FailurePage struct {
	Now                time.Time
	Kind, Code, Number string
	LMS                string // what to call the platform; empty: unknown
	Facts              []FailureFact
	Ahead, Behind      time.Duration // the platform's clock
	Steps              []StoryStep
	ApproveURL         string // POST "deployment" and "active" to it: it is let in
	Deployment         string
	RegisterURL        string // where an unknown platform can be registered
	ResendURL          string // POST "grade" to it
	Grade              string
	ServersURL         string
	ServerCause        string // what a call of BigBlueButton came to: the message "cure.CODE"; empty: it was none
	Setup              string // our launch URL, to be compared; empty: not of that kind
	Said               string // what was just done: resent
}

// A FailureFact is a value that is known of a failure: Name is the message "fact.NAME".
type FailureFact struct {
	Name, Value string
	URL         string
	Code        bool // it is to be read letter by letter
}

// A StoryStep is one line of a failure's story: What is the message "story.WHAT".
type StoryStep struct {
	At          time.Time
	What        string // clicked, began, login, launch, joined, earned, sent, failed
	Person      string
	Link, LMS   string
	Points, Max float64
	Kind, Code  string // of a failure
	URL         string // its page; empty: it is this page's
}

// Known reports whether a person is named.
func (s StoryStep) Known() bool { return s.Person != "" }

// failureID is the message with what a failure is called, or with what to do:
// what stands on the person's page is said there, too.
func (l *locale) failureID(kind, code, what string) string {
	if id := "failure_code." + code + "." + what; l.messages[id] != nil && (kind == "callback" || code != "too_large") {
		return id
	}
	return ""
}

// failureTitle is what a failure is called. What a person was told is said so.
func (l *locale) failureTitle(kind, code string) (template.HTML, error) {
	if id := l.failureID(kind, code, "title"); id != "" {
		return l.say(id)
	}
	switch kind {
	case "delivery":
		return l.say("failures.grade")
	case "registration":
		if id := l.registrationID(code); id != "" {
			text, err := l.lead(id)
			return template.HTML(strings.TrimSuffix(string(text), ".")), err
		}
	}
	text, err := l.lead("problem." + problemCode(code) + ".person")
	return template.HTML(strings.TrimSuffix(string(text), ".")), err
}

// failureCure is what to do.
func (l *locale) failureCure(kind, code, lms string) (template.HTML, error) {
	if id := l.failureID(kind, code, "cure"); id != "" {
		return l.say(id)
	}
	if kind == "delivery" {
		if l.messages["reason."+code] == nil {
			code = "unknown"
		}
		name, err := l.lms(lms)
		if err != nil {
			return "", err
		}
		return l.say("reason."+code, "LMS", name)
	}
	if id := l.registrationID(code); kind == "registration" && id != "" {
		return l.rest(id)
	}
	return l.say("problem." + problemCode(code) + ".admin")
}

// registrationID is what whoever has registered was told; empty: a fault of ours.
func (l *locale) registrationID(code string) string {
	if id := "registering.failed." + code; l.messages[id] != nil {
		return id
	}
	return ""
}

// isoDay and hour name a day and an hour of a chart, in UTC.
func isoDay(t time.Time) string { return t.UTC().Format(time.DateOnly) }
func hour(t time.Time) string   { return t.UTC().Format("15:04") }

// second is a time to the second, in UTC as in the log.
func second(t time.Time) string { return t.UTC().Format("15:04:05") }
