package classroom

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// TenantOptions are what a tenant has said of its rooms, people and pages. The
// zero value leaves all to teachers, names and browsers.
type TenantOptions struct {
	Locked  []string `json:"locked,omitempty"` // settings of its rooms that no teacher changes: of Lockable
	Support Support  `json:"support,omitzero"`
	Locale  string   `json:"locale,omitempty"` // of pages whose reader asks for none that we have; empty: English
	Names   Naming   `json:"names,omitempty"`
	Keep    Keep     `json:"keep,omitzero"`
	Look    Look     `json:"look,omitzero"`
}

// Support is whom people ask where something went wrong.
type Support struct {
	Text string `json:"text,omitempty"`
	// Contact is an e-mail address, or an https address. May be empty.
	Contact string `json:"contact,omitempty"`
}

// A Naming says by which name people are in class.
type Naming string

// The namings.
const (
	WholeNames Naming = ""
	ShortNames Naming = "short"     // first name, and the first letter of the last
	Pseudonyms Naming = "pseudonym" // one of each person in each course
)

// Keep is how long data are kept, in months; 0: as long as the platform.
type Keep struct {
	// EvidenceMonths is of what BigBlueButton told of a class, after it has
	// ended. What that came to stays.
	EvidenceMonths int `json:"evidence_months,omitempty"`
	// PeopleMonths is of people who were in no class and have no grade, after
	// they were last seen.
	PeopleMonths int `json:"people_months,omitempty"`
}

// KeepMost is the most months that Keep has.
const KeepMost = 120

// Look is how pages look.
type Look struct {
	Accent      string `json:"accent,omitempty"` // #rrggbb; empty: ours
	Logo        string `json:"logo,omitempty"`   // digest of the picture; empty: none
	LogoInClass bool   `json:"logo_in_class,omitempty"`
}

// Names of settings that can be locked, as Settings has them.
const (
	LockWelcome   = "welcome"
	LockRecord    = "record"
	LockMute      = "mute_on_start"
	LockStart     = "learners_may_start"
	LockModerates = "everyone_moderates"
	LockMost      = "max_participants"
)

// Lockable are the settings that a tenant can lock.
func Lockable() []string {
	return []string{LockRecord, LockMute, LockStart, LockModerates, LockMost, LockWelcome}
}

// Locks reports whether no teacher may change a setting.
func (o TenantOptions) Locks(setting string) bool { return slices.Contains(o.Locked, setting) }

// In are a room's settings as they count: what the tenant has locked is the
// tenant's, also in rooms that were there before.
func (t Tenant) In(own Settings) Settings { return take(own, t.Defaults, t.Locked) }

// take is a with these settings of b.
func take(a, b Settings, names []string) Settings {
	for _, name := range names {
		switch name {
		case LockWelcome:
			a.Welcome = b.Welcome
		case LockRecord:
			a.Record = b.Record
		case LockMute:
			a.MuteOnStart = b.MuteOnStart
		case LockStart:
			a.LearnersMayStart = b.LearnersMayStart
		case LockModerates:
			a.EveryoneModerates = b.EveryoneModerates
		case LockMost:
			a.MaxParticipants = b.MaxParticipants
		}
	}
	return a
}

// InClass is the name by which a person is in the classes of a course.
func (n Naming) InClass(p Person, courseID string) string {
	name := p.DisplayName()
	switch n {
	case Pseudonyms:
		return pseudonym(p.ID, courseID)
	case ShortNames:
		if p.Name != "" {
			return shortName(name)
		}
	}
	return name
}

// shortName is a first name, and the first letter of the last one. Who has one
// word for a name has no more to shorten.
func shortName(name string) string {
	if last, first, ok := strings.Cut(name, ","); ok && strings.TrimSpace(first) != "" && strings.TrimSpace(last) != "" { // Moreau, Anna
		name = first + " " + last
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r == '\u3000' })
	if len(words) < 2 {
		return strings.Join(words, " ")
	}
	initial, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(words[len(words)-1], func(r rune) bool { return !unicode.IsLetter(r) }))
	if initial == utf8.RuneError {
		return words[0]
	}
	return words[0] + " " + string(unicode.ToUpper(initial)) + "."
}

// pseudonym says nothing to who doesn't know the ids, which are random, and is
// another one in each course. Of 2,000 people in a course, hardly ever two have
// the same.
func pseudonym(personID, courseID string) string {
	sum := sha256.Sum256([]byte(courseID + "\x00" + personID))
	return "User " + base32.StdEncoding.EncodeToString(sum[:5])[:7]
}

// EvidenceUntil is before when a class ended whose evidence goes; zero: none.
func (k Keep) EvidenceUntil(now time.Time) time.Time { return until(now, k.EvidenceMonths) }

// PeopleUntil is when people were seen last who go; zero: none.
func (k Keep) PeopleUntil(now time.Time) time.Time { return until(now, k.PeopleMonths) }

func until(now time.Time, n int) time.Time {
	if n <= 0 {
		return time.Time{}
	}
	return now.AddDate(0, -n, 0)
}
