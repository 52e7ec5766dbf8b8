package bbbtest

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// openClient is the page behind a session token: opening it is what brings a
// person into the meeting.
func (s *Server) openClient(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	m, x := s.byToken(r.FormValue("sessionToken"))
	switch {
	case m == nil || !s.knowsBrowser(m, x, r):
		s.show(w, http.StatusUnauthorized, "notice.html", notice{
			frame: s.frame("This address isn't valid any more"), Text: "Go back to your course and join the class from there.",
		})
	case s.o.ClientDown:
		html(http.StatusBadGateway).write(w)
	case !m.ended.IsZero() || x.over:
		http.Redirect(w, r, s.exit(m, x), http.StatusFound)
	case x.guest == "WAIT":
		s.show(w, http.StatusOK, "notice.html", notice{
			frame: s.frame("Please wait"), Refresh: s.clientPage(x.token),
			Text: "A moderator of “" + m.name + "” lets you in. This page goes on by itself.",
		})
	case x.guest == "DENY":
		s.show(w, http.StatusForbidden, "notice.html", notice{
			frame: s.frame("You can't join this class"), Text: "Its moderators let nobody in at the moment.", Link: s.exit(m, x),
		})
	case !x.online() && !s.enter(m, x):
		s.show(w, http.StatusForbidden, "notice.html", notice{
			frame: s.frame("This class is full"), Text: "Try again when somebody has left.", Link: s.exit(m, x),
		})
	default:
		x.loads++
		if r.FormValue("beat") != "" {
			x.beat = s.now()
		}
		s.show(w, http.StatusOK, "classroom.html", s.classroom(m, x))
	}
}

// knowsBrowser reports whether the cookie that join set came back, if that's
// asked for.
func (s *Server) knowsBrowser(m *meeting, x *session, r *http.Request) bool {
	if !s.o.RequireCookie || m.params.is("allowRequestsWithoutSession") {
		return true
	}
	return slices.ContainsFunc(r.CookiesNamed("JSESSIONID"), func(c *http.Cookie) bool { return c.Value == x.cookie })
}

// exit is where a person goes after the class.
func (s *Server) exit(m *meeting, x *session) string {
	if x.logoutURL != "" && s.o.Release != "2.5" {
		return x.logoutURL
	}
	return cmpOr(m.params.text("logoutURL"), s.page("/"))
}

// lookClient answers the moving parts of the classroom, and 410 with an
// address when it's over. Whoever asks promises to ask again.
func (s *Server) lookClient(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	m, x := s.byToken(r.FormValue("sessionToken"))
	if m == nil || !m.ended.IsZero() || x.over || x.guest != "ALLOW" {
		address := s.page("/")
		if m != nil {
			address = s.exit(m, x)
		}
		answer{status: http.StatusGone, contentType: "text/plain; charset=utf-8", body: address}.write(w)
		return
	}
	if r.FormValue("load") == strconv.Itoa(x.loads) {
		if !x.online() && !s.enter(m, x) {
			answer{status: http.StatusGone, contentType: "text/plain; charset=utf-8", body: s.exit(m, x)}.write(w)
			return
		}
		x.beat = s.now()
	}
	s.show(w, http.StatusOK, "live", s.classroom(m, x))
}

// goneClient is a tab that closes. A newer load of the same page stays.
func (s *Server) goneClient(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	m, x := s.byToken(r.URL.Query().Get("sessionToken"))
	if m != nil && m.ended.IsZero() && r.URL.Query().Get("load") == strconv.Itoa(x.loads) {
		x.disconnect(s.now())
	}
	w.WriteHeader(http.StatusNoContent)
}

// actClient is a button of the classroom.
func (s *Server) actClient(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	m, x := s.byToken(r.FormValue("sessionToken"))
	if m == nil {
		http.Error(w, "no such session", http.StatusUnauthorized)
		return
	}
	next := s.clientPage(x.token)
	if m.ended.IsZero() && x.online() {
		if copied := s.press(m, x, r); copied != nil {
			next = s.clientPage(copied.token)
		}
	}
	if !m.ended.IsZero() || x.over {
		next = s.exit(m, x)
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// press does what a button says; a second tab is returned.
func (s *Server) press(m *meeting, x *session, r *http.Request) *session {
	now := s.now()
	switch r.FormValue("do") {
	case "chat":
		if text := clean(r.FormValue("text")); text != "" {
			m.say(now, x, text)
		}
	case "hand":
		if x.handUp = !x.handUp; x.handUp {
			x.hands++
		}
	case "talk":
		if x.talking(now) {
			x.talks[len(x.talks)-1].to = now
		} else {
			x.talks = append(x.talks, span{from: now})
		}
	case "record":
		m.pressRecord(x)
	case "admit":
		if moderates(x) {
			m.admit(r.FormValue("user"))
		}
	case "tab":
		return m.copyOf(x)
	case "leave":
		x.disconnect(now)
		x.over = true
	case "end":
		if moderates(x) {
			s.end(m, now, "client")
		}
	}
	return nil
}

// classroom is the data of the page.
type classroom struct {
	frame
	Self, Act, Query     string
	Welcome, Elapsed     string
	Count                int
	People, Waiting      []tile
	Chat                 []line
	Moderator, CanRecord bool
	HandUp, Talking      bool
	Recording, Recorded  bool
}

type tile struct {
	UserID, Name, Initials, Role string
	Tabs                         int
	Me, Hand, Talking            bool
}

type line struct {
	Name, Text string
	Mine       bool
}

func (s *Server) classroom(m *meeting, x *session) classroom {
	query := url.Values{"sessionToken": {x.token}, "load": {strconv.Itoa(x.loads)}}
	c := classroom{
		frame: s.frame(m.name), Self: s.clientPage(x.token), Query: query.Encode(),
		Act:     s.root + "/html5client/act?sessionToken=" + url.QueryEscape(x.token),
		Welcome: plainText(strings.ReplaceAll(m.params.first("welcome"), "%%CONFNAME%%", m.name)),
		Elapsed: cmp.Or(elapsed(s.now().Sub(m.started())), "just started"), People: s.tiles(m, x), Moderator: moderates(x),
		CanRecord: moderates(x) && m.records() && m.is("allowStartStopRecording", true),
		HandUp:    x.handUp, Talking: x.talking(s.now()),
		Recording: m.recording, Recorded: m.recorded,
	}
	c.Count = len(c.People)
	for _, l := range m.chat {
		c.Chat = append(c.Chat, line{l.name, l.text, l.userID == x.userID})
	}
	if c.Moderator {
		for _, y := range m.sessions {
			if y.guest == "WAIT" {
				c.Waiting = append(c.Waiting, tile{UserID: y.userID, Name: y.name})
			}
		}
	}
	return c
}

// tiles are the people in class, moderators first; tabs of one person are one.
func (s *Server) tiles(m *meeting, me *session) []tile {
	var list []tile
	at := map[string]int{}
	for _, y := range m.online() {
		i, seen := at[y.userID]
		if !seen {
			i = len(list)
			at[y.userID] = i
			role := "Viewer"
			if moderates(y) {
				role = "Moderator"
			}
			list = append(list, tile{UserID: y.userID, Name: y.name, Initials: initials(y.name), Role: role})
		}
		t := &list[i]
		t.Tabs++
		t.Me = t.Me || y.userID == me.userID
		t.Hand = t.Hand || y.handUp
		t.Talking = t.Talking || y.talking(s.now())
	}
	slices.SortStableFunc(list, func(a, b tile) int { return cmp.Compare(a.Role, b.Role) })
	return list
}

// initials are the first letters of up to two words.
func initials(name string) string {
	var letters []rune
	for word := range strings.FieldsSeq(name) {
		if len(letters) < 2 {
			letters = append(letters, []rune(word)[0])
		}
	}
	return strings.ToUpper(string(letters))
}

// elapsed says a duration as people do; nothing if it's under a minute.
func elapsed(d time.Duration) string {
	minutes := int(d.Minutes())
	switch {
	case minutes < 1:
		return ""
	case minutes < 60:
		return strconv.Itoa(minutes) + " min"
	}
	return strconv.Itoa(minutes/60) + " h " + strconv.Itoa(minutes%60) + " min"
}
