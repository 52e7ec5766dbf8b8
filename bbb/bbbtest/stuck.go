package bbbtest

// A Stuck says how a meeting's id is stuck: until end is called, no class can
// begin under it (bigbluebutton/bigbluebutton#18913). The zero value is what
// Scalelite says of a meeting on a node that it can't reach, though it can.
type Stuck struct {
	Key, Message string // of create's refusal; default: Scalelite's internalError

	// Unreachable has all other calls about the meeting refused as well. end
	// helps all the same: the balancer forgets the meeting before it asks its
	// node.
	Unreachable bool

	// Dying: create is no failure, but the meeting, once ended, is never gone.
	// It can't be joined, and Key and Message mean nothing.
	Dying bool

	// ForGood: end doesn't help, and only another id does.
	ForGood bool
}

// Stick makes a meeting's id stuck from now on, whether there is a meeting or
// not.
func (s *Server) Stick(externalID string, how Stuck) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if how.Key == "" {
		how.Key, how.Message = unreachable.key, "Unable to create meeting on server."
	}
	if s.stuck == nil {
		s.stuck = map[string]Stuck{}
	}
	s.stuck[externalID] = how
}

var unreachable = problem{"internalError", "Unable to access meeting on server."}

// stuckAt is why a call about a stuck meeting is refused. end unsticks it.
func (s *Server) stuckAt(c *call) (problem, bool) {
	id := c.params.text("meetingID")
	how, stuck := s.stuck[id]
	switch {
	case !stuck:
		return problem{}, false
	case c.name == "create":
		return problem{how.Key, how.Message}, !how.Dying
	case c.name == "end" && !how.ForGood:
		delete(s.stuck, id)
		if m := s.newest(id); how.Unreachable && m != nil && !m.gone {
			m.ended, m.reason = s.now(), "lost"
			s.remove(m)
		}
	case c.name == "getRecordings": // it asks no node
		return problem{}, false
	}
	return unreachable, how.Unreachable
}
