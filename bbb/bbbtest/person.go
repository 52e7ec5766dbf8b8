package bbbtest

import (
	"slices"
	"strconv"
	"time"
)

// A Person is somebody in a meeting, for tests to move. Its methods fail the
// test (or panic, without Start) if the person isn't there.
type Person struct {
	s               *Server
	meeting, userID string
}

// Person is whoever has joined the newest run of a meeting with a userID.
func (s *Server) Person(externalMeetingID, userID string) *Person {
	return &Person{s: s, meeting: externalMeetingID, userID: userID}
}

// act runs do with the person's connected sessions, oldest first.
func (p *Person) act(do func(m *meeting, tabs []*session)) {
	if !p.try(do) {
		p.s.fail("no person %q in meeting %q", p.userID, p.meeting)
	}
}

func (p *Person) try(do func(m *meeting, tabs []*session)) bool {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.s.tick()
	m := p.s.newest(p.meeting)
	if m == nil || !m.ended.IsZero() {
		return false
	}
	tabs := slices.DeleteFunc(m.online(), func(x *session) bool { return x.userID != p.userID })
	if len(tabs) == 0 {
		return false
	}
	do(m, tabs)
	return true
}

// Leave closes all tabs of the person with the button.
func (p *Person) Leave() {
	p.act(func(_ *meeting, tabs []*session) {
		for _, x := range tabs {
			x.disconnect(p.s.now())
			x.over = true
		}
	})
}

// SecondTab lets the person come in once more, in another tab.
func (p *Person) SecondTab() {
	p.act(func(m *meeting, tabs []*session) { p.s.enter(m, m.copyOf(tabs[0])) })
}

// CloseTab closes the tab that was opened last; the others stay.
func (p *Person) CloseTab() {
	p.act(func(_ *meeting, tabs []*session) { tabs[len(tabs)-1].disconnect(p.s.now()) })
}

// RaiseHand raises the person's hand.
func (p *Person) RaiseHand() {
	p.act(func(_ *meeting, tabs []*session) {
		tabs[0].hands++
		tabs[0].handUp = true
	})
}

// React shows an emoji.
func (p *Person) React() { p.act(func(_ *meeting, tabs []*session) { tabs[0].emojis++ }) }

// Chat says something in the public chat.
func (p *Person) Chat(text string) {
	p.act(func(m *meeting, tabs []*session) { m.say(p.s.now(), tabs[0], text) })
}

// Talk lets the person talk for d from now on. If they leave before, or the
// meeting ends, it's cut off as the real server does it.
func (p *Person) Talk(d time.Duration) {
	p.act(func(_ *meeting, tabs []*session) {
		now := p.s.now()
		tabs[0].talks = append(tabs[0].talks, span{now, now.Add(d)})
	})
}

// Record presses the record button, which only moderators have: it starts, or
// stops if it was running.
func (p *Person) Record() {
	p.act(func(m *meeting, tabs []*session) { m.pressRecord(tabs[0]) })
}

// StartPoll asks everybody a question and returns the poll's id.
func (p *Person) StartPoll(question string, options ...string) (id string) {
	p.act(func(m *meeting, _ []*session) {
		now := p.s.now()
		id = m.internalID + "/" + strconv.Itoa(len(m.polls)+1) + "/" + strconv.FormatInt(now.UnixMilli(), 10)
		m.polls = append(m.polls, &poll{id: id, question: question, kind: "A-" + strconv.Itoa(len(options)),
			options: options, at: now, votes: map[string]string{}})
	})
	return id
}

// Vote answers a poll; the last answer stays.
func (p *Person) Vote(pollID, answer string) {
	p.act(func(m *meeting, tabs []*session) {
		tabs[0].votes++
		for _, poll := range m.polls {
			if poll.id == pollID {
				poll.votes[p.userID] = answer
			}
		}
	})
}

// Admit lets a waiting guest in, as a moderator would. Their page goes on by
// itself, or when it's opened again.
func (s *Server) Admit(externalMeetingID, userID string) {
	if !s.admit(externalMeetingID, userID) {
		s.fail("nobody %q waits for meeting %q", userID, externalMeetingID)
	}
}

func (s *Server) admit(externalMeetingID, userID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	m := s.newest(externalMeetingID)
	return m != nil && m.admit(userID)
}

func (m *meeting) admit(userID string) (found bool) {
	for _, x := range m.sessions {
		if x.userID == userID && x.guest == "WAIT" {
			x.guest, found = "ALLOW", true
		}
	}
	return found
}

// copyOf registers x's person once more.
func (m *meeting) copyOf(x *session) *session {
	y := &session{
		id: "w_" + random(12), token: random(16), cookie: x.cookie,
		userID: x.userID, name: x.name, role: x.role, guest: x.guest, logoutURL: x.logoutURL, custom: x.custom,
	}
	m.sessions = append(m.sessions, y)
	return y
}

func (m *meeting) say(at time.Time, x *session, text string) {
	x.chats++
	m.chat = append(m.chat, chatLine{at: at, name: x.name, userID: x.userID, text: text})
}

// pressRecord does nothing where recording isn't allowed.
func (m *meeting) pressRecord(x *session) {
	if m.records() && m.is("allowStartStopRecording", true) && x.role == moderator {
		m.recording = !m.recording
		m.recorded = true
	}
}
