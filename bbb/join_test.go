package bbb

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseJoinErrors(t *testing.T) {
	full := []JoinError{{"maxParticipantsReached", "The meeting is full, A&B=C?"}}
	text, err := json.Marshal(full)
	if err != nil {
		t.Fatal(err)
	}
	escaped := url.QueryEscape(string(text))
	many, err := json.Marshal(make([]JoinError, 50))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, query string
		want        []JoinError
	}{
		{"alone", "errors=" + escaped, full},
		{"behind our own query", "v=1&errors=" + escaped + "&x=2", full},
		{"behind a second ?", "v=1?errors=" + escaped, full},
		{"escaped twice", "errors=" + url.QueryEscape(escaped), full},
		{"blanks as %20", "errors=" + strings.ReplaceAll(escaped, "+", "%20"), full},
		{"one object", `errors={"key":"guestDeny","message":"no"}`, []JoinError{{"guestDeny", "no"}}},
		{"not escaped", `errors=[{"key":"guestDeny"}]`, []JoinError{{"guestDeny", ""}}},
		{"two", `errors=[{"key":"a","message":"1"},{"key":"b"}]`, []JoinError{{"a", "1"}, {"b", ""}}},
		{"no key", `errors=[{"message":"1"}]`, []JoinError{}},
		{"empty list", "errors=[]", []JoinError{}},
		{"fifty of nothing", "errors=" + url.QueryEscape(string(many)), []JoinError{}},
		{"none", "v=1", nil},
		{"another name", "noerrors=[]", nil},
		{"no JSON", "errors=oops", nil},
		{"broken escapes", "errors=%zz", nil},
		{"too long", "errors=" + strings.Repeat("x", maxJoinQuery), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ParseJoinErrors(test.query)
			if len(got) != len(test.want) || len(got) > 0 && !cmp.Equal(got, test.want) {
				t.Errorf("ParseJoinErrors(%q) = %v, want %v", test.query, got, test.want)
			}
		})
	}
}

func TestJoinErrors(t *testing.T) {
	for key, want := range map[string]bool{
		"invalidMeetingIdentifier": true, "meetingForciblyEnded": true, "mismatchCreateTimeParam": true, "notFound": true,
		"maxParticipantsReached": false, "guestDeny": false, "checksumError": false, "": false,
	} {
		if got := (JoinError{Key: key}).JustEnded(); got != want {
			t.Errorf("JustEnded of %q = %v", key, got)
		}
	}
	if err := error(JoinError{Key: "maxParticipantsReached"}); !errors.Is(err, ErrFull) || errors.Is(err, ErrNotFound) || err.Error() != "maxParticipantsReached: " {
		t.Errorf("%v isn't ErrFull alone", err)
	}
}

func FuzzJoinErrors(f *testing.F) {
	f.Add(`v=1&errors=%5B%7B%22key%22%3A%22a%22%2C%22message%22%3A%22b%22%7D%5D`)
	f.Add(`v=1&errors=[{"key":" ","0":"0"}]`) // says nothing
	f.Fuzz(func(t *testing.T, query string) {
		got := ParseJoinErrors(query)
		if len(got) > maxJoinErrors {
			t.Errorf("%d errors", len(got))
		}
		for _, e := range got {
			if e.JustEnded() && errors.Is(e, ErrFull) || e.Key == "" && e.Message == "" || len(e.Key) > 1000 || len(e.Message) > 1000 {
				t.Errorf("error %+v", e)
			}
		}
	})
}
