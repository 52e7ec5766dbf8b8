package classroom

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/attendance/attendancetest"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/jobs"
	"github.com/bbbridge/bbbridge/lti"
)

var (
	nine       = attendancetest.Nine
	minutes    = attendancetest.Minutes
	pollBody   = attendancetest.PollBody
	reportBody = attendancetest.ReportBody
)

type stretch = attendancetest.Stretch

// someEvidence is what might be told of a meeting of an hour.
func someEvidence(random *rand.Rand, m attendance.Meeting, people []string) []attendance.Evidence {
	var all []attendance.Evidence
	for _, e := range attendancetest.Told(random, m.InternalID, m.CreateTime, m.ClockOffset, people) {
		all = append(all, attendance.Evidence{MeetingID: m.ID, Source: attendance.Source(e.Source), At: e.At, Until: e.Until, Body: e.Body})
	}
	return all
}

// books is a database for tests of all that becomes of evidence: it keeps the
// promises of the store in memory.
type books struct {
	mu         sync.Mutex
	servers    []Server
	rooms      []Room
	meetings   []attendance.Meeting
	evidence   []attendance.Evidence
	people     []Enrolment
	placements []Placement
	decisions  attendance.Decisions
	platform   lti.Registration // of all placements
	removed    bool             // the platform
	deliveries map[gradebook.Key]gradebook.Delivery
	settlement Settlement                    // the last one
	accounts   map[string]attendance.Account // as saved, by meeting
	settled    int64                         // so often
	attended   map[string]Attended           // by session
	read       []string                      // meetings whose evidence was read, all of it
	readOn     int                           // pieces that were read of meetings that live
	jobs       map[string]*bookedJob
	now        func() time.Time
	oneNode    bool // so leases of the last run are free at the start
	serial     int
	swept      int
	expected   map[string][]Enrolment // by meeting
	holds      map[string]time.Time   // until when a placement's line item is being found

	// before and after, if set, are called around each call with its name.
	before, after func(call string) error
}

type bookedJob struct {
	jobs.Job
	waits  bool // RunAt counts
	leased time.Time
}

func newBooks() *books {
	return &books{now: func() time.Time { return nine(600) }, deliveries: map[gradebook.Key]gradebook.Delivery{}, accounts: map[string]attendance.Account{}, attended: map[string]Attended{}, jobs: map[string]*bookedJob{}, holds: map[string]time.Time{}, expected: map[string][]Enrolment{}}
}

// do makes one call to the books, unless before says no.
func (b *books) do(call string, f func() error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.before != nil {
		if err := b.before(call); err != nil {
			return err
		}
	}
	if err := f(); err != nil {
		return fmt.Errorf("%s: %w", call, err)
	}
	if b.after != nil {
		return b.after(call)
	}
	return nil
}

func (b *books) id(prefix string) string {
	b.serial++
	return fmt.Sprintf("%s%04d", prefix, b.serial)
}

func (b *books) find(same func(attendance.Meeting) bool) (*attendance.Meeting, error) {
	if i := slices.IndexFunc(b.meetings, same); i >= 0 {
		return &b.meetings[i], nil
	}
	return nil, ErrNotFound
}

func (b *books) byID(id string) (*attendance.Meeting, error) {
	return b.find(func(m attendance.Meeting) bool { return m.ID == id })
}

func (b *books) Meeting(_ context.Context, id string) (m attendance.Meeting, err error) {
	return m, b.do("Meeting", func() error {
		found, err := b.byID(id)
		if err == nil {
			m = *found
		}
		return err
	})
}

func (b *books) MeetingsByInternalID(_ context.Context, id string) (list []attendance.Meeting, err error) {
	return list, b.do("MeetingsByInternalID", func() error {
		for _, m := range b.meetings {
			if m.InternalID == id {
				list = append(list, m)
			}
		}
		return nil
	})
}

func (b *books) LiveMeetings(_ context.Context, roomID string) (list []attendance.Meeting, err error) {
	return list, b.do("LiveMeetings", func() error {
		for _, m := range b.meetings {
			if m.RoomID == roomID && m.EndedAt.IsZero() {
				list = append(list, m)
			}
		}
		return nil
	})
}

func (b *books) RoomMeetings(_ context.Context, roomID string) (list []attendance.Meeting, err error) {
	return list, b.do("RoomMeetings", func() error {
		for _, m := range b.meetings {
			if m.RoomID == roomID {
				list = append(list, m)
			}
		}
		slices.SortFunc(list, func(a, b attendance.Meeting) int {
			return cmp.Or(a.CreateTime.Compare(b.CreateTime), cmp.Compare(a.ID, b.ID))
		})
		return nil
	})
}

func (b *books) RoomByMeetingID(_ context.Context, id string) (room Room, err error) {
	return room, b.do("RoomByMeetingID", func() error {
		i := slices.IndexFunc(b.rooms, func(r Room) bool { return r.MeetingID == id })
		if i < 0 {
			return ErrNotFound
		}
		room = b.rooms[i]
		return nil
	})
}

func (b *books) RoomWithCourse(_ context.Context, id string) (room Room, course Course, err error) {
	return room, course, b.do("RoomWithCourse", func() error {
		i := slices.IndexFunc(b.rooms, func(r Room) bool { return r.ID == id })
		if i < 0 {
			return ErrNotFound
		}
		room = b.rooms[i]
		return nil
	})
}

func (b *books) RecordMeeting(_ context.Context, m attendance.Meeting, pollAt time.Time) (kept attendance.Meeting, isNew bool, err error) {
	return kept, isNew, b.do("RecordMeeting", func() error {
		if found, err := b.find(func(old attendance.Meeting) bool { return old.InternalID == m.InternalID && old.ServerID == m.ServerID }); err == nil {
			reported := slices.ContainsFunc(b.evidence, func(e attendance.Evidence) bool { return e.MeetingID == found.ID && e.Source == attendance.Analytics })
			if !found.EndedAt.IsZero() && !reported {
				b.revive(found, pollAt)
			}
			kept = *found
			return nil
		}
		b.meetings = append(b.meetings, m)
		kept, isNew = m, true
		b.begin(m, pollAt)
		return nil
	})
}

func (b *books) revive(m *attendance.Meeting, pollAt time.Time) {
	m.EndedAt, m.CountsAt = time.Time{}, time.Time{}
	b.news(m)
	m.Absences, m.AbsentSince, m.StoppedAt, m.Frozen = 0, time.Time{}, time.Time{}, false
	b.begin(*m, pollAt)
}

// news notes that something is new of a meeting.
func (b *books) news(m *attendance.Meeting) {
	m.Dirty = true
	m.News++
}

func (b *books) ReviveMeeting(_ context.Context, id string, pollAt time.Time) (m attendance.Meeting, err error) {
	return m, b.do("ReviveMeeting", func() error {
		found, err := b.byID(id)
		if err == nil {
			b.revive(found, pollAt)
			m = *found
		}
		return err
	})
}

func (b *books) PartMeeting(_ context.Context, roomID, id string, parted bool) error {
	return b.do("PartMeeting", func() error {
		m, err := b.byID(id)
		if err != nil || m.RoomID != roomID {
			return ErrNotFound
		}
		m.Parted = parted
		b.enqueue(jobs.Job{Kind: SettleJob, Subject: roomID, RunAt: b.now()})
		return nil
	})
}

func (b *books) MissMeeting(_ context.Context, id string, at time.Time) (m attendance.Meeting, err error) {
	return m, b.do("MissMeeting", func() error {
		found, err := b.byID(id)
		if err != nil {
			return err
		}
		if found.Absences++; found.AbsentSince.IsZero() {
			found.AbsentSince = at
		}
		m = *found
		return nil
	})
}

func (b *books) begin(m attendance.Meeting, pollAt time.Time) {
	b.enqueue(jobs.Job{Kind: PollJob, Subject: m.ID, Lane: m.ServerID, RunAt: pollAt})
	b.enqueue(jobs.Job{Kind: SettleJob, Subject: m.RoomID, RunAt: b.now()})
}

func (b *books) EndMeeting(_ context.Context, id string, at, countsAt time.Time) error {
	return b.do("EndMeeting", func() error {
		m, err := b.byID(id)
		if err != nil {
			return err
		}
		if m.EndedAt.IsZero() {
			m.EndedAt = at.Truncate(time.Millisecond)
		}
		if m.CountsAt.IsZero() || countsAt.Before(m.CountsAt) {
			m.CountsAt = countsAt.Truncate(time.Millisecond)
		}
		b.news(m)
		b.enqueue(jobs.Job{Kind: SettleJob, Subject: m.RoomID, RunAt: b.now()})
		return nil
	})
}

func (b *books) KeepEvidence(_ context.Context, e attendance.Evidence, settleAt time.Time) (isNew bool, err error) {
	return isNew, b.do("KeepEvidence", func() error {
		m, err := b.byID(e.MeetingID)
		if err != nil {
			return err
		}
		for _, old := range b.evidence {
			if old.MeetingID == e.MeetingID && old.Source == e.Source && string(old.Body) == string(e.Body) {
				return nil
			}
		}
		isNew, m.Dirty = true, true
		b.evidence = append(b.evidence, e)
		if !settleAt.IsZero() {
			b.enqueue(jobs.Job{Kind: SettleJob, Subject: m.RoomID, RunAt: settleAt})
		}
		return nil
	})
}

func (b *books) KeepPoll(_ context.Context, meetingID string, body []byte, at time.Time) error {
	return b.do("KeepPoll", func() error {
		m, err := b.byID(meetingID)
		if err != nil {
			return err
		}
		m.Absences, m.AbsentSince = 0, time.Time{}
		b.news(m)
		if !m.EndedAt.IsZero() {
			b.enqueue(jobs.Job{Kind: SettleJob, Subject: m.RoomID, RunAt: b.now()})
		}
		for i := range slices.Backward(b.evidence) {
			e := &b.evidence[i]
			if e.MeetingID == meetingID && e.Source == attendance.Poll {
				if string(e.Body) == string(body) {
					e.Until = at
					return nil
				}
				break
			}
		}
		b.evidence = append(b.evidence, attendance.Evidence{ID: b.id("e"), MeetingID: meetingID, Source: attendance.Poll, At: at, Until: at, Body: body})
		return nil
	})
}

func (b *books) EvidenceOf(_ context.Context, meetingID string) (list []attendance.Evidence, err error) {
	return list, b.do("EvidenceOf", func() error {
		b.read = append(b.read, meetingID)
		for _, e := range b.evidence {
			if e.MeetingID == meetingID {
				list = append(list, e)
			}
		}
		return nil
	})
}

func (b *books) EvidenceFrom(_ context.Context, meetingID string, from time.Time) (list []attendance.Evidence, pieces int, err error) {
	return list, pieces, b.do("EvidenceFrom", func() error {
		for _, e := range b.evidence {
			if e.MeetingID == meetingID {
				pieces++
			}
			if e.MeetingID == meetingID && !e.At.Before(from) {
				list = append(list, e)
			}
		}
		b.readOn += len(list)
		return nil
	})
}

func (b *books) Sightings(_ context.Context, meetingID string) (first, newest time.Time, err error) {
	return first, newest, b.do("Sightings", func() error {
		for _, e := range b.evidence {
			if e.MeetingID != meetingID || e.Source == attendance.Analytics {
				continue
			}
			if first.IsZero() || e.At.Before(first) {
				first = e.At
			}
			if e.Source == attendance.Poll && e.Until.After(newest) {
				newest = e.Until
			}
		}
		return nil
	})
}

func (b *books) Server(_ context.Context, id string) (s Server, err error) {
	return s, b.do("Server", func() error {
		i := slices.IndexFunc(b.servers, func(s Server) bool { return s.ID == id })
		if i < 0 {
			return ErrNotFound
		}
		s = b.servers[i]
		return nil
	})
}

// ServersOf is the first: new classes begin there.
func (b *books) ServersOf(context.Context, string) (pool []Server, err error) {
	return pool, b.do("ServersOf", func() error {
		if len(b.servers) == 0 {
			return ErrNoServer
		}
		pool = b.servers[:1]
		return nil
	})
}

func (b *books) Servers(context.Context) (list []Server, err error) {
	return list, b.do("Servers", func() error {
		list = slices.Clone(b.servers)
		return nil
	})
}

func (b *books) RoomPlacements(_ context.Context, roomID string) (list []Placement, err error) {
	return list, b.do("RoomPlacements", func() error {
		for _, p := range b.placements {
			if p.RoomID == roomID {
				list = append(list, p)
			}
		}
		return nil
	})
}

func (b *books) Decisions(context.Context, string) (d attendance.Decisions, err error) {
	return d, b.do("Decisions", func() error {
		d = b.decisions
		return nil
	})
}

func (b *books) SaveSettings(_ context.Context, _ Room, p Placement, settle bool) error {
	return b.do("SaveSettings", func() error {
		i := slices.IndexFunc(b.placements, func(old Placement) bool { return old.ID == p.ID })
		b.placements[i] = p
		if settle {
			b.enqueue(jobs.Job{Kind: SettleJob, Subject: p.RoomID, RunAt: b.now()})
		}
		return nil
	})
}

func (b *books) RoomPeople(context.Context, string) (list []Enrolment, err error) {
	return list, b.do("RoomPeople", func() error {
		list = slices.Clone(b.people)
		return nil
	})
}

func (b *books) RoomDeliveries(context.Context, string) (list []gradebook.Delivery, err error) {
	return list, b.do("RoomDeliveries", func() error {
		list = slices.Collect(maps.Values(b.deliveries))
		return nil
	})
}

func (b *books) RoomResults(context.Context, string) (list []attendance.Result, err error) {
	return list, b.do("RoomResults", func() error {
		list = slices.Clone(b.settlement.Results)
		return nil
	})
}

func (b *books) Settlements(context.Context, string) (n int64, err error) {
	return n, b.do("Settlements", func() error {
		n = b.settled
		return nil
	})
}

func (b *books) RoomAccounts(context.Context, string) (kept map[string]string, err error) {
	return kept, b.do("RoomAccounts", func() error {
		kept = map[string]string{}
		for id, a := range b.accounts {
			kept[id] = a.Pack()
		}
		return nil
	})
}

func (b *books) SessionMeetings(_ context.Context, id string) (list []attendance.Meeting, err error) {
	return list, b.do("SessionMeetings", func() error {
		for _, m := range b.meetings {
			if m.SessionID == id {
				list = append(list, m)
			}
		}
		return nil
	})
}

func (b *books) SessionAccounts(_ context.Context, id string) (kept map[string]string, err error) {
	return kept, b.do("SessionAccounts", func() error {
		kept = map[string]string{}
		for _, m := range b.meetings {
			if a, ok := b.accounts[m.ID]; ok && m.SessionID == id {
				kept[m.ID] = a.Pack()
			}
		}
		return nil
	})
}

func (b *books) RoomSessions(context.Context, string) (list []KeptSession, err error) {
	return list, b.do("RoomSessions", func() error {
		for _, s := range b.settlement.Sessions {
			list = append(list, KeptSession{s, b.attended[s.ID].MadeOf})
		}
		return nil
	})
}

func (b *books) SaveAccount(_ context.Context, a attendance.Account) error {
	return b.do("SaveAccount", func() error {
		m, err := b.byID(a.Meeting.ID)
		if err != nil {
			return err
		}
		if m.News == a.Meeting.News {
			b.accounts[a.Meeting.ID], m.Dirty = a, false
		}
		return nil
	})
}

func (b *books) SaveSettlement(_ context.Context, st Settlement) error {
	return b.do("SaveSettlement", func() error {
		if st.After != b.settled {
			return ErrOutdated
		}
		b.settled++
		b.settlement = st
		for i := range b.meetings {
			b.meetings[i].SessionID = st.SessionOf[b.meetings[i].ID]
		}
		for _, a := range st.Attended {
			b.attended[a.SessionID] = a
		}
		for _, d := range st.Deliveries {
			b.put(d, st.At)
		}
		for _, f := range st.Frozen {
			if err := b.freeze(f); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *books) freeze(f Frozen) error {
	m, err := b.byID(f.MeetingID)
	if err == nil {
		m.Frozen, b.expected[f.MeetingID] = true, f.Expected
	}
	return err
}

func (b *books) SaveExpected(_ context.Context, f Frozen) error {
	return b.do("SaveExpected", func() error { return b.freeze(f) })
}

func (b *books) SaveAttended(_ context.Context, _ string, settlements int64, a Attended) error {
	return b.do("SaveAttended", func() error {
		if settlements != b.settled {
			return ErrOutdated
		}
		b.attended[a.SessionID] = a
		return nil
	})
}

// attendances are those of all sessions that there are.
func (b *books) attendances() []attendance.Attendance {
	var all []attendance.Attendance
	for _, s := range b.settlement.Sessions {
		all = append(all, b.attended[s.ID].People...)
	}
	return all
}

func (b *books) put(d gradebook.Delivery, now time.Time) {
	key := gradebook.Key{PlacementID: d.PlacementID, PersonID: d.PersonID}
	old, there := b.deliveries[key]
	if there && old.Points == d.Points && old.Max == d.Max && old.Comment == d.Comment {
		return
	}
	if there && !d.TrueAt.After(old.TrueAt) {
		d.TrueAt = old.TrueAt.Add(time.Millisecond)
	}
	old.PlacementID, old.PersonID, old.Points, old.Max, old.Comment, old.TrueAt = d.PlacementID, d.PersonID, d.Points, d.Max, d.Comment, d.TrueAt
	old.State, old.Reason, old.Detail, old.Attempts, old.NextAt = gradebook.Waiting, "", "", 0, time.Time{}
	b.deliveries[key] = old
	b.enqueue(jobs.Job{Kind: gradebook.DeliverJob, Subject: d.JobSubject(), Lane: b.platform.ID, RunAt: now})
}

func (b *books) Order(_ context.Context, placementID, personID string) (o gradebook.Order, err error) {
	return o, b.do("Order", func() (err error) {
		o, err = b.order(gradebook.Key{PlacementID: placementID, PersonID: personID})
		return err
	})
}

func (b *books) order(key gradebook.Key) (gradebook.Order, error) {
	d, ok := b.deliveries[key]
	i := slices.IndexFunc(b.placements, func(p Placement) bool { return p.ID == key.PlacementID })
	if !ok || i < 0 || b.removed {
		return gradebook.Order{}, gradebook.ErrNoOrder
	}
	return gradebook.Order{
		Delivery: d, Registration: b.platform, DeploymentID: "1", Subject: "sub-" + key.PersonID,
		Column: b.placements[i].Column, ResourceLinkID: b.placements[i].ResourceLinkID, Title: b.placements[i].Title,
		RoomID: b.placements[i].RoomID,
	}, nil
}

func (b *books) HoldLineItem(_ context.Context, placementID string, now, until time.Time) (held bool, err error) {
	return held, b.do("HoldLineItem", func() error {
		if held = !b.holds[placementID].After(now); held {
			b.holds[placementID] = until
		}
		return nil
	})
}

func (b *books) FreeLineItem(_ context.Context, placementID string) error {
	return b.do("FreeLineItem", func() error {
		delete(b.holds, placementID)
		return nil
	})
}

func (b *books) SaveLineItem(_ context.Context, placementID string, item gradebook.LineItem) error {
	return b.do("SaveLineItem", func() error {
		i := slices.IndexFunc(b.placements, func(p Placement) bool { return p.ID == placementID })
		if i < 0 {
			return ErrNotFound
		}
		p := &b.placements[i]
		p.LineItem, p.Own, p.Gone, p.MissedAt = item, p.Own || !item.Made, false, time.Time{}
		return nil
	})
}

func (b *books) MissLineItem(_ context.Context, placementID, url string, since time.Time, gone bool) error {
	return b.do("MissLineItem", func() error {
		for i := range b.placements {
			if p := &b.placements[i]; p.ID == placementID && p.LineItem.URL == url {
				p.MissedAt, p.Gone = since, gone
			}
		}
		return nil
	})
}

func (b *books) SentOrders(_ context.Context, placementID string) (all []gradebook.Order, err error) {
	return all, b.do("SentOrders", func() error {
		for _, key := range slices.SortedFunc(maps.Keys(b.deliveries), func(x, y gradebook.Key) int { return cmp.Compare(x.PersonID, y.PersonID) }) {
			d := b.deliveries[key]
			if sent := d.State == gradebook.Delivered || d.ReadAsGiven(); !sent || key.PlacementID != placementID {
				continue
			}
			o, err := b.order(key)
			if err != nil {
				return err
			}
			all = append(all, o)
		}
		return nil
	})
}

func (b *books) SaveFound(_ context.Context, all []gradebook.Delivery) error {
	return b.do("SaveFound", func() error {
		for _, d := range all {
			key := gradebook.Key{PlacementID: d.PlacementID, PersonID: d.PersonID}
			if row := b.deliveries[key]; row.TrueAt.Equal(d.TrueAt) && row.State != gradebook.Waiting {
				row.State, row.Reason, row.Detail, row.Found = d.State, d.Reason, d.Detail, d.Found
				b.deliveries[key] = row
			}
		}
		return nil
	})
}

func (b *books) SaveDelivery(ctx context.Context, d gradebook.Delivery, checkAt time.Time) error {
	return b.do("SaveDelivery", func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		key := gradebook.Key{PlacementID: d.PlacementID, PersonID: d.PersonID}
		row, ok := b.deliveries[key]
		if !ok {
			return ErrNotFound
		}
		row.SentItem, row.SentAt, row.SentPoints, row.SentMax = d.SentItem, d.SentAt, d.SentPoints, d.SentMax
		row.SentStamp, row.TriedPoints, row.TriedMax = d.SentStamp, d.TriedPoints, d.TriedMax
		if row.TrueAt.Equal(d.TrueAt) {
			row.State, row.Reason, row.Detail, row.Attempts, row.NextAt = d.State, d.Reason, d.Detail, d.Attempts, d.NextAt
			row.Found, row.Replaces = d.Found, d.Replaces
		}
		b.deliveries[key] = row
		if !checkAt.IsZero() {
			b.enqueue(jobs.Job{Kind: gradebook.CheckJob, Subject: d.PlacementID, Lane: b.platform.ID, RunAt: checkAt})
		}
		return nil
	})
}

func (b *books) Session(_ context.Context, roomID, sessionID string) (s attendance.Session, err error) {
	return s, b.do("Session", func() error {
		i := slices.IndexFunc(b.settlement.Sessions, func(s attendance.Session) bool { return s.ID == sessionID && s.RoomID == roomID })
		if i < 0 {
			return ErrNotFound
		}
		s = b.settlement.Sessions[i]
		return nil
	})
}

func (b *books) Resend(_ context.Context, placementID, personID string, replaces bool) error {
	return b.do("Resend", func() error { return b.resend(gradebook.Key{PlacementID: placementID, PersonID: personID}, replaces) })
}

func (b *books) ResendAll(_ context.Context, placementID string, newColumn bool) error {
	return b.do("ResendAll", func() error {
		for i := range b.placements {
			if p := &b.placements[i]; p.ID == placementID && newColumn && p.Gone && p.LineItem.Made {
				p.LineItem, p.Gone, p.MissedAt = gradebook.LineItem{}, false, time.Time{}
			}
		}
		for key, d := range b.deliveries {
			if key.PlacementID != placementID || d.State == gradebook.Withdrawn || d.State == gradebook.Superseded {
				continue
			}
			if err := b.resend(key, false); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *books) resend(key gradebook.Key, replaces bool) error {
	d, ok := b.deliveries[key]
	if !ok {
		return ErrNotFound
	}
	d.State, d.Reason, d.Detail, d.Attempts, d.NextAt, d.Replaces = gradebook.Waiting, "", "", 0, time.Time{}, replaces
	if now := b.now(); now.After(d.TrueAt) {
		d.TrueAt = now
	} else {
		d.TrueAt = d.TrueAt.Add(time.Millisecond)
	}
	b.deliveries[key] = d
	b.enqueue(jobs.Job{Kind: gradebook.DeliverJob, Subject: d.JobSubject(), Lane: b.platform.ID, RunAt: b.now()})
	return nil
}

func (b *books) Enqueue(_ context.Context, j jobs.Job) error {
	return b.do("Enqueue", func() error {
		b.enqueue(j)
		return nil
	})
}

func jobName(j jobs.Job) string { return string(j.Kind) + " " + j.Subject }

func (b *books) enqueue(j jobs.Job) {
	old := b.jobs[jobName(j)]
	if old == nil {
		j.Version = 1
		b.jobs[jobName(j)] = &bookedJob{Job: j, waits: true}
		return
	}
	if !old.waits || j.RunAt.Before(old.RunAt) {
		old.RunAt, old.waits = j.RunAt, true
	}
	old.Lane, old.Attempts = j.Lane, 0
	old.Version++
}

func (j *bookedJob) due() time.Time {
	if !j.leased.IsZero() {
		return j.leased
	}
	return j.RunAt
}

func (b *books) Lanes(_ context.Context, kind jobs.Kind) (all []jobs.Lane, err error) {
	return all, b.do("Lanes", func() error {
		lanes := map[string]time.Time{}
		for _, j := range b.jobs {
			if due, known := lanes[j.Lane]; j.Kind == kind && (!known || j.due().Before(due)) {
				lanes[j.Lane] = j.due()
			}
		}
		for _, name := range slices.Sorted(maps.Keys(lanes)) {
			all = append(all, jobs.Lane{Name: name, Due: lanes[name]})
		}
		return nil
	})
}

func (b *books) ClaimJobs(_ context.Context, kind jobs.Kind, lane string, now time.Time, lease time.Duration, limit int) (claimed []jobs.Job, err error) {
	return claimed, b.do("ClaimJobs", func() error {
		var due []*bookedJob
		for _, j := range b.jobs {
			if j.Kind == kind && j.Lane == lane && !j.due().After(now) {
				due = append(due, j)
			}
		}
		slices.SortFunc(due, func(a, b *bookedJob) int {
			return cmp.Or(a.due().Compare(b.due()), cmp.Compare(jobName(a.Job), jobName(b.Job)))
		})
		for _, j := range due[:min(limit, len(due))] {
			j.Attempts++
			j.leased, j.waits = now.Add(lease), j.waits && j.RunAt.After(now)
			claimed = append(claimed, j.Job)
		}
		return nil
	})
}

func (b *books) HastenJobs(_ context.Context, kind jobs.Kind, now, leased time.Time) error {
	return b.do("HastenJobs", func() error {
		for _, j := range b.jobs {
			if j.Kind == kind && j.RunAt.After(now) {
				j.RunAt = now
			}
			if j.Kind == kind && j.leased.After(leased) {
				j.leased = leased
			}
		}
		return nil
	})
}

func (b *books) FreeJobs(context.Context) error {
	return b.do("FreeJobs", func() error {
		for _, j := range b.jobs {
			if b.oneNode && !j.leased.IsZero() {
				j.leased = time.UnixMilli(0)
			}
		}
		return nil
	})
}

func (b *books) FinishJob(_ context.Context, j jobs.Job) error {
	return b.do("FinishJob", func() error {
		row := b.jobs[jobName(j)]
		switch {
		case row == nil:
		case row.Version == j.Version && !row.waits:
			delete(b.jobs, jobName(j))
		case row.waits:
			row.leased = time.Time{}
		}
		return nil
	})
}

func (b *books) RetryJob(_ context.Context, j jobs.Job, at time.Time) error {
	return b.do("RetryJob", func() error {
		row := b.jobs[jobName(j)]
		if row == nil {
			return errors.New("no such job")
		}
		if !row.waits || at.Before(row.RunAt) {
			row.RunAt, row.waits = at, true
		}
		row.leased = time.Time{}
		return nil
	})
}

func (b *books) ReleaseDeliveries(_ context.Context, registrationID string, attempts int) error {
	return b.do("ReleaseDeliveries", func() error {
		for _, d := range b.deliveries {
			j := b.jobs[jobName(jobs.Job{Kind: gradebook.DeliverJob, Subject: d.JobSubject()})]
			few := attempts == 0 || d.Attempts <= attempts
			if j == nil || j.Lane != registrationID || !j.leased.IsZero() || d.Reason != gradebook.ReasonPlatformDown || !few {
				continue
			}
			j.RunAt, d.NextAt = b.now(), time.Time{}
			b.deliveries[gradebook.Key{PlacementID: d.PlacementID, PersonID: d.PersonID}] = d
		}
		return nil
	})
}

func (b *books) Sweep(context.Context, time.Time) error {
	return b.do("Sweep", func() error {
		b.swept++
		return nil
	})
}

// delivery is the row of a person in the first placement.
func (b *books) delivery(person string) gradebook.Delivery {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.deliveries[gradebook.Key{PlacementID: b.placements[0].ID, PersonID: person}]
}

func (b *books) Tidy(context.Context, time.Time) (bool, error) {
	return false, b.do("Tidy", func() error { return nil })
}
