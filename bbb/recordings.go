package bbb

import (
	"context"
	"fmt"
	"html"
	"slices"
	"strconv"
	"time"
)

// A RecordingsRequest asks for recordings by meeting, by id, or both. What
// both together mean differs between servers, and an id is a prefix: look at
// the MeetingID of what comes.
type RecordingsRequest struct {
	MeetingIDs, RecordIDs []string
	States                []string // none: published and unpublished
}

// States of a recording. Scalelite and plugNmeet have none of the first two.
const (
	Processing  = "processing"
	Processed   = "processed"
	Published   = "published"
	Unpublished = "unpublished"
	Deleted     = "deleted"
)

// A Recording is one recorded meeting with the forms it can be played in:
// none as long as it's being processed.
type Recording struct {
	ID                string
	MeetingID         string
	InternalMeetingID string
	Name              string // of the meeting, see Title
	Breakout          bool
	Published         bool
	State             string
	Start, End        time.Time // End is zero if the server doesn't say
	Participants      int
	Size, RawSize     int64 // bytes
	Metadata          map[string]string
	Formats           []Format
	Protected         *bool // nil: the server has no protected recordings
}

// A Format is one form of a recording.
type Format struct {
	Type           string        // presentation, video, podcast, notes, screenshare, statistics …
	URL            string        // may be for one use within the hour: ask for it at the click, never keep it
	Length         time.Duration // whole minutes, 0 for short ones
	Size           int64         // bytes
	Images         []Image
	ModeratorsOnly bool // statistics about people
	Hidden         bool // isn't published, though the recording is: some servers publish each format by itself
}

// An Image is a preview.
type Image struct {
	URL, Alt      string
	Width, Height int
}

// Title is what teachers named the recording, else the name of its meeting.
func (r Recording) Title() string {
	for _, name := range []string{"name", "bbb-recording-name"} {
		if r.Metadata[name] != "" {
			return r.Metadata[name]
		}
	}
	return r.Name
}

// Recordings returns all that the server has, in its order, each once (see
// MergeRecordings). It asks for no pages: BigBlueButton splits one recording's
// formats over several. A request that names nothing is ErrInvalid, for its
// answer would be everybody's.
func (c *Client) Recordings(ctx context.Context, r RecordingsRequest) ([]Recording, error) {
	if len(r.MeetingIDs)+len(r.RecordIDs) == 0 {
		return nil, fmt.Errorf("recordings of no meeting: %w", ErrInvalid)
	}
	if err := checkIDs(slices.Concat(r.MeetingIDs, r.RecordIDs)...); err != nil {
		return nil, err
	}
	var q query
	q.list("meetingID", r.MeetingIDs)
	q.list("recordID", r.RecordIDs)
	q.list("state", r.States)
	root, err := c.call(ctx, "getRecordings", q)
	if err != nil {
		return nil, err
	}
	return MergeRecordings(root.recordings()), nil
}

// PublishRecordings shows recordings, or hides them.
func (c *Client) PublishRecordings(ctx context.Context, ids []string, publish bool) error {
	return c.change(ctx, "publishRecordings", ids, func(q *query) error {
		q.add("publish", strconv.FormatBool(publish))
		return nil
	})
}

// DeleteRecordings takes recordings away. BigBlueButton keeps them for its
// admin in state deleted.
func (c *Client) DeleteRecordings(ctx context.Context, ids []string) error {
	return c.change(ctx, "deleteRecordings", ids, func(*query) error { return nil })
}

// UpdateRecordings sets metadata, and removes what has an empty value. It is
// ErrNotFound if the server says that it changed nothing; plugNmeet says that
// it did and doesn't.
func (c *Client) UpdateRecordings(ctx context.Context, ids []string, metadata map[string]string) error {
	return c.change(ctx, "updateRecordings", ids, func(q *query) error { return q.metadata(metadata) })
}

func (c *Client) change(ctx context.Context, call string, ids []string, more func(*query) error) error {
	if len(ids) == 0 {
		return fmt.Errorf("%s of none: %w", call, ErrInvalid)
	}
	if err := checkIDs(ids...); err != nil {
		return fmt.Errorf("%s: %w", call, err)
	}
	var q query
	q.list("recordID", ids)
	if err := more(&q); err != nil {
		return fmt.Errorf("%s: %w", call, err)
	}
	root, err := c.call(ctx, call, q)
	if err == nil && call == "updateRecordings" && root.text("updated") == "false" {
		// Scalelite: SUCCESS, but the recording is another tenant's.
		return c.fail(request{call: call}, &Error{Status: 200, kind: ErrNotFound})
	}
	return err
}

func (e *element) recordings() []Recording {
	var list []Recording
	for _, r := range e.child("recordings").all("recording") {
		if r.text("recordID") != "" { // a damaged one is an error element
			list = append(list, r.recording())
		}
	}
	return list
}

func (e *element) recording() Recording {
	r := Recording{
		ID:                e.text("recordID"),
		MeetingID:         e.text("meetingID"),
		InternalMeetingID: e.text("internalMeetingID"),
		Breakout:          e.flag("isBreakout"),
		Published:         e.flag("published"),
		State:             e.text("state"),
		Start:             e.millis("startTime"),
		End:               e.millis("endTime"),
		Participants:      e.count("participants"),
		Size:              e.number("size"),
		RawSize:           e.number("rawSize"),
		Metadata:          e.child("metadata").values(),
	}
	r.Name = recordedName(e.text("name"), r.Metadata)
	if protected := e.child("protected"); protected.name != "" {
		yes := isTrue(protected.content)
		r.Protected = &yes
	}
	for _, f := range e.child("playback").all("format") {
		r.Formats = append(r.Formats, f.format())
	}
	for _, f := range e.child("data").all("format") {
		data := f.format()
		data.ModeratorsOnly = true
		r.Formats = append(r.Formats, data)
	}
	return r
}

// recordedName undoes that BigBlueButton 3.0 escapes <name> twice. The name in
// the metadata is right as it is.
func recordedName(name string, metadata map[string]string) string {
	for _, key := range []string{"meetingName", "meetingname"} {
		if metadata[key] != "" {
			return metadata[key]
		}
	}
	return html.UnescapeString(name)
}

func (e *element) format() Format {
	f := Format{
		Type:   e.text("type"),
		URL:    e.text("url"),
		Length: time.Duration(e.count("length")) * time.Minute,
		Size:   e.number("size"),
	}
	f.ModeratorsOnly = f.Type == "statistics"
	for _, i := range e.child("preview").child("images").all("image") {
		width, _ := strconv.Atoi(i.attr("width"))
		height, _ := strconv.Atoi(i.attr("height"))
		f.Images = append(f.Images, Image{URL: i.content, Alt: i.attr("alt"), Width: width, Height: height})
	}
	return f
}
