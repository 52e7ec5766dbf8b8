package classroom

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNamesInClass(t *testing.T) {
	for _, test := range []struct {
		name   string
		naming Naming
		full   string
		want   string
	}{
		{"whole", WholeNames, "Anna Moreau", "Anna Moreau"},
		{"whole, of who has none", WholeNames, "", "User 1234"},
		{"short", ShortNames, "Anna Moreau", "Anna M."},
		{"short, with names between", ShortNames, "Anna Maria von Moreau", "Anna M."},
		{"short, the last name first", ShortNames, "Moreau, Anna", "Anna M."},
		{"short, a comma and nothing", ShortNames, "Moreau, ", "Moreau,"},
		{"short, one word", ShortNames, "Anna", "Anna"},
		{"short, in Hebrew", ShortNames, "אנה מורו", "אנה מ."},
		{"short, a wide blank", ShortNames, "太郎　田中", "太郎 田."},
		{"short, in brackets", ShortNames, "Anna (Moreau)", "Anna M."},
		{"short, no letter", ShortNames, "Anna 7", "Anna"},
		{"short, small letters", ShortNames, "anna moreau", "anna M."},
		{"short, of who has none", ShortNames, "", "User 1234"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.naming.InClass(Person{ID: "uabc1234", Name: test.full}, "course"); got != test.want {
				t.Errorf("%q is called %q, want %q", test.full, got, test.want)
			}
		})
	}
}

// A pseudonym is the same for a person in each class of a course, and tells
// nothing elsewhere.
func TestPseudonyms(t *testing.T) {
	called := func(person, course string) string {
		return Pseudonyms.InClass(Person{ID: person, Name: "Anna Moreau"}, course)
	}
	first := called("u1", "law")
	if again := called("u1", "law"); again != first || !strings.HasPrefix(first, "User ") || len(first) != len("User ")+7 {
		t.Errorf("%q, and then %q", first, again)
	}
	seen := map[string]bool{}
	for _, of := range [][2]string{{"u1", "law"}, {"u2", "law"}, {"u1", "stats"}, {"u2", "stats"}, {"u", "1law"}} {
		seen[called(of[0], of[1])] = true
	}
	if len(seen) != 5 {
		t.Errorf("five are called %v", seen)
	}
}

// What is locked is the tenant's, setting by setting, and nothing else is.
func TestLockedSettingsAreTheTenants(t *testing.T) {
	own := Settings{Welcome: "own", DurationMinutes: 5}
	ours := Settings{Welcome: "ours", Record: true, MuteOnStart: true, LearnersMayStart: true, EveryoneModerates: true, MaxParticipants: 7, DurationMinutes: 9}
	for lock, want := range map[string]Settings{
		LockWelcome:   {Welcome: "ours", DurationMinutes: 5},
		LockRecord:    {Welcome: "own", DurationMinutes: 5, Record: true},
		LockMute:      {Welcome: "own", DurationMinutes: 5, MuteOnStart: true},
		LockStart:     {Welcome: "own", DurationMinutes: 5, LearnersMayStart: true},
		LockModerates: {Welcome: "own", DurationMinutes: 5, EveryoneModerates: true},
		LockMost:      {Welcome: "own", DurationMinutes: 5, MaxParticipants: 7},
		"":            own,
	} {
		got := Tenant{Defaults: ours, TenantOptions: TenantOptions{Locked: []string{lock}}}.In(own)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", lock, diff)
		}
	}
	all := Tenant{Defaults: ours, TenantOptions: TenantOptions{Locked: Lockable()}}.In(own)
	if all.DurationMinutes = ours.DurationMinutes; all != ours {
		t.Errorf("with all locked: %+v", all)
	}
}

func TestKeptUntil(t *testing.T) {
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	if !(Keep{}).EvidenceUntil(now).IsZero() || !(Keep{}).PeopleUntil(now).IsZero() || !(Keep{EvidenceMonths: -1}).EvidenceUntil(now).IsZero() {
		t.Error("what isn't said ends something")
	}
	k := Keep{EvidenceMonths: 2, PeopleMonths: 13}
	if got := k.EvidenceUntil(now); !got.Equal(now.AddDate(0, -2, 0)) {
		t.Errorf("evidence: %v", got)
	}
	if got := k.PeopleUntil(now); !got.Equal(now.AddDate(0, -13, 0)) {
		t.Errorf("people: %v", got)
	}
}
