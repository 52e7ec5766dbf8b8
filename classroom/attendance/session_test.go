package attendance

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A run is one meeting of a test: created, ended, and one stay of ann in it.
type run struct {
	id             string
	created, ended float64 // ended 0: it lives
	from, to       float64 // to 0: nobody came
	observed       bool
	parted         bool
}

func (r run) account() Account {
	a := Account{Meeting: Meeting{ID: r.id, CreateTime: nine(r.created), Parted: r.parted}, Exact: !r.observed}
	if r.ended != 0 {
		a.Meeting.EndedAt = nine(r.ended)
	}
	if r.to != 0 {
		a.From, a.To = nine(r.from), nine(r.to)
		a.Stays = []Stay{{MeetingID: r.id, PersonID: "ann", From: a.From, To: a.To}}
	}
	return a
}

func TestSessions(t *testing.T) {
	session := func(id string, from, to, length float64, exact bool) Session {
		s := Session{ID: id, RoomID: "room", StartedAt: nine(from), Length: minutes(length), Exact: exact}
		if to != 0 {
			s.EndedAt = nine(to)
		}
		return s
	}
	for _, test := range []struct {
		name string
		runs []run
		want []Session
		of   map[string]string
	}{
		{"no meeting", nil, nil, map[string]string{}},
		{"one", []run{{"a", 0, 60, 5, 55, false, false}}, []Session{session("a", 5, 55, 50, true)}, map[string]string{"a": "a"}},
		{"again an hour after the end", []run{{"a", 0, 30, 0, 25, false, false}, {"b", 90, 120, 90, 120, false, false}},
			[]Session{session("a", 0, 120, 55, true)}, map[string]string{"a": "a", "b": "a"}},
		{"again more than an hour after", []run{{"a", 0, 30, 0, 30, false, false}, {"b", 90.1, 120, 91, 120, false, false}},
			[]Session{session("a", 0, 30, 30, true), session("b", 91, 120, 29, true)}, map[string]string{"a": "a", "b": "b"}},
		{"a chain of restarts", []run{{"a", 0, 30, 0, 30, false, false}, {"b", 80, 110, 80, 110, true, false}, {"c", 160, 190, 160, 190, false, false}},
			[]Session{session("a", 0, 190, 90, false)}, map[string]string{"a": "a", "b": "a", "c": "a"}},
		{"in whatever order they are told", []run{{"b", 80, 110, 80, 110, false, false}, {"a", 0, 30, 0, 30, false, false}},
			[]Session{session("a", 0, 110, 60, true)}, map[string]string{"a": "a", "b": "a"}},
		{"two at once count once", []run{{"a", 0, 60, 0, 60, false, false}, {"b", 30, 70, 30, 70, false, false}},
			[]Session{session("a", 0, 70, 70, true)}, map[string]string{"a": "a", "b": "a"}},
		{"one inside the other doesn't shorten it", []run{{"a", 0, 200, 0, 200, false, false}, {"b", 30, 40, 30, 40, false, false}, {"c", 250, 260, 250, 260, false, false}},
			[]Session{session("a", 0, 260, 210, true)}, map[string]string{"a": "a", "b": "a", "c": "a"}},
		{"nobody came", []run{{"a", 0, 10, 0, 0, false, false}}, nil, map[string]string{}},
		{"nobody came to the restart", []run{{"a", 0, 30, 0, 30, false, false}, {"b", 40, 50, 0, 0, true, false}},
			[]Session{session("a", 0, 30, 30, true)}, map[string]string{"a": "a"}},
		{"it lives", []run{{"a", 0, 0, 1, 30, true, false}}, []Session{session("a", 1, 0, 29, false)}, map[string]string{"a": "a"}},
		{"it lives and nobody is in yet", []run{{"a", 2, 0, 0, 0, true, false}}, []Session{session("a", 2, 0, 0, false)}, map[string]string{"a": "a"}},
		{"the restart lives", []run{{"a", 0, 30, 0, 30, false, false}, {"b", 40, 0, 41, 45, true, false}},
			[]Session{session("a", 0, 0, 34, false)}, map[string]string{"a": "a", "b": "a"}},
		{"the next class lives", []run{{"a", 0, 30, 0, 30, false, false}, {"b", 300, 0, 301, 305, true, false}},
			[]Session{session("a", 0, 30, 30, true), session("b", 301, 0, 4, false)}, map[string]string{"a": "a", "b": "b"}},
		{"parted by a teacher", []run{{"a", 0, 30, 0, 30, false, false}, {"b", 40, 70, 40, 70, false, true}, {"c", 80, 90, 80, 90, false, false}},
			[]Session{session("a", 0, 30, 30, true), session("b", 40, 90, 40, true)}, map[string]string{"a": "a", "b": "b", "c": "b"}},
		{"parted before a meeting to which nobody came", []run{{"a", 0, 30, 0, 30, false, false}, {"b", 40, 45, 0, 0, false, true}, {"c", 50, 60, 50, 60, false, false}},
			[]Session{session("a", 0, 30, 30, true), session("c", 50, 60, 10, true)}, map[string]string{"a": "a", "c": "c"}},
		{"the first one parted from nothing", []run{{"a", 0, 30, 0, 30, false, true}}, []Session{session("a", 0, 30, 30, true)}, map[string]string{"a": "a"}},
		{"a lost meeting doesn't keep the class before the next one open", []run{{"a", 0, 0, 0, 30, true, false}, {"b", 300, 330, 300, 330, false, false}},
			[]Session{session("a", 0, 30, 30, false), session("b", 300, 330, 30, true)}, map[string]string{"a": "a", "b": "b"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var accounts []Account
			for _, r := range test.runs {
				accounts = append(accounts, r.account())
			}
			tally := Count("room", accounts)
			if diff := cmp.Diff(test.want, tally.Sessions); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.of, tally.SessionOf); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAttendances(t *testing.T) {
	stay := func(meeting, person string, from, to float64) Stay {
		return Stay{MeetingID: meeting, PersonID: person, From: nine(from), To: nine(to)}
	}
	accounts := []Account{
		{Meeting: Meeting{ID: "a"}, Stays: []Stay{stay("a", "ann", 0, 10), stay("a", "bob", 5, 20), stay("a", "ann", 15, 20)},
			Activities: map[string]Activity{"ann": {Chats: 2, TalkTime: time.Minute}}},
		{Meeting: Meeting{ID: "b"}, Stays: []Stay{stay("b", "ann", 18, 30)},
			Activities: map[string]Activity{"ann": {Chats: 1, Talks: 3, TalkTime: time.Minute}, "cy": {Chats: 1}}},
	}
	got, long := Attendances("a", accounts)
	want := []Attendance{
		{SessionID: "a", PersonID: "ann", Time: minutes(25), Activity: Activity{Chats: 3, Talks: 3, TalkTime: 2 * time.Minute}},
		{SessionID: "a", PersonID: "bob", Time: minutes(15)},
	}
	if diff := cmp.Diff(want, got); diff != "" || long != minutes(30) {
		t.Errorf("%v long\n%s", long, diff)
	}
}
