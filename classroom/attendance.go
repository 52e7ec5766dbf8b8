package classroom

import (
	"time"
)

// A Stay is an interval in which a person was present, in the server's time.
// Stays of one person in one meeting don't overlap.
type Stay struct {
	MeetingID string // Meeting.ID
	PersonID  string
	From, To  time.Time
	Source    Source // Analytics or Poll
}

// Activity is what a person did in class, as far as an exact source tells.
type Activity struct {
	Chats      int           `json:"chats,omitempty"`
	Talks      int           `json:"talks,omitempty"`
	RaiseHands int           `json:"raise_hands,omitempty"`
	Emojis     int           `json:"emojis,omitempty"`
	PollVotes  int           `json:"poll_votes,omitempty"`
	TalkTime   time.Duration `json:"talk_time,omitempty"`
}

// An Attendance is what one person's stays come to in one session.
type Attendance struct {
	SessionID string
	PersonID  string
	Time      time.Duration // united: two tabs count once
	Activity  Activity
}
