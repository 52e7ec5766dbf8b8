package bbbtest

import (
	"cmp"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	moderator = "MODERATOR"
	viewer    = "VIEWER"
)

// A meeting is one run. Its fields are guarded by Server.mu.
type meeting struct {
	id, internalID, name    string
	attendeePW, moderatorPW string
	params                  params
	meta                    map[string]string
	voiceBridge             int
	created                 time.Time
	documents               []Document
	sessions                []*session // in the order of joining
	chat                    []chatLine
	polls                   []*poll
	recording               bool // right now
	recorded                bool // somebody has recorded something
	ended                   time.Time
	gone                    bool
	reason                  string
}

// A session is what BigBlueButton calls a user: one join, one browser tab.
type session struct {
	id, token, cookie    string
	userID, name, role   string
	guest                string // ALLOW, WAIT or DENY
	logoutURL            string
	custom               map[string]string
	spans                []span // when its client was connected
	over                 bool   // left by the button, or thrown out
	loads                int
	beat                 time.Time // zero: its client never promised to call
	handUp               bool
	talks                []span
	chats, hands, emojis int
	votes                int
}

// A span is a stretch of time, open while to is zero.
type span struct{ from, to time.Time }

type chatLine struct {
	at         time.Time
	name, text string
	userID     string
}

type poll struct {
	id, question, kind string
	options            []string
	at                 time.Time
	votes              map[string]string // by external user id
}

func (x *session) online() bool {
	return len(x.spans) > 0 && x.spans[len(x.spans)-1].to.IsZero()
}

func (x *session) joined() bool { return len(x.spans) > 0 }

// left is when x's client was last there; zero if it is, or never was.
func (x *session) left() time.Time {
	if !x.joined() {
		return time.Time{}
	}
	return x.spans[len(x.spans)-1].to
}

func (x *session) connect(at time.Time) {
	if !x.online() {
		x.spans = append(x.spans, span{from: at})
	}
}

func (x *session) disconnect(at time.Time) {
	if x.online() {
		x.spans[len(x.spans)-1].to = at
		x.handUp, x.beat = false, time.Time{}
	}
}

func (x *session) talking(at time.Time) bool {
	if len(x.talks) == 0 || !x.online() {
		return false
	}
	last := x.talks[len(x.talks)-1]
	return last.to.IsZero() || at.Before(last.to)
}

// present lists the sessions that are connected; with a time, also those that
// left less than linger before it.
func (m *meeting) present(now time.Time, linger time.Duration) []*session {
	var in []*session
	for _, x := range m.sessions {
		if x.online() || (x.joined() && linger > 0 && now.Before(x.left().Add(linger))) {
			in = append(in, x)
		}
	}
	return in
}

func (m *meeting) online() []*session { return m.present(time.Time{}, 0) }

// people are the distinct external ids among those who are connected.
func (m *meeting) people() map[string]bool {
	ids := map[string]bool{}
	for _, x := range m.online() {
		ids[x.userID] = true
	}
	return ids
}

// started is when the first person came in.
func (m *meeting) started() time.Time {
	var first time.Time
	for _, x := range m.sessions {
		if x.joined() && (first.IsZero() || x.spans[0].from.Before(first)) {
			first = x.spans[0].from
		}
	}
	return first
}

// lastLeft is since when nobody of those that want accepts is connected; zero
// while somebody is, and if there never was anyone.
func (m *meeting) lastLeft(want func(*session) bool) time.Time {
	var last time.Time
	for _, x := range m.sessions {
		switch {
		case !x.joined() || !want(x):
		case x.online():
			return time.Time{}
		case x.left().After(last):
			last = x.left()
		}
	}
	return last
}

func anyone(*session) bool       { return true }
func moderates(x *session) bool  { return x.role == moderator }
func (m *meeting) records() bool { return m.params.is("record") }

// minutes is a number among the parameters; anything else is the default.
func (m *meeting) minutes(name string, otherwise int) time.Duration {
	return time.Duration(m.number(name, otherwise)) * time.Minute
}

func (m *meeting) number(name string, otherwise int) int {
	n, err := strconv.Atoi(m.params.text(name))
	if err != nil {
		return otherwise
	}
	return n
}

// is reads a boolean parameter with a default.
func (m *meeting) is(name string, otherwise bool) bool {
	if m.params.text(name) == "" {
		return otherwise
	}
	return m.params.is(name)
}

// find looks for a living meeting as BigBlueButton does: id may be the start
// of an internal id, and only then it's hashed.
func (s *Server) find(id string) *meeting {
	if id == "" {
		return nil
	}
	for _, start := range []string{id, hashed(id)} {
		for _, m := range s.meetings {
			if strings.HasPrefix(m.internalID, start) {
				return m
			}
		}
	}
	return nil
}

// newest is the latest run of a meeting, gone ones included.
func (s *Server) newest(id string) *meeting {
	var latest *meeting
	for _, m := range slices.Concat(s.past, s.meetings) {
		if m.id == id && (latest == nil || m.created.After(latest.created)) {
			latest = m
		}
	}
	return latest
}

// byToken finds who holds a session token, also in a meeting that is gone.
func (s *Server) byToken(token string) (*meeting, *session) {
	if token == "" {
		return nil, nil
	}
	for _, m := range slices.Concat(s.meetings, s.past) {
		for _, x := range m.sessions {
			if x.token == token {
				return m, x
			}
		}
	}
	return nil, nil
}

func hashed(id string) string {
	sum := sha1.Sum([]byte(id))
	return hex.EncodeToString(sum[:])
}

// random is n characters of letters and digits.
func random(n int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[randomBelow(len(alphabet))]
	}
	return string(b)
}

func randomBelow(n int) int {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic("bbbtest: " + err.Error()) // crypto/rand never fails
	}
	return int(i.Int64())
}

// Meeting is a picture of one run of a meeting.
type Meeting struct {
	ID, InternalID, Name    string
	AttendeePW, ModeratorPW string
	Params                  map[string]string // of create, first values
	Metadata                map[string]string // names in lower case
	Documents               []Document
	CreatedAt               time.Time
	EndedAt                 time.Time // zero while it lives
	EndReason               string    // "end", "client", "never joined", "last left", "duration", "no moderator", "lost"
	Running                 bool      // what isMeetingRunning says
	Gone                    bool      // the API knows it no more
	Recording, Recorded     bool
	People                  []Attendee // one for each join, in order
	Chat                    []string
}

// Attendee is one session: a person in two tabs is there twice.
type Attendee struct {
	UserID, InternalID, Name, Role string
	Guest                          string // ALLOW, WAIT or DENY
	SessionToken                   string
	UserData                       map[string]string
	Online                         bool
	Joined, Left                   time.Time // first join, last leave
}

// Meeting shows the newest run of a meeting, which may be over.
func (s *Server) Meeting(externalID string) (Meeting, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	m := s.newest(externalID)
	if m == nil {
		return Meeting{}, false
	}
	return s.picture(m), true
}

// Meetings shows all runs that there have been, by their time of creation.
func (s *Server) Meetings() []Meeting {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	var all []Meeting
	for _, m := range slices.Concat(s.past, s.meetings) {
		all = append(all, s.picture(m))
	}
	slices.SortFunc(all, func(a, b Meeting) int { return cmp.Compare(millis(a.CreatedAt), millis(b.CreatedAt)) })
	return all
}

func (s *Server) picture(m *meeting) Meeting {
	p := Meeting{
		ID: m.id, InternalID: m.internalID, Name: m.name,
		AttendeePW: m.attendeePW, ModeratorPW: m.moderatorPW,
		Params: map[string]string{}, Metadata: maps.Clone(m.meta), Documents: slices.Clone(m.documents),
		CreatedAt: m.created, EndedAt: m.ended, EndReason: m.reason,
		Running: s.running(m), Gone: m.gone, Recording: m.recording, Recorded: m.recorded,
	}
	for name := range m.params {
		p.Params[name] = m.params.first(name)
	}
	for _, line := range m.chat {
		p.Chat = append(p.Chat, line.name+": "+line.text)
	}
	for _, x := range m.sessions {
		a := Attendee{
			UserID: x.userID, InternalID: x.id, Name: x.name, Role: x.role, Guest: x.guest,
			SessionToken: x.token, UserData: maps.Clone(x.custom), Online: m.ended.IsZero() && x.online(), Left: x.left(),
		}
		if x.joined() {
			a.Joined = x.spans[0].from
		}
		p.People = append(p.People, a)
	}
	return p
}
