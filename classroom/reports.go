package classroom

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/jobs"
)

// Callback takes the analytics report of a meeting: authorization is the
// request's header. Without a good one the body, which is large, isn't read.
// What it returns nil for is kept for good; a report that came before, or one
// of a breakout room, is fine too. It is sent once: while the database is away
// it is waited for, and then the report is put aside.
//
// The errors are bbb.ErrNoToken and bbb.ErrBadToken, ErrUnreadable,
// ErrNotFound for a meeting that isn't ours, ErrTooManyReports, and those of body.
func (s *Classes) Callback(ctx context.Context, authorization string, body io.Reader) error {
	servers, err := s.serversOrLast(ctx)
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
	late := LateReport{At: s.Now(), Body: text}
	for id, ok := range signed {
		if ok {
			late.Signed = append(late.Signed, id)
		}
	}
	slices.Sort(late.Signed)
	err = s.insist(ctx, func(ctx context.Context) error { return s.take(ctx, signed, late) })
	if err == nil || refuses(err) || s.Late == nil {
		return err
	}
	if putting := s.Late.Put(late); putting != nil {
		return errors.Join(err, fmt.Errorf("put report aside: %w", putting))
	}
	s.Log.WarnContext(ctx, "report put aside", "err", err)
	return nil
}

// refuses reports whether err says what a report is worth, and nothing about
// the database.
func refuses(err error) bool {
	for _, refusal := range []error{bbb.ErrNoToken, bbb.ErrBadToken, ErrUnreadable, ErrNotFound, ErrTooManyReports} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

// take keeps a report that servers have signed.
func (s *Classes) take(ctx context.Context, signed map[string]bool, late LateReport) error {
	report, err := bbb.ParseAnalytics(late.Body)
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
	if err := s.keepReport(ctx, m, report, late); err != nil {
		return err
	}
	if !report.Finish.IsZero() {
		if err := s.Store.EndMeeting(ctx, m.ID, report.Finish, s.Now()); err != nil {
			return fmt.Errorf("end meeting %s: %w", m.ID, err)
		}
	}
	s.wake()
	return nil
}

// What is kept of the reports of one meeting. One is usual, and each more that
// says nothing new isn't kept.
const (
	reportsMost     = 8
	reportBytesMost = 24 << 20
)

// keepReport keeps a report unless those that are kept say all that it says, and
// drops those of them that say nothing beside it: all reports of a meeting are
// united, so nobody loses by either. Where that leaves too many, the ones that
// came first stay: what was counted from them is somebody's attendance. The new
// one is then ErrTooManyReports.
func (s *Classes) keepReport(ctx context.Context, m attendance.Meeting, report bbb.Analytics, late LateReport) error {
	kept, err := s.Store.Reports(ctx, m.ID, reportsMost)
	if err != nil {
		return fmt.Errorf("reports of meeting %s: %w", m.ID, err)
	}
	var spare []string
	for _, e := range kept {
		old, err := bbb.ParseAnalytics(e.Body)
		switch {
		case err == nil && attendance.Covers(old, report):
			return nil
		case err == nil && attendance.Covers(report, old):
			spare = append(spare, e.ID)
		}
	}
	e := attendance.Evidence{ID: newID(), MeetingID: m.ID, Source: attendance.Analytics, At: late.At, Until: late.At, Body: late.Body}
	if err := s.Store.KeepReport(ctx, e, spare, reportsMost, reportBytesMost, s.Now()); err != nil {
		return fmt.Errorf("keep report of meeting %s: %w", m.ID, err)
	}
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

// meetingOf finds the meeting of a report. Of those that go by the server's id
// on several servers it is that of a server which signed. One whose server was
// removed is spoken for by a server that its room can be on now, and so is one
// that we never saw made, which is told by our own id: it stands in every join
// address, so whoever signs with the secret of any other server knows it too.
func (s *Classes) meetingOf(ctx context.Context, report bbb.Analytics, signed map[string]bool) (attendance.Meeting, error) {
	if report.InternalMeetingID == "" {
		return attendance.Meeting{}, fmt.Errorf("%w: no meeting", ErrUnreadable)
	}
	known, err := s.Store.MeetingsByInternalID(ctx, report.InternalMeetingID)
	if err != nil {
		return attendance.Meeting{}, fmt.Errorf("meeting of callback: %w", err)
	}
	for _, m := range known {
		if signed[m.ServerID] {
			return m, nil
		}
	}
	meetingID := bbb.DecodeMeetingID(report.MeetingID)
	room, err := s.Store.RoomByMeetingID(ctx, meetingID)
	if err != nil {
		return attendance.Meeting{}, fmt.Errorf("room of callback: %w", err)
	}
	serverID, err := s.speaksFor(ctx, room, signed)
	if err != nil {
		return attendance.Meeting{}, err
	}
	for _, m := range known {
		_, exists := signed[m.ServerID]
		switch {
		case m.RoomID != room.ID:
		case exists: // it speaks for its own meetings
			return attendance.Meeting{}, fmt.Errorf("callback of meeting %s: %w", m.ID, bbb.ErrBadToken)
		default:
			return m, nil
		}
	}
	if report.Start.IsZero() {
		return attendance.Meeting{}, fmt.Errorf("%w: no start", ErrUnreadable)
	}
	m, _, err := s.Store.RecordMeeting(ctx, attendance.Meeting{
		ID: newID(), RoomID: room.ID, ServerID: serverID, MeetingID: meetingID,
		InternalID: report.InternalMeetingID, CreateTime: report.Start,
	}, s.Now().Add(s.Interval))
	if err != nil {
		return attendance.Meeting{}, fmt.Errorf("record meeting of callback: %w", err)
	}
	return m, nil
}

// speaksFor is the server that signed and on which the room can be: it had the
// newest of the room's meetings that one that signed had, or else it is one of
// those of the room's classes. It is bbb.ErrBadToken if there is none such, so that a
// balancer tries its next secret.
func (s *Classes) speaksFor(ctx context.Context, room Room, signed map[string]bool) (string, error) {
	all, err := s.Store.RoomMeetings(ctx, room.ID)
	if err != nil {
		return "", fmt.Errorf("meetings of room %s: %w", room.ID, err)
	}
	for _, m := range slices.Backward(all) {
		if signed[m.ServerID] {
			return m.ServerID, nil
		}
	}
	pool, err := s.Store.ServersOf(ctx, room.TenantID)
	if err != nil && !errors.Is(err, ErrNoServer) {
		return "", fmt.Errorf("servers of room %s: %w", room.ID, err)
	}
	for _, server := range pool {
		if signed[server.ID] {
			return server.ID, nil
		}
	}
	return "", fmt.Errorf("callback of room %s, which isn't on the server that signed: %w", room.ID, bbb.ErrBadToken)
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
		if err := s.Store.Enqueue(ctx, jobs.Job{Kind: PollJob, Subject: m.ID, Lane: m.ServerID, RunAt: s.Now().Add(hintWait)}); err != nil {
			return fmt.Errorf("poll of meeting %s: %w", m.ID, err)
		}
	}
	s.wake()
	return nil
}
