package bbbtest

import (
	"slices"
	"time"
)

// beatTimeout is how long a client that promised to call may be silent.
// Browsers let tabs in the background call once a minute.
const beatTimeout = 75 * time.Second

// Tick evaluates what the clock has brought: crashed tabs, expiry, ends.
func (s *Server) Tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
}

func (s *Server) tick() {
	now := s.now()
	for _, m := range slices.Clone(s.meetings) {
		m.dropSilent(now)
		if at, reason := m.deadline(); m.ended.IsZero() && reason != "" && !now.Before(at) {
			s.end(m, at, reason)
		}
		if !m.ended.IsZero() && !s.stuck[m.id].Dying && !now.Before(after(m.ended, s.o.EndDelay)) {
			s.remove(m)
		}
	}
}

// dropSilent notices clients that stopped calling.
func (m *meeting) dropSilent(now time.Time) {
	if !m.ended.IsZero() {
		return
	}
	for _, x := range m.sessions {
		if silent := x.beat.Add(beatTimeout); x.online() && !x.beat.IsZero() && now.After(silent) {
			x.disconnect(silent)
		}
	}
}

// deadline is the earliest moment at which a rule ends m, and which; no reason
// means that it may go on.
func (m *meeting) deadline() (at time.Time, reason string) {
	rule := func(from time.Time, d time.Duration, name string) {
		if from.IsZero() {
			return
		}
		// The server asks whether more than d has passed; 0 is at once.
		t := from
		if d > 0 {
			t = from.Add(d + time.Millisecond)
		}
		if reason == "" || t.Before(at) {
			at, reason = t, name
		}
	}
	if m.started().IsZero() {
		rule(m.created, m.minutes("meetingExpireIfNoUserJoinedInMinutes", 5), "never joined")
	}
	rule(m.lastLeft(anyone), m.minutes("meetingExpireWhenLastUserLeftInMinutes", 1), "last left")
	if d := m.minutes("duration", 0); d > 0 {
		rule(m.created, d, "duration")
	}
	if m.params.is("endWhenNoModerator") {
		rule(m.lastLeft(moderates), m.minutes("endWhenNoModeratorDelayInMinutes", 1), "no moderator")
	}
	return at, reason
}

// end stops a meeting. Its people are thrown out without an event of their
// own; it stays in the lists until Options.EndDelay is over.
func (s *Server) end(m *meeting, at time.Time, reason string) {
	m.ended, m.reason = at, reason
	s.makeRecording(m)
	s.queueCallbacks(m)
	s.o.Log.Info("meeting ended", "meeting", m.internalID, "code", reason)
	if s.o.Mode == Scalelite {
		s.remove(m) // the balancer forgets it before it tells the node
	}
}

// remove makes the API forget m.
func (s *Server) remove(m *meeting) {
	m.gone = true
	s.meetings = slices.DeleteFunc(s.meetings, func(x *meeting) bool { return x == m })
	s.past = append(s.past, m)
}

// EndNow ends a meeting as a moderator does in the client.
func (s *Server) EndNow(externalID string) {
	if !s.endNow(externalID) {
		s.fail("no meeting %q to end", externalID)
	}
}

func (s *Server) endNow(externalID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	m := s.newest(externalID)
	if m == nil || !m.ended.IsZero() {
		return false
	}
	s.end(m, s.now(), "client")
	return true
}

// LoseNode makes all meetings vanish, and no callback tells of it.
func (s *Server) LoseNode() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for _, m := range slices.Clone(s.meetings) {
		m.ended, m.reason = now, "lost"
		s.remove(m)
	}
	s.callbacks = nil
}

// running is what isMeetingRunning says: somebody is in, or just was.
func (s *Server) running(m *meeting) bool {
	return !m.gone && len(m.present(s.now(), s.o.Linger)) > 0
}
