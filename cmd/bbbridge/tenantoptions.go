package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/web"
)

// tenantOptions are what a tenant says beside its roles and its server. What
// isn't named stays.
type tenantOptions struct {
	Rename         string   `help:"Another name."`
	SupportText    *string  `name:"support-text" help:"What people read on each page that says what went wrong."`
	SupportContact *string  `name:"support-contact" help:"Whom they can ask: an e-mail address, or one that begins with https://."`
	Language       *string  `help:"Language of pages for who asks for none that we have: ${languages}." placeholder:"LANG"`
	Names          *string  `enum:"whole,short,pseudonym" help:"By which names people are in class: whole, short (first name and initial) or pseudonym."`
	Accent         *string  `help:"Colour of people's pages, such as #7a1f2b; empty for ours."`
	LogoInClass    *bool    `name:"logo-in-class" negatable:"" help:"Whether the logo is shown in class, too."`
	Record         *bool    `negatable:"" help:"Whether new rooms begin with classes that can be recorded."`
	Mute           *bool    `negatable:"" help:"Whether new rooms begin with microphones off."`
	Wait           *bool    `negatable:"" help:"Whether learners of new rooms wait until a teacher is there."`
	AllModerate    *bool    `name:"all-moderate" negatable:"" help:"Whether everybody has a teacher's rights in classes of new rooms."`
	MaxPeople      *int     `name:"max-people" help:"Most people in a class of new rooms; 0 for no limit." placeholder:"N"`
	Welcome        *string  `help:"What people read in the chat of classes of new rooms."`
	Lock           []string `enum:"record,mute,wait,all-moderate,max-people,welcome" help:"A setting that is the same for all rooms, also those that are there; once for each: ${enum}." placeholder:"SETTING"`
	Unlock         []string `enum:"record,mute,wait,all-moderate,max-people,welcome" help:"A setting that teachers may change again; once for each." placeholder:"SETTING"`
	EvidenceMonths *int     `name:"evidence-months" help:"How long BigBlueButton's reports are kept after a class; 0 for always." placeholder:"N"`
	PeopleMonths   *int     `name:"people-months" help:"How long people are kept who were in no class; 0 for always." placeholder:"N"`
}

// locks are the settings that can be locked, as options call them.
var locks = map[string]string{
	"record": classroom.LockRecord, "mute": classroom.LockMute, "wait": classroom.LockStart, "all-moderate": classroom.LockModerates,
	"max-people": classroom.LockMost, "welcome": classroom.LockWelcome,
}

func (o tenantOptions) change(t *classroom.Tenant) {
	t.Name = cmp.Or(o.Rename, t.Name)
	said(&t.Support.Text, o.SupportText)
	said(&t.Support.Contact, o.SupportContact)
	said(&t.Locale, o.Language)
	if t.Locale == web.English {
		t.Locale = ""
	}
	if o.Names != nil {
		t.Names = map[string]classroom.Naming{"short": classroom.ShortNames, "pseudonym": classroom.Pseudonyms}[*o.Names]
	}
	said(&t.Look.Accent, o.Accent)
	t.Look.Accent = strings.ToLower(t.Look.Accent)
	said(&t.Look.LogoInClass, o.LogoInClass)
	said(&t.Defaults.Record, o.Record)
	said(&t.Defaults.MuteOnStart, o.Mute)
	if o.Wait != nil {
		t.Defaults.LearnersMayStart = !*o.Wait
	}
	said(&t.Defaults.EveryoneModerates, o.AllModerate)
	said(&t.Defaults.MaxParticipants, o.MaxPeople)
	said(&t.Defaults.Welcome, o.Welcome)
	said(&t.Keep.EvidenceMonths, o.EvidenceMonths)
	said(&t.Keep.PeopleMonths, o.PeopleMonths)
	wanted := map[string]bool{}
	for _, setting := range t.Locked {
		wanted[setting] = true
	}
	for _, name := range o.Lock {
		wanted[locks[name]] = true
	}
	for _, name := range o.Unlock {
		delete(wanted, locks[name])
	}
	t.Locked = nil
	for _, setting := range classroom.Lockable() {
		if wanted[setting] {
			t.Locked = append(t.Locked, setting)
		}
	}
}

// said is what an option says, if it is named.
func said[T any](of *T, option *T) {
	if option != nil {
		*of = *option
	}
}

// tenantFacts are what a tenant has said, and no more.
func tenantFacts(t classroom.Tenant) [][2]string {
	var locked []string
	for _, name := range slices.Sorted(maps.Keys(locks)) {
		if t.Locks(locks[name]) {
			locked = append(locked, name)
		}
	}
	list := [][2]string{
		{"Support", strings.TrimSpace(strings.ReplaceAll(t.Support.Text, "\n", " ") + " " + t.Support.Contact)},
		{"Language", t.Locale}, {"Names in class", string(t.Names)}, {"Accent", t.Look.Accent}, {"Logo", t.Look.Logo},
		{"The same for all rooms", strings.Join(locked, ", ")},
		{"New rooms", newRooms(t)},
		{"Reports are kept", monthsOf(t.Keep.EvidenceMonths)}, {"People who were in no class are kept", monthsOf(t.Keep.PeopleMonths)},
	}
	return slices.DeleteFunc(list, func(line [2]string) bool { return line[1] == "" })
}

func newRooms(t classroom.Tenant) string {
	var list []string
	for _, s := range []struct {
		is   bool
		text string
	}{
		{t.Defaults.Record, "can be recorded"}, {t.Defaults.MuteOnStart, "begin with microphones off"}, {t.Defaults.LearnersMayStart, "can be started by learners"},
		{t.Defaults.EveryoneModerates, "give everybody a teacher's rights"}, {t.Defaults.MaxParticipants > 0, "take " + strconv.Itoa(t.Defaults.MaxParticipants) + " people"},
		{t.Defaults.Welcome != "", "have a welcome"}, {t.Rule.Measure != attendance.NoMeasure, "begin with a rule"},
	} {
		if s.is {
			list = append(list, s.text)
		}
	}
	return strings.Join(list, ", ")
}

func monthsOf(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n) + " months"
}

// wrongTenant says which options can't be taken.
func wrongTenant(err error) error {
	var invalid *admin.InvalidError
	if !errors.As(err, &invalid) {
		return err
	}
	var wrong []error
	for _, field := range slices.Sorted(maps.Keys(invalid.Fields)) {
		if invalid.Fields[field] == "exists" {
			wrong = append(wrong, errors.New("there is a tenant with this name"))
			continue
		}
		wrong = append(wrong, fmt.Errorf("--%s can't be taken: %s", optionOf(field), tenantFlaws[invalid.Fields[field]]))
	}
	return errors.Join(wrong...)
}

// optionOf is the option of a field.
func optionOf(field string) string {
	switch field {
	case "locale":
		return "language"
	case "max_participants":
		return "max-people"
	}
	return strings.ReplaceAll(field, "_", "-")
}

// tenantFlaws are why what a tenant says can't be taken.
var tenantFlaws = map[string]string{
	"tenant_name": "1 to 100 characters on one line", "support_text": "300 characters at most", "support_contact": "an e-mail address, or one that begins with https://",
	"choice": "one of those that 'bbbridge tenant set --help' names", "accent": "# and six digits, such as #7a1f2b", "months": "0 to 120",
	"default_welcome": "1,000 characters at most", "default_max_participants": "0 to 10,000",
}
