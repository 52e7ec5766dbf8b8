package bbb

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrMalformed is a callback's body that can't be read.
var ErrMalformed = errors.New("malformed callback")

// Analytics is BigBlueButton's report on a meeting that has ended. All times
// are by the clock of the server, which may be far off ours.
type Analytics struct {
	MeetingID         string // ours, also where b3scale had encoded it
	InternalMeetingID string // the same report may come twice: this tells
	Start, Finish     time.Time
	Metadata          map[string]string // names as the server changed them: bbb-origin is bbb_origin
	Breakout          bool              // of a breakout room: its user ids aren't ours
	Attendees         []Attendee
	Polls             []Poll
	Files             []string // names of the slides that were on show
}

// An Attendee is one user id of the meeting, however many sessions it had.
type Attendee struct {
	UserID    string // as given at the join; "" if none was
	Name      string // the last one used; may be ""
	Moderator bool   // in any session, promoted ones too
	Stays     []Interval
	Duration  time.Duration // as the server says: old ones add up two tabs, or give up with 0
	Activity  Activity
}

// An Interval is a stretch that one session was in the meeting: From isn't
// after To, and both are between the meeting's Start and Finish. Stays of one
// attendee are in the order of their beginnings and may overlap.
type Interval struct {
	From, To time.Time
	Open     bool // no leave was recorded: To is the meeting's end
}

// Activity counts what an attendee did. RaiseHands and Emojis are 0 for all on
// many servers of 2.7 and 3.0. Talk that the meeting's end cut off isn't in
// TalkTime.
type Activity struct {
	Chats, Talks, RaiseHands, Emojis, PollVotes int
	TalkTime                                    time.Duration
}

// A Poll is one that was held, with each person's last answer.
type Poll struct {
	ID, Type, Question string
	Published          bool
	Options            []string
	Start              time.Time
	votes              map[string]string // by user id, mangled: see underscored
}

// Vote returns a person's answer. Ids that differ only in case, or in - and _,
// are one person to the server.
func (p Poll) Vote(userID string) (answer string, ok bool) {
	answer, ok = p.votes[underscored(userID)]
	return answer, ok
}

// Votes is how many people answered.
func (p Poll) Votes() int { return len(p.votes) }

// The report as it comes, in all the forms that bbbevents 1.2 and 2.0 and
// Scalelite give it. Unknown keys are Scalelite's or a newer version's.
type (
	report struct {
		MeetingID         text       `json:"meeting_id"`
		InternalMeetingID text       `json:"internal_meeting_id"`
		Data              reportData `json:"data"`
	}
	reportData struct {
		Metadata  map[string]text  `json:"metadata"`
		Duration  number           `json:"duration"`
		Start     stamp            `json:"start"`
		Finish    stamp            `json:"finish"`
		Attendees []reportAttendee `json:"attendees"`
		Polls     []reportPoll     `json:"polls"`
		Files     []text           `json:"files"`
	}
	reportAttendee struct {
		UserID     text    `json:"ext_user_id"`
		Name       text    `json:"name"`
		Moderator  boolean `json:"moderator"`
		Joins      []stamp `json:"joins"`
		Leaves     []stamp `json:"leaves"`
		Duration   number  `json:"duration"`
		Engagement struct {
			Chats      number `json:"chats"`
			Talks      number `json:"talks"`
			RaiseHands number `json:"raisehand"`
			Emojis     number `json:"emojis"`
			PollVotes  number `json:"poll_votes"`
			TalkTime   number `json:"talk_time"`
		} `json:"engagement"`
		Sessions []struct {
			Joins []reportEvent `json:"joins"`
			Lefts []reportEvent `json:"lefts"`
		} `json:"sessions"`
	}
	reportEvent struct {
		Timestamp stamp `json:"timestamp"`
	}
	reportPoll struct {
		ID        text            `json:"id"`
		Type      text            `json:"type"`
		Question  text            `json:"question"`
		Published boolean         `json:"published"`
		Options   []text          `json:"options"`
		Start     stamp           `json:"start"`
		Votes     map[string]text `json:"votes"`
	}
)

// ParseAnalytics reads the body of an analytics callback. What has the wrong
// type is taken for missing where that does no harm; a body that isn't such a
// report, or names no meeting, is ErrMalformed.
func ParseAnalytics(body []byte) (Analytics, error) {
	var r report
	if err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), &r); err != nil {
		return Analytics{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if r.MeetingID == "" && r.InternalMeetingID == "" {
		return Analytics{}, fmt.Errorf("%w: no meeting id", ErrMalformed)
	}
	a := Analytics{
		MeetingID:         DecodeMeetingID(string(r.MeetingID)),
		InternalMeetingID: string(r.InternalMeetingID),
		Metadata:          plain(r.Data.Metadata),
		Files:             plainList(r.Data.Files),
	}
	a.Breakout = isTrue(a.Metadata["is_breakout"])
	a.Start, a.Finish = r.bounds()
	for _, from := range r.Data.Attendees {
		a.Attendees = append(a.Attendees, from.attendee(a.Start, a.Finish))
	}
	for _, from := range r.Data.Polls {
		a.Polls = append(a.Polls, from.poll())
	}
	return a, nil
}

// bounds are the meeting's start and finish, as well as they can be told.
func (r report) bounds() (start, finish time.Time) {
	start, finish = time.Time(r.Data.Start), time.Time(r.Data.Finish)
	first, last := r.span()
	if start.IsZero() {
		start = internalIDTime(string(r.InternalMeetingID))
	}
	if start.IsZero() {
		start = first
	}
	if finish.IsZero() && !start.IsZero() {
		finish = start.Add(r.Data.Duration.duration())
	}
	if !finish.After(start) && last.After(start) {
		finish = last
	}
	if finish.Before(start) {
		finish = start
	}
	return start, finish
}

// span is from the first to the last time that an attendee has.
func (r report) span() (first, last time.Time) {
	for _, a := range r.Data.Attendees {
		for _, s := range slices.Concat(a.Joins, a.Leaves) {
			at := time.Time(s)
			if at.IsZero() {
				continue
			}
			if first.IsZero() || at.Before(first) {
				first = at
			}
			if at.After(last) {
				last = at
			}
		}
	}
	return first, last
}

// internalIDTime is the create time in an internal meeting id: hash-ms.
func internalIDTime(id string) time.Time {
	_, after, _ := strings.Cut(id, "-")
	ms, err := strconv.ParseInt(after, 10, 64)
	if err != nil || len(after) < 12 {
		return time.Time{}
	}
	return millisTime(ms)
}

func (r reportAttendee) attendee(start, finish time.Time) Attendee {
	return Attendee{
		UserID:    string(r.UserID),
		Name:      string(r.Name),
		Moderator: bool(r.Moderator),
		Stays:     r.stays(start, finish),
		Duration:  r.Duration.duration(),
		Activity: Activity{
			Chats:      r.Engagement.Chats.count(),
			Talks:      r.Engagement.Talks.count(),
			RaiseHands: r.Engagement.RaiseHands.count(),
			Emojis:     r.Engagement.Emojis.count(),
			PollVotes:  r.Engagement.PollVotes.count(),
			TalkTime:   r.Engagement.TalkTime.duration(),
		},
	}
}

func (r reportPoll) poll() Poll {
	return Poll{
		ID: string(r.ID), Type: string(r.Type), Question: string(r.Question),
		Published: bool(r.Published),
		Options:   plainList(r.Options),
		Start:     time.Time(r.Start),
		votes:     plain(r.Votes),
	}
}

func plain(from map[string]text) map[string]string {
	if from == nil {
		return nil
	}
	to := make(map[string]string, len(from))
	for name, value := range from {
		to[name] = string(value)
	}
	return to
}

func plainList(from []text) []string {
	var to []string
	for _, value := range from {
		to = append(to, string(value))
	}
	return to
}
