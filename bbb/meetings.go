package bbb

import (
	"context"
	"errors"
	"strings"
	"time"
)

// A Meeting is one that the server knows: running, or waiting for its first
// participant, or just ending.
type Meeting struct {
	MeetingID         string
	InternalMeetingID string // changes whenever the meeting is created anew: sessions are known by it
	Name              string
	ParentMeetingID   string // of a breakout room
	Breakout          bool
	BreakoutRooms     []string

	CreateTime       time.Time
	CreateTimeMillis int64
	Start, End       time.Time     // zero: not yet. End is set whenever nobody is inside
	Duration         time.Duration // allowed, from creation on; 0: no limit

	Running       bool // somebody is inside, or left within the last minute
	HasUserJoined bool
	Recording     bool // was created with record=true
	ForciblyEnded bool // is ending

	ParticipantCount, ModeratorCount, ListenerCount, VoiceCount, VideoCount, MaxParticipants int

	Attendees []Participant // one for each session: a person with two tabs is twice in it
	Metadata  map[string]string
}

// A Participant is one session of a person in a running meeting.
type Participant struct {
	UserID        string // as given at the join
	FullName      string
	Moderator     bool
	Presenter     bool
	ListeningOnly bool
	Voice, Video  bool
	ClientType    string
	UserData      map[string]string
}

// IsMeetingRunning is true only once a person is inside. A meeting that the
// server doesn't know isn't running, and no error.
func (c *Client) IsMeetingRunning(ctx context.Context, meetingID string) (bool, error) {
	var q query
	q.add("meetingID", meetingID)
	root, err := c.call(ctx, "isMeetingRunning", q)
	if err != nil {
		return false, err
	}
	return root.flag("running"), nil
}

// MeetingInfo returns the meeting with all who are inside now. It is
// ErrNotFound before the first create and after the end.
func (c *Client) MeetingInfo(ctx context.Context, meetingID string) (Meeting, error) {
	var q query
	q.add("meetingID", meetingID)
	root, err := c.call(ctx, "getMeetingInfo", q)
	if err != nil {
		return Meeting{}, err
	}
	if root.lacksMeeting() {
		return Meeting{}, c.fail(request{call: "getMeetingInfo"}, &Error{Status: 200, kind: ErrNotBBB, Message: "success without a meeting"})
	}
	return root.meeting(), nil
}

// lacksMeeting finds answers to another call: plugNmeet has the one of the
// root for what it doesn't understand.
func (e *element) lacksMeeting() bool {
	return e.text("meetingID") == "" && e.text("internalMeetingID") == ""
}

// Meetings returns all meetings of the server, those of its other customers
// too: for tests of a server, not to be kept.
func (c *Client) Meetings(ctx context.Context) ([]Meeting, error) {
	root, err := c.call(ctx, "getMeetings", query{})
	if err != nil {
		return nil, err
	}
	var list []Meeting
	for _, e := range root.child("meetings").all("meeting") {
		list = append(list, e.meeting())
	}
	return list, nil
}

// End asks the server to end a meeting for everybody, which takes it some
// seconds. It is ErrNotFound if the server doesn't know the meeting.
func (c *Client) End(ctx context.Context, meetingID, moderatorPassword string) error {
	var q query
	q.add("meetingID", meetingID)
	q.text("password", moderatorPassword)
	_, err := c.call(ctx, "end", q)
	return err
}

// A ServerVersion is what a server tells about itself without a signature.
// Anything may be missing; Version is "2.0" for all of BigBlueButton 2 and 3.
type ServerVersion struct {
	Version string // of the API
	BBB     string // if the admin lets it be seen
	Build   string // Scalelite's
	GraphQL bool   // BigBlueButton 3.0 or later
}

// Version makes the root call, the only one without a signature. b3scale
// refuses it with checksumError, which proves an API all the same: that is an
// empty version and no error.
func (c *Client) Version(ctx context.Context) (ServerVersion, error) {
	root, err := c.do(ctx, request{})
	switch {
	case errors.Is(err, ErrChecksum):
		return ServerVersion{}, nil
	case err != nil:
		return ServerVersion{}, err
	}
	v := ServerVersion{
		Version: root.text("version"),
		BBB:     root.text("bbbVersion"),
		Build:   root.text("build"),
		GraphQL: root.child("graphqlWebsocketUrl").name != "" || root.child("graphqlApiUrl").name != "",
	}
	if v.Version == "" {
		v.Version = root.text("apiVersion")
	}
	return v, nil
}

// ProbeAlgorithms finds an algorithm that the server takes with our secret, by
// a call that changes nothing. ErrChecksum if it takes none: then the secret is
// another server's, or a proxy rewrites the query.
func (c *Client) ProbeAlgorithms(ctx context.Context) (Algorithm, error) {
	var err error
	for _, algorithm := range Algorithms() {
		probe := *c
		probe.Server.Algorithm = algorithm
		if _, err = probe.call(ctx, "getMeetings", query{}); err == nil {
			return algorithm, nil
		}
		if !errors.Is(err, ErrChecksum) {
			return "", err
		}
	}
	return "", err
}

func (e *element) meeting() Meeting {
	m := Meeting{
		MeetingID:         e.text("meetingID"),
		InternalMeetingID: e.text("internalMeetingID"),
		Name:              e.text("meetingName"),
		ParentMeetingID:   e.text("parentMeetingID"),
		Breakout:          e.flag("isBreakout"),
		CreateTime:        e.millis("createTime"),
		CreateTimeMillis:  e.number("createTime"),
		Start:             e.millis("startTime"),
		End:               e.millis("endTime"),
		Duration:          time.Duration(e.count("duration")) * time.Minute,
		Running:           e.flag("running"),
		HasUserJoined:     e.flag("hasUserJoined"),
		Recording:         e.flag("recording"),
		ForciblyEnded:     e.flag("hasBeenForciblyEnded"),
		ParticipantCount:  e.count("participantCount"),
		ModeratorCount:    e.count("moderatorCount"),
		ListenerCount:     e.count("listenerCount"),
		VoiceCount:        e.count("voiceParticipantCount"),
		VideoCount:        e.count("videoCount"),
		MaxParticipants:   e.count("maxUsers"),
		Metadata:          e.child("metadata").values(),
	}
	for _, room := range e.child("breakoutRooms").all("breakout") {
		m.BreakoutRooms = append(m.BreakoutRooms, room.content)
	}
	for _, a := range e.child("attendees").all("attendee") {
		m.Attendees = append(m.Attendees, a.participant())
	}
	return m
}

func (e *element) participant() Participant {
	return Participant{
		UserID:        e.text("userID"),
		FullName:      e.text("fullName"),
		Moderator:     strings.EqualFold(e.text("role"), "MODERATOR"),
		Presenter:     e.flag("isPresenter"),
		ListeningOnly: e.flag("isListeningOnly"),
		Voice:         e.flag("hasJoinedVoice"),
		Video:         e.flag("hasVideo"),
		ClientType:    e.text("clientType"),
		UserData:      e.child("customdata").values(),
	}
}
