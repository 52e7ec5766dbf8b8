package classroom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// sightStore is where meetings are kept that a server shows.
type sightStore interface {
	RecordMeeting(ctx context.Context, m attendance.Meeting, pollAt time.Time) (attendance.Meeting, bool, error)
	ReviveMeeting(ctx context.Context, id string, pollAt time.Time) (attendance.Meeting, error)
}

// sighted records the meeting that a server shows in a room, where m was known:
// m itself, or another one. With people in it it lives, whatever has ended it in
// our records.
func sighted(ctx context.Context, store sightStore, m attendance.Meeting, info bbb.Meeting, pollAt time.Time) (attendance.Meeting, error) {
	if another(m, info) {
		m = attendance.Meeting{
			ID: newID(), RoomID: m.RoomID, ServerID: m.ServerID, MeetingID: m.MeetingID, PlacementID: m.PlacementID,
			InternalID: info.InternalMeetingID, CreateTime: info.CreateTime, ClockOffset: m.ClockOffset,
		}
		var err error
		if m, _, err = store.RecordMeeting(ctx, m, pollAt); err != nil {
			return m, fmt.Errorf("record meeting %s: %w", info.InternalMeetingID, err)
		}
	}
	if m.EndedAt.IsZero() || len(info.Attendees) == 0 || info.ForciblyEnded {
		return m, nil
	}
	m, err := store.ReviveMeeting(ctx, m.ID, pollAt)
	if err != nil {
		return m, fmt.Errorf("revive meeting %s: %w", info.InternalMeetingID, err)
	}
	return m, nil
}

const pastWait = 2 * time.Second // for a server, with a class that is over as far as we know

// lookBack says what goes on in a room of which we know no class. One that was
// taken for over not long ago is asked for, once every downFor: it may go on.
func (s *Rooms) lookBack(ctx context.Context, room Room) (Live, error) {
	_, err := s.Store.ServerOf(ctx, room.TenantID)
	none := Live{NoServer: errors.Is(err, ErrNoServer), At: s.Now()}
	m, err := s.Store.LastMeeting(ctx, room.ID)
	if errors.Is(err, ErrNotFound) {
		return none, nil
	}
	if err != nil {
		return Live{}, fmt.Errorf("last meeting of room %s: %w", room.ID, err)
	}
	if m.EndedAt.IsZero() || !m.StoppedAt.IsZero() || s.Now().Sub(m.CountsAt) > lookBackFor || !s.live.mayAsk(room.ID, s.Now()) {
		return none, nil
	}
	server, err := s.Store.Server(ctx, m.ServerID)
	if err != nil {
		return none, nil
	}
	asking, cancel := context.WithTimeout(ctx, pastWait)
	defer cancel()
	info, err := s.Client(server).MeetingInfo(asking, m.MeetingID)
	if err != nil || info.ForciblyEnded || len(info.Attendees) == 0 {
		return none, nil
	}
	return s.seen(ctx, m, info)
}

// mayAsk reports whether a class that is over may be asked for now, and notes
// that it was.
func (l *lives) mayAsk(roomID string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.asked[roomID]) < downFor {
		return false
	}
	if l.asked == nil || len(l.asked) >= liveMost {
		l.asked = map[string]time.Time{}
	}
	l.asked[roomID] = now
	return true
}

// notFound says what goes on in a room whose live meeting the server doesn't
// find. It is asked from another side; if that knows the class, what the last
// look saw of it holds.
func (s *Rooms) notFound(ctx context.Context, room Room, m attendance.Meeting, client MeetingServer) (Live, error) {
	if running, err := client.IsMeetingRunning(ctx, m.MeetingID); err != nil || !running || !m.StoppedAt.IsZero() {
		return Live{Over: !m.StoppedAt.IsZero(), At: s.Now()}, nil
	}
	l := Live{Meeting: m, At: s.Now()}
	if known, ok := s.live.last(room.ID); ok && known.Meeting.ID == m.ID && known.Running {
		known.At = l.At
		return known, nil
	}
	evidence, err := s.Store.LastLook(ctx, m.ID)
	if err != nil {
		return Live{}, fmt.Errorf("last look at meeting %s: %w", m.ID, err)
	}
	people, err := s.Store.RoomPeople(ctx, room.ID)
	if err != nil {
		return Live{}, fmt.Errorf("people of room %s: %w", room.ID, err)
	}
	moderates := map[string]bool{}
	for _, e := range people {
		moderates[e.PersonID] = moderates[e.PersonID] || e.Role == Moderator || room.Settings.EveryoneModerates
	}
	var seen bbb.Meeting
	for _, id := range lastSeen(evidence) {
		seen.Attendees = append(seen.Attendees, bbb.Participant{UserID: id, FullName: Person{ID: id}.DisplayName(), Moderator: moderates[id]})
	}
	l.count(seen)
	return l, nil
}

// lastSeen are the people of the last look at a meeting.
func lastSeen(evidence []attendance.Evidence) []string {
	var joined []string
	for _, e := range evidence {
		var report attendance.PollReport
		switch {
		case e.Source == attendance.Poll && json.Unmarshal(e.Body, &report) == nil:
			return report.People
		case e.Source == attendance.Joining:
			joined = append(joined, string(e.Body))
		}
	}
	return joined
}

// last is what was known last of a room's class, however old.
func (l *lives) last(roomID string) (Live, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known, ok := l.known[roomID]
	return known, ok
}
