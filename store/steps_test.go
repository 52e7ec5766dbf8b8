package store_test

import (
	"bytes"
	"errors"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/attendance/attendancetest"
	"github.com/bbbridge/bbbridge/lti"
)

var steps = []step{
	{name: "enter by a new link", from: entered, do: func(w *story) error { return w.enters(w.launch("cy", "c1", "l9")) }},
	{name: "enter a new course", from: entered, do: func(w *story) error { return w.enters(w.launch("cy", "c3", "l1")) }},
	{name: "enter again", from: entered, do: func(w *story) error { return w.enters(w.launch("ann", "c1", "l1")) }},
	{name: "enter by a renamed link, as somebody else", from: entered, do: func(w *story) error {
		l := w.launch("teacher", "c1", "l1")
		l.ResourceLink.Title, l.User.Name, l.Context.Title = "Seminar", "Another name", "Another course"
		return w.enters(l)
	}},
	{name: "enter by a link that leads to another room now", from: sent, wakes: true, prep: func(w *story) { w.at(122) }, do: func(w *story) error {
		l := w.launch("teacher", "c1", "l1")
		l.Context.ID, l.ResourceLink.ID, l.Custom["room"] = "c2", "l2 of teacher", w.seat("teacher2 l2 of teacher2").Room.ID
		return w.enters(l)
	}},
	{name: "enter by a link that is copied", from: entered, do: func(w *story) error {
		l := w.launch("teacher", "c3", "l3")
		l.Custom["room"] = w.seat("teacher l1").Room.ID
		return w.enters(l)
	}},
	{name: "come back after a break", from: running, do: func(w *story) error {
		w.at(200)
		_, err := w.rooms.Seat(w.ctx(), "", "browser of ann", w.seat("ann l1").Room.ID)
		if errors.Is(err, classroom.ErrVisitOver) { // so long without a page open
			err = nil
		}
		return err
	}},
	{name: "a page that is open", from: running, do: func(w *story) error {
		w.at(50)
		return w.rooms.Alive(w.ctx(), w.visits["ann l1"], "browser of ann")
	}},
	{name: "open a new window", from: running, do: func(w *story) error {
		seat := w.seat("ann l1")
		_, err := w.rooms.SeatByTicket(w.ctx(), seat.Visit.ID, "another browser", seat.Room.ID)
		return err
	}},
	{name: "leave", from: running, do: func(w *story) error {
		_, err := w.rooms.Leave(w.ctx(), w.visits["ann l1"], "browser of ann")
		return err
	}},
	// What wasn't recorded when it was made has its clock told by looks.
	{name: "start", from: entered, wakes: true, but: []string{"clock_offset"}, do: func(w *story) error { return w.starts("teacher l1") }},
	{name: "start what is on", from: running, wakes: true, do: func(w *story) error { return w.starts("teacher l1") }},
	{name: "start by another link with grades", from: ended, wakes: true, but: []string{"clock_offset"}, prep: func(w *story) {
		l := w.launch("teacher", "c1", "l4")
		l.Custom["room"] = w.seat("teacher l1").Room.ID
		w.enter(l)
	}, do: func(w *story) error { return w.starts("teacher l4") }},
	{name: "join", from: running, do: func(w *story) error {
		_, err := w.rooms.Join(w.ctx(), w.seat("ann l1"))
		w.rooms.Forget(w.seat("ann l1").Room) // by the next try, some seconds have passed
		return err
	}, says: classroom.ErrNotRunning},
	{name: "end", from: running, wakes: true, do: func(w *story) error {
		w.server.running = true
		_, err := w.rooms.End(w.ctx(), w.seat("teacher l1"))
		return err
	}},
	{name: "hint that it has ended", from: running, wakes: true, do: func(w *story) error {
		return w.classes.Ended(w.ctx(), w.seat("teacher l1").Room.ID)
	}},
	{name: "look", from: running, do: func(w *story) error { return w.looks(0) }},
	{name: "look at what isn't found", from: running, prep: func(w *story) { w.server.running = false },
		do: func(w *story) error { return w.looks(0) }},
	{name: "look at what a teacher has ended", from: running, but: []string{"absences"}, prep: func(w *story) {
		w.ok(w.db.StopMeeting(w.ctx(), w.meetings[0], w.now, w.now))
		w.server.running = false
	}, do: func(w *story) error { return w.looks(0) }},
	{name: "who is in while the server is silent", from: running, prep: func(w *story) {
		w.server.silent = true
		w.now = w.now.Add(time.Second)
		_, err := w.rooms.Start(w.ctx(), w.seat("teacher l1"))
		w.ok(err)
	}, do: func(w *story) error {
		live, err := w.rooms.Live(w.ctx(), w.seat("ann l1").Room)
		w.rooms.Forget(w.seat("ann l1").Room)
		return w.whole(err, live.Running && live.Moderators == 1)
	}},
	{name: "look while the server is silent", from: running, prep: func(w *story) { w.server.silent = true }, do: (*story).looksInVain},
	{name: "look when it has been silent for a day", from: running, prep: func(w *story) {
		w.server.silent = true
		w.at(45 + 25*60)
	}, do: (*story).looksInVain},
	{name: "look at another meeting", from: running, wakes: true, prep: func(w *story) {
		w.at(46)
		w.server.serial, w.server.created = 2, w.now.Add(ahead)
	}, do: func(w *story) error { return w.looks(0) }},
	{name: "look back at what lives again", from: ended, wakes: true, held: true, prep: func(w *story) { w.server.running = true },
		do: func(w *story) error { return w.looks(1) }},
	{name: "report", from: ended, wakes: true, held: true, do: func(w *story) error {
		return w.classes.Callback(w.ctx(), w.signed(), bytes.NewReader(w.report()))
	}},
	{name: "report that says more than the one before", from: ended, wakes: true, held: true, prep: func(w *story) {
		less := w.reportOf(map[string]attendancetest.Stretch{"ann l1": {12, 52}})
		w.ok(w.classes.Callback(w.ctx(), w.signed(), bytes.NewReader(less)))
	}, do: func(w *story) error {
		return w.classes.Callback(w.ctx(), w.signed(), bytes.NewReader(w.report()))
	}},
	{name: "report of what we never saw", from: entered, wakes: true, held: true, do: func(w *story) error {
		return w.classes.Callback(w.ctx(), w.signed(), bytes.NewReader(w.report()))
	}},
	{name: "settle", from: ended, wakes: true, prep: func(w *story) { w.at(120) }, do: (*story).settles},
	{name: "settle again", from: sent, do: (*story).settles},
	{name: "part", from: settled, wakes: true, do: func(w *story) error {
		_, err := w.classes.Part(w.ctx(), w.seat("teacher l1"), w.meetings[1], true)
		return err
	}},
	{name: "see what parting comes to", from: settled, do: func(w *story) error {
		p, err := w.classes.Parting(w.ctx(), w.seat("teacher l1"), w.meetings[1], true)
		return w.whole(err, len(p.Break.MeetingID) > 0)
	}},
	// What was read back with the repeat needs no job for that.
	{name: "deliver", from: settled, but: []string{"attempts", "found_at", "found_max", "found_points", "jobs"}, do: func(w *story) error {
		_, err := w.grades.Deliver(w.ctx(), w.delivery("ann"), 1)
		return err
	}},
	{name: "read back", from: sent, do: func(w *story) error {
		_, err := w.grades.Check(w.ctx(), w.seat("ann l1").Placement.ID, 1)
		return err
	}},
	{name: "send again", from: sent, wakes: true, do: func(w *story) error {
		return w.registers.Resend(w.ctx(), w.seat("teacher l1"), w.meetings[0], w.seat("ann l1").Person.ID, true)
	}},
	{name: "send all again", from: sent, wakes: true, do: func(w *story) error {
		return w.registers.ResendAll(w.ctx(), w.seat("teacher l1"), w.meetings[0])
	}},
	{name: "change the rule for all classes", from: settled, wakes: true, do: func(w *story) error {
		_, err := w.changes(15, classroom.Answer{From: classroom.AllClasses, Seen: classroom.Effect{Gain: 1}})
		return err
	}},
	{name: "change the rule from the next class on", from: settled, wakes: true, do: func(w *story) error {
		_, err := w.changes(15, classroom.Answer{From: classroom.NextClass})
		return err
	}},
	{name: "have classes count for each link", from: settled, wakes: true, do: func(w *story) error {
		return w.rooms.ShareClasses(w.ctx(), w.seat("teacher l1"), true)
	}},
	{name: "have earlier classes count", from: settled, wakes: true, do: func(w *story) error {
		return w.rooms.CountEarlier(w.ctx(), w.seat("teacher l1"), true)
	}},
	{name: "move a class", from: settled, wakes: true, do: func(w *story) error {
		seat := w.seat("teacher l1")
		return w.rooms.MoveClass(w.ctx(), seat, w.meetings[0], seat.Placement.ID)
	}},
	{name: "share a copied link's room", from: settled, do: func(w *story) error {
		return w.rooms.Adopt(w.ctx(), w.seat("teacher l2 of teacher"), true)
	}},
	{name: "ask to share", from: entered, do: func(w *story) error {
		return w.rooms.AskToShare(w.ctx(), w.seat("teacher2 l2 of teacher2"))
	}},
	{name: "let others share", from: settled, wakes: true, do: func(w *story) error {
		return w.rooms.AnswerShare(w.ctx(), w.seat("teacher l1"), w.seat("teacher2 l2 of teacher2").Placement.ID, true)
	}},
	{name: "pick a new room", from: entered, do: func(w *story) error {
		items, err := w.rooms.Picked(w.ctx(), w.seat("teacher"), classroom.Choice{New: &classroom.NewRoom{Title: "New"}})
		return w.whole(err, len(items) == 1)
	}},
	{name: "what rooms may be picked", from: entered, do: func(w *story) error {
		rooms, err := w.rooms.Offer(w.ctx(), w.seat("teacher"))
		return w.whole(err, len(rooms) == 1)
	}},
	{name: "hand a choice over to the frame", from: entered, do: func(w *story) error {
		return w.rooms.HandOver(w.ctx(), w.seat("teacher"), []lti.ContentItem{{Title: "Chosen"}})
	}},
	{name: "what was chosen for the frame", from: entered, prep: func(w *story) {
		w.ok(w.rooms.HandOver(w.ctx(), w.seat("teacher"), []lti.ContentItem{{Title: "Chosen"}}))
	}, do: func(w *story) error {
		l := w.launch("teacher", "c1", "")
		l.Nonce = strings.TrimSuffix(l.Nonce, "true") + "false" // as the story was told
		pick, err := w.rooms.FramedPick(w.ctx(), classroom.NonceOf(l))
		return w.whole(err, pick.Made && !pick.Over && len(pick.Items) == 1)
	}},
	{name: "what may be done about a copied link", from: entered, do: func(w *story) error {
		sharing, err := w.rooms.Sharing(w.ctx(), w.seat("teacher l2 of teacher"))
		return w.whole(err, sharing.May)
	}},
	{name: "what became of a question", from: entered, do: func(w *story) error {
		sharing, err := w.rooms.Sharing(w.ctx(), w.seat("teacher2 l2 of teacher2"))
		return w.whole(err, sharing.Asked && !sharing.MayAsk)
	}},
	{name: "questions to a room", from: entered, do: func(w *story) error {
		questions, err := w.rooms.Questions(w.ctx(), w.seat("teacher l1"))
		return w.whole(err, len(questions) == 1)
	}},
	{name: "notices that were read", from: entered, do: func(w *story) error {
		return w.rooms.Noted(w.ctx(), w.seat("teacher l1"))
	}},
	{name: "list the recordings", from: ended, do: func(w *story) error {
		all, err := w.rooms.Recordings(w.ctx(), w.seat("ann l1"))
		return w.whole(err, len(all) == 1)
	}},
	{name: "when the last classes were", from: settled, do: func(w *story) error {
		last, err := w.registers.LastClasses(w.ctx(), w.seat("teacher"))
		return w.whole(err, !last[w.seat("teacher l1").Room.ID].IsZero())
	}},
	{name: "what goes on in the room", from: settled, do: func(w *story) error {
		state, err := w.rooms.State(w.ctx(), w.seat("teacher l1"))
		return w.whole(err, state.Class.ID != "")
	}},
	{name: "read the register", from: settled, do: func(w *story) error {
		r, err := w.registers.Register(w.ctx(), w.seat("teacher l1"), w.meetings[0])
		return w.whole(err, len(r.Rows) == 3 && len(r.Breaks) == 1 && len(r.Counting.Links) == 1 && r.Rows[0].Delivery != nil)
	}},
	{name: "read the register of what is on", from: running, prep: func(w *story) { w.ok(w.settles()) }, do: func(w *story) error {
		r, err := w.registers.Register(w.ctx(), w.seat("teacher l1"), w.meetings[0])
		return w.whole(err, len(r.Rows) == 3 && len(r.Rows[0].Stays) == 1)
	}},
	{name: "list the classes", from: settled, do: func(w *story) error {
		lines, deliveries, err := w.registers.Classes(w.ctx(), w.seat("teacher l1"), 8)
		return w.whole(err, len(lines) == 1 && len(deliveries) == 1 && len(lines[0].Breaks) == 1)
	}},
	{name: "read one's own record", from: settled, do: func(w *story) error {
		own, err := w.registers.Own(w.ctx(), w.seat("ann l1"))
		return w.whole(err, len(own.Lines) == 1 && own.Result != nil && own.Delivery != nil && len(own.Counting.Links) == 1)
	}},
	{name: "who came since when", from: settled, do: func(w *story) error {
		since, err := w.registers.Since(w.ctx(), w.seat("teacher l1"), attendance.Session{ID: w.meetings[0], RoomID: w.seat("teacher l1").Room.ID})
		return w.whole(err, len(since) == 3)
	}},
	{name: "sweep", from: sent, do: func(w *story) error {
		return w.db.Sweep(w.ctx(), w.now.Add(200*24*time.Hour))
	}},
}

// errPart is what nobody may read: a part without a word that there is more.
var errPart = errors.New("a part was taken for the whole")

// whole is err, or errPart if there is none and what was read isn't all.
func (w *story) whole(err error, all bool) error {
	if err == nil && !all {
		return errPart
	}
	return err
}

func (w *story) settles() error {
	_, err := w.classes.Settle(w.ctx(), w.seat("teacher l1").Room.ID)
	return err
}

func (w *story) enters(l lti.Launch) error {
	_, err := w.rooms.Enter(w.ctx(), l, "browser of "+l.User.ID, "en")
	return err
}

func (w *story) starts(visit string) error {
	_, err := w.rooms.Start(w.ctx(), w.seat(visit))
	return err
}

// looks looks once at a class.
func (w *story) looks(class int) error {
	_, err := w.classes.Poll(w.ctx(), w.meetings[class])
	return err
}

// looksInVain looks at the first class, of which the server says nothing.
func (w *story) looksInVain() error {
	if err := w.looks(0); !errors.Is(err, errSilent) {
		return err
	}
	return nil
}

// changes changes how many minutes the first link's rule wants.
func (w *story) changes(minutes int, answer classroom.Answer) (classroom.From, error) {
	seat := w.seat("teacher l1")
	rule := attendance.Rule{Measure: attendance.Minutes, Need: minutes, Points: 10}
	return w.rooms.Change(w.ctx(), seat, "Another title", seat.Room.Settings, rule, answer)
}
