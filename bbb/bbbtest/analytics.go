package bbbtest

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const analyticsURL = "analytics-callback-url"

// The body of an analytics callback, in both generations: what a generation
// doesn't have is left empty and not written.
type analyticsBody struct {
	Version    string        `json:"version"`
	MeetingID  string        `json:"meeting_id"`
	InternalID string        `json:"internal_meeting_id"`
	Data       analyticsData `json:"data"`
	// What a balancer's web framework adds.
	Customer   string `json:"customer,omitempty"`
	Controller string `json:"controller,omitempty"`
	Action     string `json:"action,omitempty"`
	Format     string `json:"format,omitempty"`
}

type analyticsData struct {
	Metadata  map[string]string `json:"metadata"`
	Duration  int64             `json:"duration"`
	Start     string            `json:"start"`
	Finish    string            `json:"finish"`
	Attendees []analyticsPerson `json:"attendees"`
	Files     []string          `json:"files"`
	Polls     []analyticsPoll   `json:"polls"`
}

type analyticsPerson struct {
	UserID     string             `json:"ext_user_id"`
	Name       string             `json:"name"`
	Moderator  bool               `json:"moderator"`
	Joins      []string           `json:"joins"`
	Leaves     []string           `json:"leaves"`
	Duration   any                `json:"duration"`
	TalkingAt  string             `json:"recent_talking_time"`
	Engagement engagement         `json:"engagement"`
	Sessions   []analyticsSession `json:"sessions,omitempty"`
}

type engagement struct {
	Chats     int   `json:"chats"`
	Talks     int   `json:"talks"`
	Hands     int   `json:"raisehand"`
	Emojis    int   `json:"emojis"`
	PollVotes int   `json:"poll_votes"`
	TalkTime  int64 `json:"talk_time"`
}

type analyticsSession struct {
	Joins []analyticsEvent `json:"joins"`
	Lefts []analyticsEvent `json:"lefts"`
}

type analyticsEvent struct {
	Timestamp string `json:"timestamp"`
	UserID    string `json:"userid"`
	ExtUserID string `json:"ext_userid"`
	Event     string `json:"event"`
	Remove    bool   `json:"remove"`
}

type analyticsPoll struct {
	ID        string            `json:"id"`
	Type      string            `json:"type,omitempty"`
	Question  *string           `json:"question,omitempty"`
	Published bool              `json:"published"`
	Options   []string          `json:"options"`
	Start     string            `json:"start"`
	Votes     map[string]string `json:"votes"`
}

// seconds is a number that generation 1.2 writes, with its point.
type seconds float64

func (s seconds) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(s), 'f', 1, 64), nil
}

// An event is a join or a leave of one session.
type event struct {
	at     time.Time
	x      *session
	join   bool
	remove bool // hidden inside another stay of the same person
}

// A report makes the body for one meeting.
type report struct {
	o      Options
	m      *meeting
	finish time.Time
}

func (r report) old() bool { return r.o.GemVersion == "1.2" }

// AnalyticsBody is what would be posted for the newest run of a meeting if it
// ended now; nil if there is none.
func (s *Server) AnalyticsBody(externalID string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	m := s.newest(externalID)
	if m == nil {
		return nil
	}
	return s.analytics(m)
}

func (s *Server) analytics(m *meeting) []byte {
	r := report{o: s.o, m: m, finish: whole(cmp.Or(m.ended, s.now()))}
	body := analyticsBody{
		Version: "1.0", MeetingID: m.id, InternalID: m.internalID,
		Data: analyticsData{
			Metadata: s.analyticsMetadata(m), Duration: int64(r.finish.Sub(whole(m.created)).Seconds()),
			Start: r.stamp(m.created), Finish: r.stamp(r.finish),
			Attendees: r.people(), Files: []string{}, Polls: r.polls(),
		},
	}
	for _, d := range m.documents {
		body.Data.Files = append(body.Data.Files, d.Name)
	}
	switch s.o.Mode {
	case Scalelite:
		body.Customer, body.Controller, body.Action, body.Format = "bbbtest", "bigbluebutton/api", "analytics_callback", "json"
	case B3scale:
		body.MeetingID = encodedID(m.id)
	}
	return []byte(jsonText(body))
}

// whole drops the part of a second, as the gem's stamps do.
func whole(t time.Time) time.Time { return t.Truncate(time.Second) }

func (r report) stamp(t time.Time) string {
	t = whole(t).In(r.o.Zone)
	if r.old() {
		return t.Format("2006-01-02 15:04:05 -0700")
	}
	return t.Format("2006-01-02T15:04:05.000-07:00")
}

func (s *Server) analyticsMetadata(m *meeting) map[string]string {
	meta := map[string]string{"meeting_name": m.name, "is_breakout": "false"}
	for name, value := range s.shownMetadata(m) {
		if name = underscored(name); name != "meeting_id" && !strings.HasPrefix(name, "gl_") {
			meta[name] = value
		}
	}
	return meta
}

var (
	acronymEnd = regexp.MustCompile(`([A-Z\d]+)([A-Z][a-z])`)
	humps      = regexp.MustCompile(`([a-z\d])([A-Z])`)
)

// underscored is what happens to every key of the JSON: User-42 → user_42.
// Keys that are people's ids suffer it as well.
func underscored(key string) string {
	key = strings.ReplaceAll(key, "::", "/")
	key = acronymEnd.ReplaceAllString(key, "${1}_${2}")
	key = humps.ReplaceAllString(key, "${1}_${2}")
	return strings.ToLower(strings.ReplaceAll(key, "-", "_"))
}

// people are one entry for each external id, in the order of first joins.
func (r report) people() []analyticsPerson {
	var ids []string
	sessions := map[string][]*session{}
	for _, e := range r.events(r.m.sessions) {
		if e.join && !slices.Contains(sessions[e.x.userID], e.x) {
			if len(sessions[e.x.userID]) == 0 {
				ids = append(ids, e.x.userID)
			}
			sessions[e.x.userID] = append(sessions[e.x.userID], e.x)
		}
	}
	list := []analyticsPerson{}
	for _, id := range ids {
		if !slices.Contains(r.o.MissingPeople, id) {
			list = append(list, r.person(id, sessions[id]))
		}
	}
	return list
}

func (r report) person(id string, sessions []*session) analyticsPerson {
	events := r.events(sessions)
	p := analyticsPerson{UserID: id, Joins: []string{}, Leaves: []string{}}
	for _, e := range events {
		if e.join {
			p.Joins = append(p.Joins, r.stamp(e.at))
		} else {
			p.Leaves = append(p.Leaves, r.stamp(e.at))
		}
	}
	if len(p.Leaves) < len(p.Joins) {
		p.Leaves = append(p.Leaves, r.stamp(r.finish)) // one at most
	}
	for _, x := range sessions {
		p.Name, p.Moderator = x.name, p.Moderator || x.role == moderator
		r.engage(&p, x)
	}
	if r.old() {
		p.Duration = r.pairedDuration(events)
		return p
	}
	p.Duration = r.unitedDuration(events)
	for _, x := range sessions {
		p.Sessions = append(p.Sessions, r.session(x, events))
	}
	return p
}

// events are the joins and leaves of sessions in order of time. Who is inside
// at the end has no leave.
func (r report) events(sessions []*session) []*event {
	var all []*event
	for _, x := range sessions {
		for _, stay := range x.spans {
			all = append(all, &event{at: whole(stay.from), x: x, join: true})
			if !stay.to.IsZero() && !r.o.MissingLeaves {
				all = append(all, &event{at: whole(stay.to), x: x})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *event) int { return a.at.Compare(b.at) })
	return all
}

// unitedDuration merges what overlaps and marks the events inside; a stay
// without a leave lasts to the end.
func (r report) unitedDuration(events []*event) any {
	var total time.Duration
	var since time.Time
	open := map[*session]bool{}
	for _, e := range events {
		switch {
		case e.join:
			if e.remove = len(open) > 0; !e.remove {
				since = e.at
			}
			open[e.x] = true
		default:
			delete(open, e.x)
			if e.remove = len(open) > 0; !e.remove {
				total += e.at.Sub(since)
			}
		}
	}
	if len(open) > 0 {
		total += r.finish.Sub(since)
	}
	return int64(total.Seconds())
}

// pairedDuration is the sum of leave[i] - join[i]: two tabs count twice, and
// with too few leaves it's nothing.
func (r report) pairedDuration(events []*event) any {
	var joins, leaves []time.Time
	for _, e := range events {
		if e.join {
			joins = append(joins, e.at)
		} else {
			leaves = append(leaves, e.at)
		}
	}
	if len(leaves) < len(joins) {
		leaves = append(leaves, r.finish)
	}
	if len(leaves) != len(joins) {
		return seconds(0)
	}
	var total time.Duration
	for i := range joins {
		total += leaves[i].Sub(joins[i])
	}
	return seconds(total.Seconds())
}

func (r report) session(x *session, events []*event) analyticsSession {
	s := analyticsSession{Joins: []analyticsEvent{}, Lefts: []analyticsEvent{}}
	for _, e := range events {
		if e.x != x {
			continue
		}
		out := analyticsEvent{r.stamp(e.at), x.id, x.userID, "left", e.remove}
		if e.join {
			out.Event = "join"
			s.Joins = append(s.Joins, out)
		} else {
			s.Lefts = append(s.Lefts, out)
		}
	}
	return s
}

// engage adds what x did. A stretch of talking that has no end of its own
// counts as a talk, but not its time.
func (r report) engage(p *analyticsPerson, x *session) {
	p.Engagement.Chats += x.chats
	p.Engagement.PollVotes += x.votes
	if !r.o.ZeroHands {
		p.Engagement.Hands += x.hands
		p.Engagement.Emojis += x.emojis
	}
	for _, talk := range x.talks {
		p.Engagement.Talks++
		to := talk.to
		if left := x.leftAfter(talk.from); !left.IsZero() && (to.IsZero() || to.After(left)) {
			if to = left; r.old() {
				to = time.Time{}
			}
		}
		p.TalkingAt = ""
		if to.IsZero() || whole(to).After(r.finish) {
			p.TalkingAt = r.stamp(talk.from)
			continue
		}
		p.Engagement.TalkTime += int64(whole(to).Sub(whole(talk.from)).Seconds())
	}
}

// leftAfter is when x left the stay during which at was; zero if it didn't.
func (x *session) leftAfter(at time.Time) time.Time {
	for _, stay := range x.spans {
		if !at.Before(stay.from) && (stay.to.IsZero() || !at.After(stay.to)) {
			return stay.to
		}
	}
	return time.Time{}
}

func (r report) polls() []analyticsPoll {
	list := []analyticsPoll{}
	for _, p := range r.m.polls {
		out := analyticsPoll{
			ID: p.id, Published: !r.old(), Options: p.options, Start: r.stamp(p.at), Votes: map[string]string{},
		}
		if !r.old() {
			out.Type, out.Question = p.kind, &p.question
		}
		for id, answer := range p.votes {
			out.Votes[underscored(id)] = answer
		}
		list = append(list, out)
	}
	return list
}
