package store_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// Three hours of looks at 300 people, some of whom come and go all the time,
// take little room, and are read as they came.
func TestPollsTakeLittleRoom(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		db := open(t, url)
		server, err := db.AddServer(t.Context(), classroom.Server{Name: "bbb"})
		if err != nil {
			t.Fatal(err)
		}
		seat, err := db.Arrive(t.Context(), launch(addPlatform(t, db), 1))
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now().Truncate(time.Millisecond).UTC()
		m := attendance.Meeting{ID: "m1", RoomID: seat.Room.ID, ServerID: server.ID, InternalID: "in-1", MeetingID: seat.Room.MeetingID, CreateTime: now}
		if _, _, err := db.RecordMeeting(t.Context(), m, now); err != nil {
			t.Fatal(err)
		}
		var said []string
		raw := 0
		for _, body := range looksAtACrowd(t) {
			if err := db.KeepPoll(t.Context(), m.ID, []byte(body), now); err != nil {
				t.Fatal(err)
			}
			raw += len(body)
			if n := len(said); n == 0 || said[n-1] != body {
				said = append(said, body)
			}
			now = now.Add(30 * time.Second)
		}
		bodies := func(evidence []attendance.Evidence, err error) (list []string) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range evidence {
				list = append(list, string(e.Body))
			}
			return list
		}
		if diff := cmp.Diff(said, bodies(db.EvidenceOf(t.Context(), m.ID))); diff != "" {
			t.Errorf("read: %s", diff)
		}
		part, pieces, err := db.EvidenceFrom(t.Context(), m.ID, now.Add(-time.Hour))
		some := bodies(part, err)
		if diff := cmp.Diff(said[len(said)-len(some):], some); diff != "" || pieces != len(said) || len(some) > 120 {
			t.Errorf("of the last hour, %d of %d: %s", len(some), pieces, diff)
		}
		newest := bodies(db.NewestLooks(t.Context(), seat.Room.ID, now.Add(-time.Hour), 20))
		slices.Reverse(newest)
		if diff := cmp.Diff(said[len(said)-20:], newest); diff != "" {
			t.Errorf("the newest: %s", diff)
		}
		var kept int
		if err := plain(t, url).Get(&kept, `SELECT SUM(LENGTH(body)) FROM evidence`); err != nil || kept > raw/20 {
			t.Errorf("%d bytes came, %d are kept, %v", raw, kept, err)
		}
		t.Logf("%d bytes came, %d are kept", raw, kept)
	})
}

// looksAtACrowd are the bodies of polls in a class of three hours.
func looksAtACrowd(t *testing.T) (bodies []string) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	var in []string
	came := 0
	for look := range 360 {
		if look < 10 {
			for range 30 {
				in = append(in, fmt.Sprintf("u%026d", came))
				came++
			}
		} else if random.IntN(4) > 0 { // somebody leaves, another one comes
			in[random.IntN(len(in))] = fmt.Sprintf("u%026d", random.IntN(came+10))
		}
		people := slices.Compact(slices.Sorted(slices.Values(in)))
		switch look {
		case 100:
			people = []string{"<&>", "é", "ü"}
		case 101:
			people = []string{}
		}
		body, err := json.Marshal(attendance.PollReport{People: people, Interval: 30 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if look == 200 {
			body = []byte("~ no report at all")
		}
		bodies = append(bodies, string(body))
	}
	return bodies
}
