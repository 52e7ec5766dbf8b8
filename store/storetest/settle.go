package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/lti"
)

// A class is a room in which ann and ben, learners, and the teacher tea had
// one meeting with one piece of evidence.
type class struct {
	ann, ben, tea classroom.Seat
	meeting       attendance.Meeting
	account       attendance.Account // not saved yet, like what follows
	settlement    classroom.Settlement
}

// held makes a class that was held in a room of its own.
func (w *world) held(link string) class {
	w.t.Helper()
	c := class{ann: w.launch("ann", link), ben: w.launch("ben", link), tea: w.teach("tea", link)}
	room := c.ann.Room
	c.meeting = w.meeting(room)
	w.evidence(c.meeting, "report")
	end := w.now.Add(time.Hour)
	w.ok(w.EndMeeting(w.ctx, c.meeting.ID, end, w.now))
	c.meeting = must(w.Meeting(w.ctx, c.meeting.ID))(w)
	stay := func(id string, from, to time.Duration) attendance.Stay {
		return attendance.Stay{MeetingID: c.meeting.ID, PersonID: id, From: w.now.Add(from), To: w.now.Add(to), Source: attendance.Analytics}
	}
	ann, ben, stranger := c.ann.Person.ID, c.ben.Person.ID, "v_dialin"
	c.account = attendance.Account{
		Meeting: c.meeting, From: w.now, To: end, Exact: true,
		Stays: []attendance.Stay{
			stay(ann, 0, 20*time.Minute), stay(ann, 30*time.Minute, time.Hour), stay(ben, 0, 10*time.Minute), stay(stranger, 0, time.Minute),
		},
		Activities: map[string]attendance.Activity{ann: {Chats: 3, TalkTime: 90 * time.Second}},
	}
	c.settlement = classroom.Settlement{
		RoomID: room.ID, At: w.now,
		Sessions:  []attendance.Session{{ID: c.meeting.ID, RoomID: room.ID, StartedAt: w.now, EndedAt: end, Length: time.Hour, Exact: true}},
		SessionOf: map[string]string{c.meeting.ID: c.meeting.ID},
		Attended: []classroom.Attended{{SessionID: c.meeting.ID, MadeOf: "one account", People: []attendance.Attendance{
			{SessionID: c.meeting.ID, PersonID: ann, Time: 50 * time.Minute, Activity: attendance.Activity{Chats: 3, TalkTime: 90 * time.Second}},
			{SessionID: c.meeting.ID, PersonID: ben, Time: 10 * time.Minute},
			{SessionID: c.meeting.ID, PersonID: stranger, Time: time.Minute},
		}}},
		Results: []attendance.Result{
			w.result(c.ann, 50*time.Minute), w.result(c.ben, 10*time.Minute),
		},
		Deliveries: []gradebook.Delivery{w.delivery(c.ann, 100)},
	}
	return c
}

func (w *world) result(s classroom.Seat, present time.Duration) attendance.Result {
	r := attendance.Result{PlacementID: s.Placement.ID, PersonID: s.Person.ID, Time: present, Needed: 30 * time.Minute, TrueAt: w.now}
	if r.Complete = present >= r.Needed; r.Complete {
		r.Share, r.Points, r.Sends = 1, 100, true
	} else {
		r.Share = float64(present) / float64(r.Needed)
	}
	return r
}

// delivery is a new one: it waits.
func (w *world) delivery(s classroom.Seat, points float64) gradebook.Delivery {
	return gradebook.Delivery{
		PlacementID: s.Placement.ID, PersonID: s.Person.ID, Points: points, Max: 100, Comment: "50 min",
		TrueAt: w.now, State: gradebook.Waiting,
	}
}

func (w *world) evidence(m attendance.Meeting, body string) {
	w.t.Helper()
	w.ok(w.KeepReport(w.ctx, attendance.Evidence{
		ID: w.id("e"), MeetingID: m.ID, Source: attendance.Analytics, At: w.now, Until: w.now, Body: []byte(body),
	}, nil, 9, 1<<20, w.now))
}

// joining is the evidence of a join that was signed at a time.
func (w *world) joining(m attendance.Meeting, person string, at time.Time) attendance.Evidence {
	return attendance.Evidence{ID: w.id("e"), MeetingID: m.ID, Source: attendance.Joining, At: at, Until: at, Body: []byte(person)}
}

// settled is a class that was held and settled, with no job left.
func (w *world) settled(link string) class {
	w.t.Helper()
	c := w.held(link)
	w.ok(w.SaveAccount(w.ctx, c.account))
	w.save(c.settlement)
	w.finishAll()
	return c
}

// save keeps a settlement after all that were kept of its room.
func (w *world) save(s classroom.Settlement) {
	w.t.Helper()
	s.After = must(w.Settlements(w.ctx, s.RoomID))(w)
	w.ok(w.SaveSettlement(w.ctx, s))
}

func (w *world) finishAll() {
	w.t.Helper()
	for _, j := range w.claim(w.now.Add(365 * 24 * time.Hour)) {
		w.ok(w.FinishJob(w.ctx, j))
	}
}

func testSettlement(t *testing.T, w *world) {
	c := w.held("link")
	room := c.ann.Room.ID
	w.finishAll()
	w.same(len(must(w.RoomSessions(w.ctx, room))(w)), 0)
	w.ok(w.SaveAccount(w.ctx, c.account))
	w.save(c.settlement)

	m := must(w.Meeting(w.ctx, c.meeting.ID))(w)
	w.same(m.SessionID, c.meeting.ID)
	w.same(m.Dirty, false)
	w.same(must(w.Session(w.ctx, room, c.meeting.ID))(w), c.settlement.Sessions[0])
	w.same(must(w.RoomSessions(w.ctx, room))(w), []classroom.KeptSession{{Session: c.settlement.Sessions[0], MadeOf: "one account"}})
	w.same(must(w.RoomResults(w.ctx, room))(w), c.settlement.Results)
	w.same(must(w.RoomDeliveries(w.ctx, room))(w), c.settlement.Deliveries)
	w.same(must(w.PlacementDeliveries(w.ctx, c.ann.Placement.ID))(w), c.settlement.Deliveries)
	result, delivery, err := w.ResultOf(w.ctx, c.ann.Placement.ID, c.ann.Person.ID)
	w.ok(err)
	w.same(*result, c.settlement.Results[0])
	w.same(*delivery, c.settlement.Deliveries[0])
	result, delivery, err = w.ResultOf(w.ctx, c.ann.Placement.ID, c.ben.Person.ID)
	w.ok(err)
	w.same(*result, c.settlement.Results[1])
	w.same(delivery, (*gradebook.Delivery)(nil))
	jobs := w.claim(w.now)
	w.same(len(jobs), 1)
	w.same(string(jobs[0].Kind), gradebook.DeliverJob)
	w.same(jobs[0].Subject, c.ann.Placement.ID+"/"+c.ann.Person.ID)
	w.same(jobs[0].Lane, w.platform.ID)
	w.fails(w.SaveSettlement(w.ctx, classroom.Settlement{RoomID: "unknown"}), classroom.ErrNotFound)
}

// The same settlement a second time changes nothing and sends nothing.
func testSettledTwice(t *testing.T, w *world) {
	c := w.settled("link")
	room := c.ann.Room.ID
	sent := w.delivery(c.ann, 100)
	sent.State, sent.SentAt, sent.SentPoints, sent.SentStamp, sent.Attempts = gradebook.Delivered, w.now, 100, w.now, 1
	w.ok(w.SaveDelivery(w.ctx, sent, time.Time{}))

	w.pass(time.Minute)
	c.settlement.At, c.settlement.Deliveries[0].TrueAt = w.now, w.now
	w.save(c.settlement)
	w.same(must(w.RoomDeliveries(w.ctx, room))(w), []gradebook.Delivery{sent})
	w.same(must(w.RoomResults(w.ctx, room))(w), c.settlement.Results)
	w.same(len(w.claim(w.now.Add(time.Hour))), 0)

	// A value that differs is sent again, and what was sent stays known.
	for _, change := range []func(*gradebook.Delivery){
		func(d *gradebook.Delivery) { d.Points = 50 }, func(d *gradebook.Delivery) { d.Max = 50 }, func(d *gradebook.Delivery) { d.Comment = "25 min" },
	} {
		w.pass(time.Minute)
		next := must(w.RoomDeliveries(w.ctx, room))(w)[0]
		change(&next)
		next.TrueAt, next.State, next.Attempts = w.now, gradebook.Waiting, 0
		c.settlement.At, c.settlement.Deliveries = w.now, []gradebook.Delivery{next}
		w.save(c.settlement)
		w.same(must(w.RoomDeliveries(w.ctx, room))(w), []gradebook.Delivery{next})
		w.same(w.job(gradebook.DeliverJob, next.PlacementID+"/"+next.PersonID).RunAt, w.now)
		w.finishAll()
	}
	// Even if the clock doesn't: what is under way must know its value is old.
	before := must(w.RoomDeliveries(w.ctx, room))(w)[0]
	next := before
	next.Points, next.TrueAt = 10, w.now.Add(-time.Hour)
	c.settlement.Deliveries = []gradebook.Delivery{next}
	w.save(c.settlement)
	if got := must(w.RoomDeliveries(w.ctx, room))(w)[0]; !got.TrueAt.After(before.TrueAt) {
		t.Errorf("TrueAt of a new value is %v, not after %v", got.TrueAt, before.TrueAt)
	}
}

// Of two settlements that were begun at once, the second to be kept is none.
func testOutdated(t *testing.T, w *world) {
	c := w.settled("link")
	c.settlement.Results = nil
	w.fails(w.SaveSettlement(w.ctx, c.settlement), classroom.ErrOutdated)
	w.same(must(w.Settlements(w.ctx, c.ann.Room.ID))(w), int64(1))
	w.same(len(must(w.RoomResults(w.ctx, c.ann.Room.ID))(w)), 2)
	c.settlement.After = 1
	w.ok(w.SaveSettlement(w.ctx, c.settlement))
	w.same(must(w.Settlements(w.ctx, c.ann.Room.ID))(w), int64(2))
	w.same(len(must(w.RoomResults(w.ctx, c.ann.Room.ID))(w)), 0)
	_, err := w.Settlements(w.ctx, "unknown")
	w.fails(err, classroom.ErrNotFound)
}

// Attendances can be kept after their settlement, as long as it's the last one.
func testAttended(t *testing.T, w *world) {
	c := w.held("link")
	room, attended := c.ann.Room.ID, c.settlement.Attended[0]
	c.settlement.Attended = nil
	w.save(c.settlement)
	w.same(must(w.RoomSessions(w.ctx, room))(w)[0].MadeOf, "")
	w.fails(w.SaveAttended(w.ctx, room, 2, attended), classroom.ErrOutdated)
	w.fails(w.SaveAttended(w.ctx, "unknown", 1, attended), classroom.ErrOutdated)
	w.fails(w.SaveAttended(w.ctx, room, 1, classroom.Attended{SessionID: "unknown"}), classroom.ErrNotFound)
	w.same(must(w.History(w.ctx, room, c.ann.Person.ID))(w)[0].Attendance.Time, time.Duration(0))
	w.ok(w.SaveAttended(w.ctx, room, 1, attended))
	w.same(must(w.RoomSessions(w.ctx, room))(w)[0].MadeOf, "one account")
	w.same(must(w.History(w.ctx, room, c.ann.Person.ID))(w)[0].Attendance, attended.People[0])
}

// An account is kept with its stays, as long as no evidence has come since.
func testAccount(t *testing.T, w *world) {
	c := w.held("link")
	w.save(c.settlement)
	kept := func(want map[string]string) {
		t.Helper()
		w.same(must(w.RoomAccounts(w.ctx, c.ann.Room.ID))(w), want)
		w.same(must(w.SessionAccounts(w.ctx, c.meeting.ID))(w), want)
	}
	kept(map[string]string{})
	w.ok(w.SaveAccount(w.ctx, c.account))
	kept(map[string]string{c.meeting.ID: c.account.Pack()})
	w.same(len(must(w.Register(w.ctx, c.meeting.ID, c.ann.Course.ID, c.ann.Placement.ID))(w)[0].Stays), 2)
	before := c.account
	w.evidence(c.meeting, "a second report")
	c.account.Stays = c.account.Stays[:1]
	w.ok(w.SaveAccount(w.ctx, c.account)) // made of the first alone
	kept(map[string]string{c.meeting.ID: before.Pack()})
	c.account.Meeting = must(w.Meeting(w.ctx, c.meeting.ID))(w)
	w.ok(w.SaveAccount(w.ctx, c.account))
	kept(map[string]string{c.meeting.ID: c.account.Pack()})
	w.same(len(must(w.Register(w.ctx, c.meeting.ID, c.ann.Course.ID, c.ann.Placement.ID))(w)[0].Stays), 1)
	w.same(len(must(w.RoomAccounts(w.ctx, "another room"))(w)), 0)
	w.same(len(must(w.SessionAccounts(w.ctx, "another session"))(w)), 0)
}

// What comes while a meeting's account is made isn't forgotten, whatever it is.
func testDirty(t *testing.T, w *world) {
	c := w.held("link")
	report := attendance.Evidence{MeetingID: c.meeting.ID, Source: attendance.Analytics, At: w.now, Until: w.now}
	for _, test := range []struct {
		name string
		news func() error
	}{
		{"evidence", func() error { w.evidence(c.meeting, "a second report"); return nil }},
		{"a look", func() error { return w.KeepPoll(w.ctx, c.meeting.ID, []byte("ann"), w.now) }},
		{"a look that finds the same", func() error { return w.KeepPoll(w.ctx, c.meeting.ID, []byte("ann"), w.now.Add(time.Minute)) }},
		{"a report in place of another", func() error {
			reports := must(w.Reports(w.ctx, c.meeting.ID, 1))(w)
			report.ID, report.Body = w.id("e"), []byte("a third one")
			return w.KeepReport(w.ctx, report, []string{reports[0].ID}, 8, 1000, w.now)
		}},
		{"another end", func() error { return w.EndMeeting(w.ctx, c.meeting.ID, w.now, w.now) }},
		{"it lives", func() error { _, err := w.ReviveMeeting(w.ctx, c.meeting.ID, w.now); return err }},
	} {
		c.account.Meeting = must(w.Meeting(w.ctx, c.meeting.ID))(w)
		w.ok(w.SaveAccount(w.ctx, c.account))
		w.same(must(w.Meeting(w.ctx, c.meeting.ID))(w).Dirty, false)
		w.ok(test.news())
		w.ok(w.SaveAccount(w.ctx, c.account)) // made before that
		if !must(w.Meeting(w.ctx, c.meeting.ID))(w).Dirty {
			t.Errorf("%s is forgotten", test.name)
		}
	}
	// A settlement alone says nothing of that.
	w.save(c.settlement)
	w.same(must(w.Meeting(w.ctx, c.meeting.ID))(w).Dirty, true)
	// A look at a meeting that has ended has its room settled again.
	w.ok(w.EndMeeting(w.ctx, c.meeting.ID, w.now, w.now))
	w.finishAll()
	w.pass(2 * time.Minute)
	w.ok(w.KeepPoll(w.ctx, c.meeting.ID, []byte("ann"), w.now))
	w.same(w.job(classroom.SettleJob, c.ann.Room.ID).RunAt, w.now)
}

// What a settlement no longer has goes; deliveries stay.
func testSmallerSettlement(t *testing.T, w *world) {
	c := w.settled("link")
	room, old := c.ann.Room.ID, c.meeting.ID
	earlier := w.meeting(c.ann.Room) // found out later, and now the session's first
	s := c.settlement
	s.Sessions[0].ID, s.Sessions[0].Length, s.Sessions[0].Exact = earlier.ID, 20*time.Minute, false
	s.SessionOf = map[string]string{old: earlier.ID, earlier.ID: earlier.ID}
	s.Attended = []classroom.Attended{{SessionID: earlier.ID, People: []attendance.Attendance{{SessionID: earlier.ID, PersonID: c.ann.Person.ID, Time: 20 * time.Minute}}}}
	s.Results, s.Deliveries = []attendance.Result{w.result(c.ann, 20*time.Minute)}, nil
	w.save(s)

	_, err := w.Session(w.ctx, room, old)
	w.fails(err, classroom.ErrNotFound)
	w.same(must(w.Session(w.ctx, room, earlier.ID))(w), s.Sessions[0])
	w.same(must(w.Meeting(w.ctx, old))(w).SessionID, earlier.ID)
	w.same(must(w.RoomResults(w.ctx, room))(w), s.Results)
	w.same(len(must(w.RoomDeliveries(w.ctx, room))(w)), 1)
	history := must(w.History(w.ctx, room, c.ann.Person.ID))(w)
	w.same(history, []classroom.HistoryLine{{Session: s.Sessions[0], Attendance: s.Attended[0].People[0]}})

	// Of sessions whose attendances aren't in it, they stay.
	s.Attended = nil
	w.save(s)
	w.same(must(w.History(w.ctx, room, c.ann.Person.ID))(w), history)

	w.save(classroom.Settlement{RoomID: room, At: w.now})
	w.same(len(must(w.Classes(w.ctx, room, c.ann.Course.ID, attendance.Rule{}, 8))(w)), 0)
	w.same(must(w.Meeting(w.ctx, old))(w).SessionID, "")
	w.same(len(must(w.RoomResults(w.ctx, room))(w)), 0)
}

// The people of a room are those of all courses that have a link to it.
func testPeople(t *testing.T, w *world) {
	c := w.held("link")
	a := w.arrival("ann", "shared")
	a.Course.ContextKey, a.Room, a.Placement.RoomID = "context:43", nil, c.ann.Room.ID
	shared := must(w.Arrive(w.ctx, a))(w)
	w.launch("zoe", "another link") // the same course, so of the room as well
	a = w.arrival("yan", "link")
	a.Course.ContextKey = "context:44"
	must(w.Arrive(w.ctx, a))(w) // another course

	var got []string
	for _, e := range must(w.RoomPeople(w.ctx, c.ann.Room.ID))(w) {
		got = append(got, e.CourseID+" "+e.PersonID)
	}
	zoe := must(w.Enrolment(w.ctx, c.ann.Course.ID, w.launch("zoe", "another link").Person.ID))(w)
	want := []string{
		c.ann.Course.ID + " " + c.ann.Person.ID, c.ann.Course.ID + " " + c.ben.Person.ID, c.ann.Course.ID + " " + c.tea.Person.ID,
		c.ann.Course.ID + " " + zoe.PersonID, shared.Course.ID + " " + shared.Person.ID,
	}
	slices.Sort(want)
	slices.Sort(got)
	w.same(got, want)
	w.same(len(must(w.RoomPlacements(w.ctx, c.ann.Room.ID))(w)), 2)
}

// A launch that offers more than the one before has a room settled where grades
// were refused for the lack of it, or went to another line item.
func testRefusedForLack(t *testing.T, w *world) {
	const item = "https://lms.example.org/items/new"
	for i, test := range []struct {
		state  gradebook.State
		reason string
		sent   string // to which line item
		again  bool
	}{
		{gradebook.Refused, gradebook.ReasonScopeMissing, "", true},
		{gradebook.Refused, gradebook.ReasonNoLineItem, "", true},
		{gradebook.Refused, gradebook.ReasonLineItemGone, "", true},
		{gradebook.Refused, gradebook.ReasonNotGradable, "", false},
		{gradebook.Delivered, "", "https://lms.example.org/items/old", true},
		{gradebook.Delivered, "", item, false},
		{gradebook.Delivered, "", "", false},
	} {
		link := fmt.Sprint("link", i)
		c := w.settled(link)
		d := w.delivery(c.ann, 100)
		d.State, d.Reason, d.SentItem = test.state, test.reason, test.sent
		w.ok(w.SaveDelivery(w.ctx, d, time.Time{}))
		w.same(len(w.claim(w.now)), 0)
		for scope, again := range map[string]bool{"of something else": false, lti.AGSScore: test.again} {
			a := w.arrival("ann", link)
			a.Placement.Grades.Scopes, a.Placement.Grades.LineItem = []string{scope}, item
			seat := must(w.Arrive(w.ctx, a))(w)
			w.same(seat.Placement.LineItem.URL, item)
			jobs := w.claim(w.now)
			w.same(len(jobs) == 1 && jobs[0].Kind == classroom.SettleJob && jobs[0].Subject == c.ann.Room.ID, again)
			w.finishAll()
		}
	}
}

// What was earned before a placement moved is told from what is earned since.
func testKept(t *testing.T, w *world) {
	c := w.held("link")
	c.settlement.Deliveries[0].Points, c.settlement.Deliveries[0].Max = 30, 40
	w.save(c.settlement)
	placement, other := c.ann.Placement.ID, w.launch("ann", "another link").Room
	kept := func() float64 { return must(w.PlacementDeliveries(w.ctx, placement))(w)[0].Kept }
	w.ok(w.MovePlacement(w.ctx, placement, c.ann.Room.ID)) // stays
	w.same(kept(), 0.0)
	w.ok(w.MovePlacement(w.ctx, placement, other.ID))
	w.same(kept(), 0.75)
	w.same(must(w.Order(w.ctx, placement, c.ann.Person.ID))(w).Kept, 0.75)
	c.settlement.RoomID = other.ID
	c.settlement.Sessions, c.settlement.SessionOf, c.settlement.Attended, c.settlement.Results = nil, nil, nil, nil
	c.settlement.Deliveries[0].Points = 35
	w.save(c.settlement)
	w.same(kept(), 0.75)
}

// A settlement that was made before a placement moved leaves it alone.
func testMovedAway(t *testing.T, w *world) {
	c := w.held("link")
	other := w.launch("ann", "another link").Room
	w.ok(w.MovePlacement(w.ctx, c.ann.Placement.ID, other.ID))
	w.save(c.settlement)
	w.same(len(must(w.RoomResults(w.ctx, other.ID))(w)), 0)
	w.same(len(must(w.PlacementDeliveries(w.ctx, c.ann.Placement.ID))(w)), 0)
}
