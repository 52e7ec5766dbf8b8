package bbb

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// Metadata of a CreateRequest with a meaning to servers: callback addresses.
const (
	AnalyticsCallback = "analytics-callback-url" // needs KeepEvents
	EndCallback       = "endCallbackUrl"         // GET, unsigned: a hint
)

// A GuestPolicy says who waits for a moderator. With AskModerator everybody
// but a moderator waits whose JoinRequest has no Guest or a true one.
type GuestPolicy string

// The policies.
const (
	AlwaysAccept GuestPolicy = "ALWAYS_ACCEPT"
	AlwaysDeny   GuestPolicy = "ALWAYS_DENY"
	AskModerator GuestPolicy = "ASK_MODERATOR"
)

// A CreateRequest describes a meeting. Only what is set is sent: a nil
// pointer or a zero value leaves the server's own policy in place.
type CreateRequest struct {
	MeetingID string // see NewMeetingID
	Name      string // cut to 64 characters

	// Always send both, the same for a meeting each time (see Passwords):
	// servers take a create with other ones as ErrIDNotUnique.
	AttendeePassword, ModeratorPassword string

	Welcome, ModeratorMessage string // limited HTML
	LogoutURL                 string
	MeetingEndedURL           string // as EndCallback, but not shown to clients, and without parameters
	GuestPolicy               GuestPolicy
	MaxParticipants           int
	DurationMinutes           int // from creation on; bbbserver.de doesn't end a meeting then

	Record, AutoStartRecording, AllowStartStopRecording, NotifyRecordingIsOn *bool
	MuteOnStart, AllowModsToUnmuteUsers, WebcamsOnlyForModerator             *bool

	// Rounded up to minutes, never less than one.
	ExpireIfNoUserJoined, ExpireWhenLastUserLeft time.Duration
	EndWhenNoModerator                           *bool
	EndWhenNoModeratorDelay                      time.Duration

	KeepEvents bool // without it no analytics callback comes, recording or not

	MeetingLayout    string
	DisabledFeatures []string

	// Names have letters, digits and dashes; an underscore would make the
	// server drop them. Values are shown to clients: no personal data, no
	// secrets.
	Metadata map[string]string
	Slides   []Document // make it a POST; ignored if the meeting exists
	Extra    url.Values // what has no field here
}

// A Document is a slide set, by address or as a file of at most 1 MB or so.
// The BigBlueButton node itself fetches the address, over https. The first
// with Current is on show.
type Document struct {
	Name         string // with the extension that tells the type
	URL          string
	Data         []byte // if there is no URL
	Current      bool
	Downloadable bool
	Removable    bool
}

// Created is a server's answer to a create.
type Created struct {
	MeetingID         string
	InternalMeetingID string // also the recording's id; a new one for each meeting
	AttendeePassword  string // may be empty
	ModeratorPassword string
	CreateTime        time.Time
	CreateTimeMillis  int64 // as the server said it, for JoinRequest; 0 if it didn't
	Duplicate         bool  // the meeting existed and was left as it was
	HasUserJoined     bool
	ForciblyEnded     bool   // it is just ending: wait, and create again
	Key, Message      string // the server's words
}

// Create makes a meeting, or finds the one that exists: call it before each
// join. plugNmeet and b3scale don't say that it existed.
func (c *Client) Create(ctx context.Context, r CreateRequest) (Created, error) {
	q, err := r.query()
	if err != nil {
		return Created{}, fmt.Errorf("create meeting %s: %w", r.MeetingID, err)
	}
	body, err := modules(r.Slides)
	if err != nil {
		return Created{}, fmt.Errorf("create meeting %s: %w", r.MeetingID, err)
	}
	root, err := c.do(ctx, request{call: "create", query: c.Server.sign("create", q.String()), body: body})
	if err != nil {
		return Created{}, err
	}
	if root.lacksMeeting() {
		return Created{}, c.fail(request{call: "create"}, &Error{Status: 200, kind: ErrNotBBB, Message: "success without a meeting"})
	}
	return created(root), nil
}

// MayBeStuck reports whether a create that failed with err may go well once
// the meeting was ended, or under another id: the server answers, and what it
// says is, or may be, about this meeting. Scalelite says internalError of one
// on a node that it can't reach, and of all if no node is there; what it means
// by a key that nobody knows can only be tried.
//
// It isn't so for a signature or a parameter that is refused, for a full
// account, and where no answer has come.
func MayBeStuck(err error) bool {
	var answer *Error
	if !errors.As(err, &answer) || !answer.Answered() {
		return false
	}
	return slices.Contains(aboutOne, answer.sentinel())
}

// aboutOne are refusals of a create that may be about one meeting; nil is that
// of a key which isn't known.
var aboutOne = []error{nil, ErrIDNotUnique, ErrForciblyEnded, ErrNotFound, ErrUnavailable}

func created(root *element) Created {
	key := root.text("messageKey")
	return Created{
		MeetingID:         root.text("meetingID"),
		InternalMeetingID: root.text("internalMeetingID"),
		AttendeePassword:  root.text("attendeePW"),
		ModeratorPassword: root.text("moderatorPW"),
		CreateTime:        root.millis("createTime"),
		CreateTimeMillis:  root.number("createTime"),
		Duplicate:         key == "duplicateWarning",
		HasUserJoined:     root.flag("hasUserJoined"),
		ForciblyEnded:     root.flag("hasBeenForciblyEnded"),
		Key:               key,
		Message:           root.text("message"),
	}
}

func (r CreateRequest) query() (query, error) {
	var q query
	if err := checkIDs(r.MeetingID); err != nil {
		return q, err
	}
	q.add("meetingID", r.MeetingID)
	q.add("name", meetingName(r.Name))
	q.text("attendeePW", r.AttendeePassword)
	q.text("moderatorPW", r.ModeratorPassword)
	q.text("welcome", r.Welcome)
	q.text("moderatorOnlyMessage", r.ModeratorMessage)
	q.text("logoutURL", r.LogoutURL)
	q.text("meetingEndedURL", r.MeetingEndedURL)
	q.text("guestPolicy", string(r.GuestPolicy))
	q.text("meetingLayout", r.MeetingLayout)
	q.list("disabledFeatures", r.DisabledFeatures)
	r.limits(&q)
	r.recording(&q)
	q.flag("muteOnStart", r.MuteOnStart)
	q.flag("allowModsToUnmuteUsers", r.AllowModsToUnmuteUsers)
	q.flag("webcamsOnlyForModerator", r.WebcamsOnlyForModerator)
	if err := q.metadata(r.Metadata); err != nil {
		return q, err
	}
	return q, q.extra(r.Extra)
}

func (r CreateRequest) limits(q *query) {
	q.number("maxParticipants", int64(r.MaxParticipants))
	q.number("duration", int64(r.DurationMinutes))
	q.minutes("meetingExpireIfNoUserJoinedInMinutes", r.ExpireIfNoUserJoined)
	q.minutes("meetingExpireWhenLastUserLeftInMinutes", r.ExpireWhenLastUserLeft)
	q.flag("endWhenNoModerator", r.EndWhenNoModerator)
	q.minutes("endWhenNoModeratorDelayInMinutes", r.EndWhenNoModeratorDelay)
}

func (r CreateRequest) recording(q *query) {
	q.flag("record", r.Record)
	q.flag("autoStartRecording", r.AutoStartRecording)
	q.flag("allowStartStopRecording", r.AllowStartStopRecording)
	q.flag("notifyRecordingIsOn", r.NotifyRecordingIsOn)
	if r.KeepEvents {
		q.add("meetingKeepEvents", "true")
	}
}

// meetingName has the two characters that a server wants at least, for a
// class must not fail on a room called "A".
func meetingName(name string) string {
	name = cleanName(name)
	if utf8.RuneCountInString(name) < 2 {
		return "(" + name + ")"
	}
	return name
}

// modules is the body that carries slides, nil if there are none. What may be
// done with a document is said always: documentation and code of 3.0 differ on
// the defaults.
func modules(slides []Document) ([]byte, error) {
	if len(slides) == 0 {
		return nil, nil
	}
	var b bytes.Buffer
	b.WriteString(xml.Header + `<modules><module name="presentation">`)
	for _, d := range slides {
		if d.URL == "" && (d.Name == "" || len(d.Data) == 0) {
			return nil, fmt.Errorf("slides %q without address or content: %w", d.Name, ErrInvalid)
		}
		b.WriteString("<document")
		d.attributes(&b)
		b.WriteString(">")
		if d.URL == "" {
			b.WriteString(base64.StdEncoding.EncodeToString(d.Data))
		}
		b.WriteString("</document>")
	}
	b.WriteString("</module></modules>")
	return b.Bytes(), nil
}

func (d Document) attributes(b *bytes.Buffer) {
	attribute := func(name, value string) {
		b.WriteString(" " + name + `="`)
		_ = xml.EscapeText(b, []byte(value)) // a buffer takes everything
		b.WriteString(`"`)
	}
	name := "name"
	if d.URL != "" {
		name = "filename"
		attribute("url", d.URL)
	}
	if d.Name != "" {
		attribute(name, d.Name)
	}
	attribute("current", strconv.FormatBool(d.Current))
	attribute("downloadable", strconv.FormatBool(d.Downloadable))
	attribute("removable", strconv.FormatBool(d.Removable))
}
