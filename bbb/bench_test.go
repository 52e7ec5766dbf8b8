package bbb

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

var sink int

func BenchmarkJoinURL(b *testing.B) {
	c := Client{Server: Server{URL: "https://bbb.example.org/bigbluebutton/api", Secret: testSecret}}
	b.ReportAllocs()
	for b.Loop() {
		sink += len(c.JoinURL(fullJoin))
	}
}

func BenchmarkCreateQuery(b *testing.B) {
	s := Server{Secret: testSecret}
	b.ReportAllocs()
	for b.Loop() {
		q, err := fullCreate.query()
		if err != nil {
			b.Fatal(err)
		}
		sink += len(s.sign("create", q.String()))
	}
}

// BenchmarkParseAnalytics reads the report on a class of 300, of whom each came
// twice.
func BenchmarkParseAnalytics(b *testing.B) {
	var report map[string]any
	if err := json.Unmarshal(reported([]event{in("A", 300), out("A", 900), in("B", 905), out("B", 3500)}, true), &report); err != nil {
		b.Fatal(err)
	}
	data := report["data"].(map[string]any)
	one := data["attendees"].([]any)[0]
	list := make([]any, 300)
	for i := range list {
		list[i] = one
	}
	data["attendees"] = list
	body, err := json.Marshal(report)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		a, err := ParseAnalytics(body)
		if err != nil {
			b.Fatal(err)
		}
		sink += len(a.Attendees)
	}
}

// BenchmarkMeetingInfo reads the answer on a class of 300.
func BenchmarkMeetingInfo(b *testing.B) {
	before, attendee, _ := strings.Cut(string(shared(b, "bbb/official/getMeetingInfo-running.xml")), "<attendee>")
	attendee, after, _ := strings.Cut(attendee, "</attendees>")
	body := []byte(before + strings.Repeat("<attendee>"+attendee, 150) + "</attendees>" + after)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		root, err := parseAnswer(b.Context(), body)
		if err != nil {
			b.Fatal(err)
		}
		m := root.meeting()
		if len(m.Attendees) != 300 {
			b.Fatal(fmt.Sprint(len(m.Attendees), " attendees"))
		}
		sink += len(m.Attendees)
	}
}

func BenchmarkVerifyCallback(b *testing.B) {
	secrets := []Secret{"another", testSecret}
	now := time.Unix(1700000000, 0)
	b.ReportAllocs()
	for b.Loop() {
		if err := VerifyCallback(v16, secrets, now); err != nil {
			b.Fatal(err)
		}
	}
}
