package store_test

import (
	"io/fs"
	"regexp"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/store"
)

// In the classes of a database that is upgraded those were expected who are
// known by then.
func TestExpectedOfThePast(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		db := open(t, url)
		p := addPlatform(t, db)
		server, err := db.AddServer(t.Context(), classroom.Server{Name: "bbb"})
		if err != nil {
			t.Fatal(err)
		}
		arrive := func(n int) classroom.Seat {
			t.Helper()
			seat, err := db.Arrive(t.Context(), launch(p, n))
			if err != nil {
				t.Fatal(err)
			}
			return seat
		}
		room, now := arrive(3).Room, time.Now()
		arrive(6)
		m := attendance.Meeting{ID: "m1", RoomID: room.ID, ServerID: server.ID, InternalID: "in-1", MeetingID: room.MeetingID, CreateTime: now}
		if _, _, err := db.RecordMeeting(t.Context(), m, now); err != nil {
			t.Fatal(err)
		}
		if err := db.EndMeeting(t.Context(), m.ID, now.Add(time.Hour), now); err != nil {
			t.Fatal(err)
		}
		err = db.SaveSettlement(t.Context(), classroom.Settlement{
			RoomID: room.ID, Sessions: []attendance.Session{{ID: m.ID, RoomID: room.ID, StartedAt: now, EndedAt: now.Add(time.Hour)}},
			SessionOf: map[string]string{m.ID: m.ID},
		})
		if err != nil {
			t.Fatal(err)
		}
		kind := "sqlite"
		if url[:6] != "sqlite" {
			kind = "postgres"
		}
		text, err := fs.ReadFile(store.Migrations, "migrations/"+kind+"/00004_evidence.sql")
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range regexp.MustCompile(`(?ms)^(INSERT|UPDATE).*?;`).FindAllString(string(text), -1) {
			if _, err := plain(t, url).Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		arrive(9)
		lines, err := db.Classes(t.Context(), room.ID, room.CourseID, attendance.Rule{}, 8)
		if err != nil || len(lines) != 1 || lines[0].Enrolled != 2 {
			t.Errorf("%+v, %v, want 2 who were expected", lines, err)
		}
	})
}
