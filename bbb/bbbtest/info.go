package bbbtest

import (
	"maps"
	"slices"
	"time"
)

func (s *Server) isMeetingRunning(c *call) answer {
	m := s.find(c.params.text("meetingID"))
	return success(func(w *xmlWriter) { w.bool("running", m != nil && s.running(m)) })
}

var notFound = problem{"notFound", "A meeting with that ID does not exist"}

// endCall asks a meeting to end. Its end is not waited for. From 2.5 on the
// password is not compared.
func (s *Server) endCall(c *call) answer {
	m := s.find(c.params.text("meetingID"))
	if m == nil {
		return failure(notFound)
	}
	if m.ended.IsZero() {
		s.end(m, s.now(), "end")
	}
	return noted("sentEndMeetingRequest", "A request to end the meeting was sent. Please wait a few seconds, "+
		"and then use the getMeetingInfo or isMeetingRunning API calls to verify that it was ended.", func(*xmlWriter) {})
}

func (s *Server) getMeetingInfo(c *call) answer {
	m := s.find(c.params.text("meetingID"))
	if m == nil {
		return failure(notFound)
	}
	linger := time.Duration(0)
	if s.o.Release == "2.5" {
		linger = s.o.Linger
	}
	return success(func(w *xmlWriter) { s.writeMeeting(w, m, m.present(s.now(), linger)) })
}

func (s *Server) getMeetings(*call) answer {
	if len(s.meetings) == 0 {
		return noted("noMeetings", "no meetings were found on this server", func(w *xmlWriter) {
			w.WriteString("<meetings/>\n")
		})
	}
	return success(func(w *xmlWriter) {
		w.in("meetings", func() {
			for _, m := range s.meetings {
				w.in("meeting", func() { s.writeMeeting(w, m, m.present(s.now(), s.o.Linger)) })
			}
		})
	})
}

// writeMeeting writes m with one attendee for each of its sessions in people.
func (s *Server) writeMeeting(w *xmlWriter, m *meeting, people []*session) {
	w.el("meetingName", m.name)
	w.el("meetingID", m.id)
	w.el("internalMeetingID", m.internalID)
	w.millis("createTime", m.created)
	w.el("createDate", s.date(m.created))
	w.num("voiceBridge", int64(m.voiceBridge))
	w.el("dialNumber", cmpOr(m.params.text("dialNumber"), "613-555-1234"))
	m.writePasswords(w)
	w.bool("running", s.running(m))
	w.num("duration", int64(m.number("duration", 0)))
	w.bool("hasUserJoined", !m.started().IsZero())
	w.bool("recording", m.records())
	w.bool("hasBeenForciblyEnded", !m.ended.IsZero())
	w.millis("startTime", m.started())
	w.millis("endTime", m.endTime())
	s.writeCounts(w, m, people)
	w.in("attendees", func() {
		for _, x := range people {
			w.in("attendee", func() { s.writeAttendee(w, m, x) })
		}
	})
	w.in("metadata", func() {
		meta := s.shownMetadata(m)
		for _, name := range slices.Sorted(maps.Keys(meta)) {
			w.el(name, meta[name])
		}
	})
	w.el("isBreakout", "false")
}

// endTime is set by the last one to leave, and taken back by who returns.
func (m *meeting) endTime() time.Time {
	if !m.ended.IsZero() {
		return m.ended
	}
	return m.lastLeft(anyone)
}

func (s *Server) writeCounts(w *xmlWriter, m *meeting, people []*session) {
	voices, moderators := 0, 0
	for _, x := range people {
		if x.talking(s.now()) {
			voices++
		}
		if x.role == moderator {
			moderators++
		}
	}
	w.num("participantCount", int64(len(people)))
	w.num("listenerCount", 0)
	w.num("voiceParticipantCount", int64(voices))
	w.num("videoCount", 0)
	w.num("maxUsers", int64(m.number("maxParticipants", 0)))
	w.num("moderatorCount", int64(moderators))
}

func (s *Server) writeAttendee(w *xmlWriter, m *meeting, x *session) {
	w.el("userID", x.userID)
	w.el("fullName", x.name)
	w.el("role", x.role)
	w.bool("isPresenter", x == m.presenter())
	w.el("isListeningOnly", "false")
	w.bool("hasJoinedVoice", x.talking(s.now()))
	w.el("hasVideo", "false")
	w.el("clientType", "HTML5")
	if len(x.custom) > 0 {
		w.in("customdata", func() {
			for _, name := range slices.Sorted(maps.Keys(x.custom)) {
				w.el(name, x.custom[name])
			}
		})
	}
}

// presenter is the first moderator, or else the first person.
func (m *meeting) presenter() *session {
	in := m.online()
	for _, x := range in {
		if x.role == moderator {
			return x
		}
	}
	if len(in) == 0 {
		return nil
	}
	return in[0]
}

// shownMetadata is m's metadata as this kind of server tells it.
func (s *Server) shownMetadata(m *meeting) map[string]string {
	meta := maps.Clone(m.meta)
	if s.o.Mode == Scalelite && meta[analyticsURL] != "" {
		meta[analyticsURL] = s.base.String() + "/api/analytics_callback"
	}
	if s.o.Mode == B3scale {
		meta["b3s-frontend"] = "frontend"
	}
	return meta
}
