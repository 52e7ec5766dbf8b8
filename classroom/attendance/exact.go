package attendance

import (
	"time"

	"github.com/bbbridge/bbbridge/bbb"
)

// A presence is who was there and when, by one source.
type presence struct {
	spans      map[string][]span // by person
	activities map[string]Activity
	covers     map[string]span // by person: the time of which reports that name them speak
	finish     time.Time       // the meeting's end as the source says it; zero: it doesn't
	reports    int
}

func (p presence) empty() bool { return len(p.spans) == 0 }

// exactPresence is that of all reports of the meeting. Reports that differ
// are united, so their order means nothing.
func exactPresence(m Meeting, evidence []Evidence, known func(string) bool) presence {
	p := presence{spans: map[string][]span{}, activities: map[string]Activity{}, covers: map[string]span{}}
	for _, e := range evidence {
		if e.Source != Analytics {
			continue
		}
		report, err := bbb.ParseAnalytics(e.Body)
		if err != nil || report.Breakout || report.InternalMeetingID != m.InternalID {
			continue
		}
		p.reports++
		if report.Finish.After(p.finish) {
			p.finish = report.Finish
		}
		for _, a := range report.Attendees {
			if !known(a.UserID) {
				continue
			}
			for _, stay := range a.Stays {
				p.spans[a.UserID] = append(p.spans[a.UserID], span{stay.From, stay.To})
			}
			if len(a.Stays) > 0 { // who is named without a time isn't covered
				p.covers[a.UserID] = p.covers[a.UserID].hull(span{report.Start, report.Finish})
			}
			p.activities[a.UserID] = p.activities[a.UserID].atLeast(activityOf(a.Activity))
		}
	}
	return p
}

func activityOf(a bbb.Activity) Activity {
	return Activity{Chats: a.Chats, Talks: a.Talks, RaiseHands: a.RaiseHands, Emojis: a.Emojis, PollVotes: a.PollVotes, TalkTime: a.TalkTime}
}

// atLeast is the greater of each count: of two reports of one meeting.
func (a Activity) atLeast(b Activity) Activity {
	return Activity{
		Chats: max(a.Chats, b.Chats), Talks: max(a.Talks, b.Talks), RaiseHands: max(a.RaiseHands, b.RaiseHands),
		Emojis: max(a.Emojis, b.Emojis), PollVotes: max(a.PollVotes, b.PollVotes), TalkTime: max(a.TalkTime, b.TalkTime),
	}
}

// plus adds what was done in two meetings.
func (a Activity) plus(b Activity) Activity {
	return Activity{
		Chats: a.Chats + b.Chats, Talks: a.Talks + b.Talks, RaiseHands: a.RaiseHands + b.RaiseHands,
		Emojis: a.Emojis + b.Emojis, PollVotes: a.PollVotes + b.PollVotes, TalkTime: a.TalkTime + b.TalkTime,
	}
}
