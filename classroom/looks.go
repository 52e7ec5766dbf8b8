package classroom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
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
func (s *Classes) unanswered(ctx context.Context, m attendance.Meeting, problem error) (time.Time, error) {
	evidence, err := s.Store.EvidenceOf(ctx, m.ID)
	if err != nil {
		return time.Time{}, fmt.Errorf("evidence of meeting %s: %w", m.ID, err)
	}
	silent := s.Now().Sub(attendance.LastSeen(m, evidence))
	if silent > meetingMost {
		return time.Time{}, s.gone(ctx, m, time.Time{})
	}
	wait := s.Interval
	if silent > (failuresFine+1)*s.Interval {
		wait = max(s.Interval, min(4*s.Interval, slowestPoll))
	}
	return s.next(wait), fmt.Errorf("look at meeting %s: %w", m.ID, problem)
}

// gone closes a meeting that is over, at the latest at latest if that isn't
// zero. It ended between the last look that saw it and now, or, if nobody
// answered for longer, soon after that look. The exact report gets some time
// to come before what was observed is graded.
func (s *Classes) gone(ctx context.Context, m attendance.Meeting, latest time.Time) error {
	evidence, err := s.Store.EvidenceOf(ctx, m.ID)
	if err != nil {
		return fmt.Errorf("evidence of meeting %s: %w", m.ID, err)
	}
	now, last := s.Now(), attendance.LastSeen(m, evidence)
	gap := min(s.Interval, max(0, now.Sub(last)))
	end := last.Add(gap / 2).Add(attendance.ClockOffset(m, evidence))
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
func (s *Classes) succeeded(ctx context.Context, m attendance.Meeting, info bbb.Meeting) error {
	successor := attendance.Meeting{
		ID: newID(), RoomID: m.RoomID, ServerID: m.ServerID, MeetingID: m.MeetingID, PlacementID: m.PlacementID,
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

func (s *Classes) keepPoll(ctx context.Context, m attendance.Meeting, info bbb.Meeting) error {
	report := attendance.PollReport{People: []string{}, Interval: s.Interval}
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
