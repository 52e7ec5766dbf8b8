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
// never. A server that doesn't answer means nothing: nobody has left by that. A
// server that doesn't find the meeting means little: several looks in a row have
// to say so, and one that was taken for over is looked for a while longer.
func (s *Classes) Poll(ctx context.Context, meetingID string) (time.Time, error) {
	m, err := s.Store.Meeting(ctx, meetingID)
	switch {
	case errors.Is(err, ErrNotFound):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, fmt.Errorf("meeting %s: %w", meetingID, err)
	case !m.EndedAt.IsZero():
		return s.lookBack(ctx, m)
	}
	server, err := s.Store.Server(ctx, m.ServerID)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrNoServer) { // removed, or added just now: there's nobody to ask
		return s.absent(ctx, m)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("server %s: %w", m.ServerID, err)
	}
	client := s.Client(server)
	info, err := client.MeetingInfo(ctx, m.MeetingID)
	switch {
	case errors.Is(err, bbb.ErrNotFound):
		return s.notFound(ctx, m, client)
	case err != nil:
		return s.unanswered(ctx, m, err)
	case another(m, info):
		return s.replaced(ctx, m, info)
	case info.ForciblyEnded:
		return s.absent(ctx, m)
	}
	if err := s.keepPoll(ctx, m, info); err != nil {
		return time.Time{}, err
	}
	if s.Now().Sub(m.StoppedAt) < endingFor {
		return s.next(hintWait), nil
	}
	return s.next(s.Interval), nil
}

// notFound asks from another side, which balancers answer from elsewhere, before
// the meeting counts as absent from this look.
func (s *Classes) notFound(ctx context.Context, m attendance.Meeting, client MeetingServer) (time.Time, error) {
	running, err := client.IsMeetingRunning(ctx, m.MeetingID)
	switch {
	case err != nil && !errors.Is(err, bbb.ErrNotFound):
		return s.unanswered(ctx, m, err)
	case running && m.StoppedAt.IsZero():
		return s.unanswered(ctx, m, errAtOdds)
	}
	return s.absent(ctx, m)
}

// errAtOdds is a server's answer that a meeting isn't there, when it runs.
var errAtOdds = errors.New("not found, and running all the same")

// absent takes note of a look that didn't find the meeting. It is over when
// that was so often enough; until then the next look comes soon.
func (s *Classes) absent(ctx context.Context, m attendance.Meeting) (time.Time, error) {
	m, err := s.Store.MissMeeting(ctx, m.ID, s.Now())
	if err != nil {
		return time.Time{}, fmt.Errorf("miss meeting %s: %w", m.ID, err)
	}
	if !m.Over(s.Now()) {
		return s.next(min(s.Interval, absentPoll)), nil
	}
	return s.next(s.Interval), s.gone(ctx, m, time.Time{})
}

// another reports whether the server shows another meeting in m's place.
func another(m attendance.Meeting, info bbb.Meeting) bool {
	return info.InternalMeetingID != "" && info.InternalMeetingID != m.InternalID
}

// lookBack looks for a meeting that was taken for over: what is seen with people
// in it lives again. The looks get rarer, and end after lookBackFor, or with the
// next class of the room, whose looks see whichever meeting is there.
func (s *Classes) lookBack(ctx context.Context, m attendance.Meeting) (time.Time, error) {
	since := s.Now().Sub(m.CountsAt) // by our clock, some minutes after the end
	live, err := s.Store.LiveMeetings(ctx, m.RoomID)
	if err != nil {
		return time.Time{}, fmt.Errorf("meetings of room %s: %w", m.RoomID, err)
	}
	if since > lookBackFor || len(live) > 0 {
		return time.Time{}, nil
	}
	next := s.next(max(s.Interval, min(since/2, rarestLook)))
	server, err := s.Store.Server(ctx, m.ServerID)
	if err != nil { // removed; perhaps it's added again
		return next, nil
	}
	info, err := s.Client(server).MeetingInfo(ctx, m.MeetingID)
	if err != nil || info.ForciblyEnded || len(info.Attendees) == 0 { // over, as far as anybody knows
		return next, nil
	}
	seen, err := sighted(ctx, s.Store, m, info, s.Now().Add(s.Interval))
	if err != nil {
		return time.Time{}, err
	}
	s.wake()
	if seen.ID != m.ID {
		return time.Time{}, nil
	}
	return s.next(s.Interval), s.keepPoll(ctx, seen, info)
}

// next is after about an interval: looks at many meetings spread by that.
func (s *Classes) next(interval time.Duration) time.Time {
	jitter := time.Duration(rand.Int64N(int64(interval)/5 + 1)) // #nosec G404 -- spreads a load
	return s.Now().Add(interval - interval/10 + jitter)
}

// unanswered puts the next look off, further if the server has been silent for
// some looks already. Only after a day the meeting is taken for over; it may come back.
func (s *Classes) unanswered(ctx context.Context, m attendance.Meeting, problem error) (time.Time, error) {
	first, newest, err := s.Store.Sightings(ctx, m.ID)
	if err != nil {
		return time.Time{}, fmt.Errorf("sightings of meeting %s: %w", m.ID, err)
	}
	silent := s.Now().Sub(attendance.LastSeen(m, first, newest))
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
// zero. It ended between the last look that saw it and the first that didn't
// find it, or, if nobody answered for longer, soon after that look. The exact
// report gets some time to come from then on, before what was observed is graded.
func (s *Classes) gone(ctx context.Context, m attendance.Meeting, latest time.Time) error {
	first, newest, err := s.Store.Sightings(ctx, m.ID)
	if err != nil {
		return fmt.Errorf("sightings of meeting %s: %w", m.ID, err)
	}
	now, last := s.Now(), attendance.LastSeen(m, first, newest)
	noticed := now
	if !m.AbsentSince.IsZero() {
		noticed = m.AbsentSince
	}
	gap := min(s.Interval, max(0, noticed.Sub(last)))
	end := last.Add(gap / 2).Add(attendance.ClockOffset(m, first))
	if !latest.IsZero() && end.After(latest) {
		end = latest
	}
	if end.Before(m.CreateTime) {
		end = m.CreateTime
	}
	countsAt := noticed.Add(callbackWait)
	if countsAt.Before(now) {
		countsAt = now
	}
	if err := s.Store.EndMeeting(ctx, m.ID, end, countsAt); err != nil {
		return fmt.Errorf("end meeting %s: %w", m.ID, err)
	}
	return nil
}

// replaced takes the word of a server that shows another meeting. A newer one is
// in m's place: a node died, or the class was started again. It is recorded
// first: of a meeting that is closed, few looks would find it after a crash
// between the two. An older one is a word of long ago, or a balancer's of
// another node: m isn't found.
func (s *Classes) replaced(ctx context.Context, m attendance.Meeting, info bbb.Meeting) (time.Time, error) {
	if _, err := sighted(ctx, s.Store, m, info, s.Now()); err != nil {
		return time.Time{}, err
	}
	s.wake()
	if !info.CreateTime.IsZero() && info.CreateTime.Before(m.CreateTime) {
		return s.absent(ctx, m)
	}
	return time.Time{}, s.gone(ctx, m, info.CreateTime)
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
