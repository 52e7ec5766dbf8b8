package classroom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
)

// ErrUnreadable is the error of a callback whose body can't be read.
var ErrUnreadable = errors.New("callback can't be read")

// Classes gathers what BigBlueButton tells of meetings, and makes attendance
// of it. Several goroutines may use it.
type Classes struct {
	Store    classStore
	Client   func(Server) MeetingServer
	Interval time.Duration // between two looks at a live meeting
	Now      func() time.Time
	Wake     func() // tells the job runner that something is due; may be nil
}

// classStore is what Classes needs of the database.
type classStore interface {
	settlementStore
	Meeting(ctx context.Context, id string) (Meeting, error)
	MeetingByInternalID(ctx context.Context, internalID string) (Meeting, error)
	LiveMeetings(ctx context.Context, roomID string) ([]Meeting, error)
	RoomByMeetingID(ctx context.Context, meetingID string) (Room, error)
	RoomWithCourse(ctx context.Context, roomID string) (Room, Course, error)
	RecordMeeting(ctx context.Context, m Meeting, pollAt time.Time) (Meeting, bool, error)
	EndMeeting(ctx context.Context, id string, at, countsAt time.Time) error
	KeepEvidence(ctx context.Context, e Evidence, settleAt time.Time) (bool, error)
	KeepPoll(ctx context.Context, meetingID string, body []byte, at time.Time) error
	Server(ctx context.Context, id string) (Server, error)
	Servers(context.Context) ([]Server, error)
	Enqueue(context.Context, Job) error
}

const (
	meetingMost  = 24 * time.Hour  // how long a meeting is looked at whose server doesn't answer: what was seen of it waits for its grades
	slowestPoll  = 2 * time.Minute // while it doesn't, unless Interval is longer
	hintWait     = 2 * time.Second // the end callback comes before the server has closed the meeting
	failuresFine = 3               // polls that may fail before they get rarer
)

// Poll looks once who is in a meeting, and returns when to look again; zero:
// never. A server that doesn't answer means nothing: nobody has left by that.
func (s *Classes) Poll(ctx context.Context, meetingID string) (time.Time, error) {
	m, err := s.Store.Meeting(ctx, meetingID)
	if errors.Is(err, ErrNotFound) || err == nil && !m.EndedAt.IsZero() {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("meeting %s: %w", meetingID, err)
	}
	server, err := s.Store.Server(ctx, m.ServerID)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrNoServer) { // removed: there's nobody to ask
		return time.Time{}, s.gone(ctx, m, time.Time{})
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("server %s: %w", m.ServerID, err)
	}
	info, err := s.Client(server).MeetingInfo(ctx, m.MeetingID)
	switch {
	case errors.Is(err, bbb.ErrNotFound):
		return time.Time{}, s.gone(ctx, m, time.Time{})
	case err != nil:
		return s.unanswered(ctx, m, err)
	case info.InternalMeetingID != "" && info.InternalMeetingID != m.InternalID:
		return time.Time{}, s.succeeded(ctx, m, info)
	case info.ForciblyEnded:
		return time.Time{}, s.gone(ctx, m, time.Time{})
	}
	if err := s.keepPoll(ctx, m, info); err != nil {
		return time.Time{}, err
	}
	return s.next(s.Interval), nil
}

// next is after about an interval: looks at many meetings spread by that.
func (s *Classes) next(interval time.Duration) time.Time {
	jitter := time.Duration(rand.Int64N(int64(interval)/5 + 1)) // #nosec G404 -- spreads a load
	return s.Now().Add(interval - interval/10 + jitter)
}

// unanswered puts the next look off, further if the server has been silent for
// some looks already. Only after a day the meeting is taken for over; it may come back.
func (s *Classes) unanswered(ctx context.Context, m Meeting, problem error) (time.Time, error) {
	evidence, err := s.Store.EvidenceOf(ctx, m.ID)
	if err != nil {
		return time.Time{}, fmt.Errorf("evidence of meeting %s: %w", m.ID, err)
	}
	silent := s.Now().Sub(lastSeen(m, evidence))
	if silent > meetingMost {
		return time.Time{}, s.gone(ctx, m, time.Time{})
	}
	wait := s.Interval
	if silent > (failuresFine+1)*s.Interval {
		wait = max(s.Interval, min(4*s.Interval, slowestPoll))
	}
	return s.next(wait), fmt.Errorf("look at meeting %s: %w", m.ID, problem)
}

// lastSeen is when the meeting was last seen alive, by our clock.
func lastSeen(m Meeting, evidence []Evidence) time.Time {
	last := m.CreateTime.Add(-clockOffset(m, evidence))
	for _, e := range evidence {
		if e.Source == Poll && e.Until.After(last) {
			last = e.Until
		}
	}
	return last
}

// gone closes a meeting that is over, at the latest at latest if that isn't
// zero. It ended between the last look that saw it and now, or, if nobody
// answered for longer, soon after that look. The exact report gets some time
// to come before what was observed is graded.
func (s *Classes) gone(ctx context.Context, m Meeting, latest time.Time) error {
	evidence, err := s.Store.EvidenceOf(ctx, m.ID)
	if err != nil {
		return fmt.Errorf("evidence of meeting %s: %w", m.ID, err)
	}
	now, last := s.Now(), lastSeen(m, evidence)
	gap := min(s.Interval, max(0, now.Sub(last)))
	end := last.Add(gap / 2).Add(clockOffset(m, evidence))
	if !latest.IsZero() && end.After(latest) {
		end = latest
	}
	if end.Before(m.CreateTime) {
		end = m.CreateTime
	}
	if err := s.Store.EndMeeting(ctx, m.ID, end, now.Add(callbackWait)); err != nil {
		return fmt.Errorf("end meeting %s: %w", m.ID, err)
	}
	return nil
}

// succeeded closes a meeting in whose place another one is now: a node died,
// or the class was started again. The other one is recorded first: of a
// meeting that is closed, no poll would find it after a crash between the two.
func (s *Classes) succeeded(ctx context.Context, m Meeting, info bbb.Meeting) error {
	successor := Meeting{
		ID: newID(), RoomID: m.RoomID, ServerID: m.ServerID, MeetingID: m.MeetingID,
		InternalID: info.InternalMeetingID, CreateTime: info.CreateTime, ClockOffset: m.ClockOffset,
	}
	if _, _, err := s.Store.RecordMeeting(ctx, successor, s.Now()); err != nil {
		return fmt.Errorf("record meeting after %s: %w", m.ID, err)
	}
	if err := s.gone(ctx, m, info.CreateTime); err != nil {
		return err
	}
	s.wake()
	return nil
}

func (s *Classes) keepPoll(ctx context.Context, m Meeting, info bbb.Meeting) error {
	report := PollReport{People: []string{}, Interval: s.Interval}
	for _, a := range info.Attendees {
		report.People = append(report.People, a.UserID)
	}
	slices.Sort(report.People)
	report.People = slices.Compact(report.People)
	body, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("poll report: %w", err)
	}
	if err := s.Store.KeepPoll(ctx, m.ID, body, s.Now()); err != nil {
		return fmt.Errorf("keep poll of meeting %s: %w", m.ID, err)
	}
	return nil
}

// Callback takes the analytics report of a meeting: authorization is the
// request's header. Without a good one the body, which is large, isn't read.
// What it returns nil for is kept for good; a report that came before, or one
// of a breakout room, is fine too.
//
// The errors are bbb.ErrNoToken and bbb.ErrBadToken, ErrUnreadable,
// ErrNotFound for a meeting that isn't ours, and those of body.
func (s *Classes) Callback(ctx context.Context, authorization string, body io.Reader) error {
	servers, err := s.Store.Servers(ctx)
	if err != nil {
		return fmt.Errorf("servers: %w", err)
	}
	signed, err := s.signers(servers, authorization)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("read callback: %w", err)
	}
	report, err := bbb.ParseAnalytics(text)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	if report.Breakout { // its people are none of ours
		return nil
	}
	m, err := s.meetingOf(ctx, report, signed)
	if err != nil {
		return err
	}
	now := s.Now()
	e := Evidence{ID: newID(), MeetingID: m.ID, Source: Analytics, At: now, Until: now, Body: text}
	if _, err := s.Store.KeepEvidence(ctx, e, now); err != nil {
		return fmt.Errorf("keep report of meeting %s: %w", m.ID, err)
	}
	if !report.Finish.IsZero() {
		if err := s.Store.EndMeeting(ctx, m.ID, report.Finish, now); err != nil {
			return fmt.Errorf("end meeting %s: %w", m.ID, err)
		}
	}
	s.wake()
	return nil
}

// signers tells of each server whether its secret signed the callback. One at
// least did, or it's an error.
func (s *Classes) signers(servers []Server, authorization string) (map[string]bool, error) {
	signed, some := map[string]bool{}, false
	verdict := bbb.ErrBadToken
	for _, server := range servers {
		err := bbb.VerifyCallback(authorization, server.Secrets(), s.Now())
		signed[server.ID] = err == nil
		some = some || err == nil
		if errors.Is(err, bbb.ErrNoToken) {
			verdict = bbb.ErrNoToken
		}
	}
	if !some {
		return nil, fmt.Errorf("callback: %w", verdict)
	}
	return signed, nil
}

// meetingOf finds the meeting of a report: by the server's id, or, if we
// never heard of its creation, by ours. Only its own server may speak of it,
// or, when that was removed, any of ours: it may be there under a new name.
func (s *Classes) meetingOf(ctx context.Context, report bbb.Analytics, signed map[string]bool) (Meeting, error) {
	m, err := s.Store.MeetingByInternalID(ctx, report.InternalMeetingID)
	byItsOwn, exists := signed[m.ServerID]
	switch {
	case err == nil && exists && !byItsOwn:
		return Meeting{}, fmt.Errorf("callback of meeting %s: %w", m.ID, bbb.ErrBadToken)
	case err == nil:
		return m, nil
	case !errors.Is(err, ErrNotFound):
		return Meeting{}, fmt.Errorf("meeting of callback: %w", err)
	}
	meetingID := bbb.DecodeMeetingID(report.MeetingID)
	room, err := s.Store.RoomByMeetingID(ctx, meetingID)
	if err != nil {
		return Meeting{}, fmt.Errorf("room of callback: %w", err)
	}
	if report.InternalMeetingID == "" || report.Start.IsZero() {
		return Meeting{}, fmt.Errorf("%w: no meeting or no start", ErrUnreadable)
	}
	m = Meeting{
		ID: newID(), RoomID: room.ID, ServerID: s.serverOf(ctx, room, signed), MeetingID: meetingID,
		InternalID: report.InternalMeetingID, CreateTime: report.Start,
	}
	m, _, err = s.Store.RecordMeeting(ctx, m, s.Now().Add(s.Interval))
	if err != nil {
		return Meeting{}, fmt.Errorf("record meeting of callback: %w", err)
	}
	return m, nil
}

// serverOf is the server that a room's unknown meeting was on: one that
// signed, and if there are several the one of the room's other meetings.
func (s *Classes) serverOf(ctx context.Context, room Room, signed map[string]bool) string {
	all, err := s.Store.RoomMeetings(ctx, room.ID)
	if err == nil {
		for _, m := range slices.Backward(all) {
			if signed[m.ServerID] {
				return m.ServerID
			}
		}
	}
	ids := make([]string, 0, len(signed))
	for id, ok := range signed {
		if ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids[0]
}

// Ended takes a hint that a meeting of the room has ended: to look soon. The
// hint isn't signed; a flood of them makes no more than a look every hintWait.
func (s *Classes) Ended(ctx context.Context, roomID string) error {
	if _, _, err := s.Store.RoomWithCourse(ctx, roomID); err != nil {
		return fmt.Errorf("room %s: %w", roomID, err)
	}
	open, err := s.Store.LiveMeetings(ctx, roomID)
	if err != nil {
		return fmt.Errorf("meetings of room %s: %w", roomID, err)
	}
	for _, m := range open {
		if err := s.Store.Enqueue(ctx, Job{Kind: PollJob, Subject: m.ID, Lane: m.ServerID, RunAt: s.Now().Add(hintWait)}); err != nil {
			return fmt.Errorf("poll of meeting %s: %w", m.ID, err)
		}
	}
	s.wake()
	return nil
}

func (s *Classes) wake() {
	if s.Wake != nil {
		s.Wake()
	}
}
