// Package attendancetest makes evidence for tests: what polls and reports of
// BigBlueButton say, with times in minutes after nine.
package attendancetest

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// Nine is some minutes after nine o'clock: of the server, where both clocks
// differ.
func Nine(minutes float64) time.Time {
	return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).Add(time.Duration(minutes * float64(time.Minute)))
}

// Minutes is a duration.
func Minutes(n float64) time.Duration { return time.Duration(n * float64(time.Minute)) }

// PollBody is the body of a poll that saw people, every 30 seconds.
func PollBody(people ...string) []byte {
	body, err := json.Marshal(map[string]any{"people": append([]string{}, people...), "interval": 30 * time.Second})
	if err != nil {
		panic(err)
	}
	return body
}

// A Stretch is from and to, in minutes after nine.
type Stretch [2]float64

// ReportBody is a report of BigBlueButton on a meeting.
func ReportBody(internalID string, start, finish float64, people map[string][]Stretch) []byte {
	const form = "2006-01-02T15:04:05.000Z07:00"
	type event struct {
		Timestamp string `json:"timestamp"`
	}
	type session struct {
		Joins []event `json:"joins"`
		Lefts []event `json:"lefts"`
	}
	type attendee struct {
		UserID     string         `json:"ext_user_id"`
		Sessions   []session      `json:"sessions"`
		Engagement map[string]int `json:"engagement"`
	}
	attendees := []attendee{}
	for _, id := range slices.Sorted(maps.Keys(people)) {
		a := attendee{UserID: id, Engagement: map[string]int{"chats": len(people[id])}}
		for _, s := range people[id] {
			a.Sessions = append(a.Sessions, session{[]event{{Nine(s[0]).Format(form)}}, []event{{Nine(s[1]).Format(form)}}})
		}
		attendees = append(attendees, a)
	}
	body, err := json.Marshal(map[string]any{
		"version": "1.0", "meeting_id": "room-meeting", "internal_meeting_id": internalID,
		"data": map[string]any{"metadata": map[string]string{"is_breakout": "false"}, "attendees": attendees,
			"start": Nine(start).Format(form), "finish": Nine(finish).Format(form)},
	})
	if err != nil {
		panic(err)
	}
	return body
}

// A Piece is a piece of evidence, as attendance has it.
type Piece struct {
	Source    string
	At, Until time.Time
	Body      []byte
}

// Told makes up what might be told of a meeting of an hour, by a server whose
// clock is ahead of ours.
func Told(random *rand.Rand, internalID string, created time.Time, ahead time.Duration, people []string) []Piece {
	var all []Piece
	at := created.Add(-ahead)
	for range random.IntN(30) {
		at = at.Add(time.Duration(random.IntN(120)) * time.Second)
		until := at.Add(time.Duration(random.IntN(3)*30) * time.Second)
		var here []string
		for _, p := range people {
			if random.IntN(2) == 0 {
				here = append(here, p)
			}
		}
		all = append(all, Piece{"poll", at, until, PollBody(here...)})
		if random.IntN(3) == 0 {
			joined := at.Add(-time.Duration(random.IntN(60)) * time.Second)
			all = append(all, Piece{"join", joined, joined, []byte(people[random.IntN(len(people))])})
		}
	}
	from := created.Sub(Nine(0)).Minutes()
	for range random.IntN(3) {
		stays := map[string][]Stretch{}
		for _, p := range people {
			for range random.IntN(3) {
				begin := from + random.Float64()*50
				stays[p] = append(stays[p], Stretch{begin, begin + random.Float64()*20})
			}
		}
		all = append(all, Piece{"analytics", at, at, ReportBody(internalID, from, from+55+float64(random.IntN(5)), stays)})
	}
	return all
}
