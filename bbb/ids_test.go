package bbb

import (
	"regexp"
	"strings"
	"testing"
)

func TestNewMeetingID(t *testing.T) {
	form := regexp.MustCompile(`^[g-z][a-z0-9]{23,63}$`)
	seen := map[string]bool{}
	for range 1000 {
		id := NewMeetingID()
		if !form.MatchString(id) || seen[id] {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
	}
}

func TestPasswords(t *testing.T) {
	form := regexp.MustCompile(`^[a-z0-9]{16,64}$`)
	seen := map[string]bool{}
	for _, key := range []string{"key1", "key2"} {
		for _, id := range []string{"room1", "room2"} {
			attendee, moderator := Passwords([]byte(key), id)
			if a, m := Passwords([]byte(key), id); a != attendee || m != moderator {
				t.Errorf("passwords of %s change", id)
			}
			for _, p := range []string{attendee, moderator} {
				if seen[p] || !form.MatchString(p) {
					t.Errorf("password %q of %s", p, id)
				}
				seen[p] = true
			}
		}
	}
	// They may never change: meetings that run during an upgrade have them.
	if a, m := Passwords([]byte("key"), "room"); a != "lswqtlnuu76dlrgjdsl3" || m != "3f4k5htzpjls4us2kixa" {
		t.Errorf("passwords are %s and %s", a, m)
	}
}

func TestDecodeMeetingID(t *testing.T) {
	for _, test := range []struct{ id, want string }{
		{"WyJtb29kbGUxIiwiYjMtY291cnNlLTEwMSIsImIzc2NsIl0=", "b3-course-101"},
		{"WyJtb29kbGUxIiwiYjMtY291cnNlLTEwMSIsImIzc2NsIl0", "b3-course-101"},
		{"WyJmIiwiw7zDvj8_IiwiYjNzY2wiXQ==", "üþ??"},
		{"rk3v9q2x7m1p8z4t6w0abcd", "rk3v9q2x7m1p8z4t6w0abcd"},
		{"WyJhIiwiYiIsImMiXQ==", "WyJhIiwiYiIsImMiXQ=="}, // ["a","b","c"]
		{"WyJhIiwiYjNzY2wiXQ==", "WyJhIiwiYjNzY2wiXQ=="}, // two elements
		{strings.Repeat("W", 3000), strings.Repeat("W", 3000)},
		{"", ""},
	} {
		if got := DecodeMeetingID(test.id); got != test.want {
			t.Errorf("DecodeMeetingID(%q) = %q, want %q", test.id, got, test.want)
		}
	}
}
