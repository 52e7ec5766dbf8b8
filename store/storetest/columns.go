package storetest

import (
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/lti"
)

// column is what the placement's column is now.
func (w *world) column(c class) gradebook.Column {
	w.t.Helper()
	return must(w.Order(w.ctx, c.ann.Placement.ID, c.ann.Person.ID))(w).Column
}

// What is heard of a line item that isn't there is about that one alone.
func testMissedLineItem(_ *testing.T, w *world) {
	c := w.settled("link")
	id, url := c.ann.Placement.ID, c.ann.Placement.LineItem.URL
	w.ok(w.MissLineItem(w.ctx, id, "https://lms.example.org/items/before", w.now, true))
	w.same(w.column(c), c.ann.Placement.Column)
	want := c.ann.Placement.Column
	w.ok(w.MissLineItem(w.ctx, id, url, w.now, false))
	want.MissedAt = w.now
	w.same(w.column(c), want)
	w.ok(w.MissLineItem(w.ctx, id, url, w.now, true))
	want.Gone = true
	w.same(w.column(c), want)
	w.ok(w.MissLineItem(w.ctx, id, url, time.Time{}, false))
	w.same(w.column(c), c.ann.Placement.Column)
	w.ok(w.MissLineItem(w.ctx, id, url, w.now, true))
	w.ok(w.SaveLineItem(w.ctx, id, gradebook.LineItem{URL: "https://lms.example.org/items/found", Max: 10, Made: true}))
	want = c.ann.Placement.Column
	want.LineItem = gradebook.LineItem{URL: "https://lms.example.org/items/found", Max: 10, Made: true}
	w.same(w.column(c), want)
}

// Who sends again looks once more for a column of the platform's own that was
// gone, and not for one that is only missed, or that we made and somebody
// deleted.
func testMissedWhenSentAgain(_ *testing.T, w *world) {
	c := w.settled("link")
	d := c.settlement.Deliveries[0]
	want := c.ann.Placement.Column
	miss := func(gone bool) {
		w.ok(w.MissLineItem(w.ctx, d.PlacementID, want.LineItem.URL, w.now, gone))
		w.ok(w.Resend(w.ctx, d.PlacementID, d.PersonID, false))
	}
	miss(false)
	want.MissedAt = w.now
	w.same(w.column(c), want)
	miss(true)
	want.MissedAt = time.Time{}
	w.same(w.column(c), want)
	want.LineItem = gradebook.LineItem{URL: "https://lms.example.org/items/made", Max: 10, Made: true}
	w.ok(w.SaveLineItem(w.ctx, d.PlacementID, want.LineItem))
	miss(true)
	want.MissedAt, want.Gone = w.now, true
	w.same(w.column(c), want)
}

// What launches tell of a line item is kept, and that the platform had one of
// its own.
func testToldLineItem(_ *testing.T, w *world) {
	c := w.settled("link")
	relaunch := func(item string) {
		a := w.arrival("ann", "link")
		a.Placement.Grades.LineItem = item
		must(w.Arrive(w.ctx, a))(w)
	}
	want := c.ann.Placement.Column
	relaunch("")
	want.Grades.LineItem, want.LineItem = "", gradebook.LineItem{}
	w.same(w.column(c), want) // switched off
	relaunch("https://lms.example.org/items/2")
	want.Grades.LineItem, want.LineItem.URL = "https://lms.example.org/items/2", "https://lms.example.org/items/2"
	w.same(w.column(c), want)

	a := w.arrival("ann", "link without")
	a.Placement.Column = gradebook.Column{Grades: lti.Endpoint{Scopes: []string{"score"}, LineItems: "https://lms.example.org/items"}}
	seat := must(w.Arrive(w.ctx, a))(w)
	w.same(seat.Placement.Own, false)
	made := gradebook.LineItem{URL: "https://lms.example.org/items/made", Max: 10, Made: true}
	w.ok(w.SaveLineItem(w.ctx, seat.Placement.ID, made))
	seat = must(w.Arrive(w.ctx, w.again(a)))(w)
	w.same(seat.Placement.Own, false)
	w.same(seat.Placement.LineItem, made)
	w.ok(w.SaveLineItem(w.ctx, seat.Placement.ID, gradebook.LineItem{URL: "https://lms.example.org/items/own"}))
	seat = must(w.Arrive(w.ctx, w.again(a)))(w)
	w.same(seat.Placement.Own, true)
}

// again is a launch that says the same with another nonce.
func (w *world) again(a classroom.Arrival) classroom.Arrival {
	b := w.arrival(a.Person.Subject, a.Placement.ResourceLinkID)
	b.Placement.Column = a.Placement.Column
	return b
}

func testResendAll(_ *testing.T, w *world) {
	c := w.settled("link")
	ann := w.delivery(c.ann, 100)
	ben, tea := w.delivery(c.ben, 50), w.delivery(c.tea, 10)
	c.settlement.Deliveries = []gradebook.Delivery{ann, ben, tea}
	w.save(c.settlement)
	id := c.ann.Placement.ID
	set := func() {
		ann.State, ben.State, ben.Reason, tea.State = gradebook.Delivered, gradebook.Superseded, gradebook.ReasonGiven, gradebook.Withdrawn
		for _, d := range []*gradebook.Delivery{&ann, &ben, &tea} {
			row := must(w.Order(w.ctx, id, d.PersonID))(w).Delivery
			d.TrueAt = row.TrueAt
			w.ok(w.SaveDelivery(w.ctx, *d, time.Time{}))
		}
		w.finishAll()
	}
	states := func() (states []gradebook.State) {
		for _, d := range []gradebook.Delivery{ann, ben, tea} {
			states = append(states, must(w.Order(w.ctx, id, d.PersonID))(w).State)
		}
		return states
	}
	set()
	made := gradebook.LineItem{URL: "https://lms.example.org/items/made", Max: 10, Made: true}
	w.ok(w.SaveLineItem(w.ctx, id, made))
	w.ok(w.MissLineItem(w.ctx, id, made.URL, w.now, true))
	w.ok(w.ResendAll(w.ctx, id, false))
	w.same(states(), []gradebook.State{gradebook.Waiting, gradebook.Superseded, gradebook.Withdrawn})
	w.same(w.column(c).Gone, true) // what we made isn't made again by that
	jobs := w.claim(w.now)
	w.same(len(jobs), 1)
	w.same(jobs[0].Subject, ann.JobSubject())
	set()
	w.ok(w.ResendAll(w.ctx, id, true))
	w.same(w.column(c).LineItem, gradebook.LineItem{})
	w.same(w.column(c).Gone, false)
	w.same(states()[0], gradebook.Waiting)
	own := gradebook.LineItem{URL: "https://lms.example.org/items/own", Max: 10}
	w.ok(w.SaveLineItem(w.ctx, id, own))
	w.ok(w.MissLineItem(w.ctx, id, own.URL, w.now, true))
	w.ok(w.Resend(w.ctx, id, ben.PersonID, true)) // it may be there by now
	w.same(w.column(c).LineItem, own)
	w.same(w.column(c).Gone, false)
	row := must(w.Order(w.ctx, id, ben.PersonID))(w)
	w.same(row.State, gradebook.Waiting)
	w.same(row.Replaces, true)
	w.fails(w.ResendAll(w.ctx, "unknown", false), classroom.ErrNotFound)
}

// What was found is kept of what still counts and waits for nothing.
func testFound(_ *testing.T, w *world) {
	c := w.settled("link")
	d := w.delivery(c.ann, 100)
	id := d.PlacementID
	w.same(len(must(w.SentOrders(w.ctx, id))(w)), 0) // it waits
	d.State, d.SentItem, d.SentAt = gradebook.Delivered, "item", w.now
	w.ok(w.SaveDelivery(w.ctx, d, time.Time{}))
	orders := must(w.SentOrders(w.ctx, id))(w)
	w.same(orders, []gradebook.Order{must(w.Order(w.ctx, id, d.PersonID))(w)})
	found := orders[0].Delivery
	found.State, found.Reason, found.Found = gradebook.Superseded, gradebook.ReasonGiven, gradebook.Found{At: w.now, Points: 7, Max: 10}
	w.ok(w.SaveFound(w.ctx, []gradebook.Delivery{found}))
	w.same(must(w.SentOrders(w.ctx, id))(w)[0].Delivery, found)
	found.Reason = gradebook.ReasonKept
	w.ok(w.SaveFound(w.ctx, []gradebook.Delivery{found}))
	w.same(must(w.SentOrders(w.ctx, id))(w)[0].Delivery, found)

	w.ok(w.Resend(w.ctx, id, d.PersonID, false))
	waits := must(w.Order(w.ctx, id, d.PersonID))(w).Delivery
	w.ok(w.SaveFound(w.ctx, []gradebook.Delivery{found})) // of before
	found.TrueAt = waits.TrueAt
	w.ok(w.SaveFound(w.ctx, []gradebook.Delivery{found})) // while it waits
	w.same(must(w.Order(w.ctx, id, d.PersonID))(w).Delivery, waits)
	w.ok(w.RemovePlatform(w.ctx, w.platform.Name))
	waits.State = gradebook.Delivered
	w.ok(w.SaveDelivery(w.ctx, waits, time.Time{}))
	_, err := w.SentOrders(w.ctx, id)
	w.fails(err, gradebook.ErrNoOrder)
}

// The job that reads back is made with the outcome, once for a column.
func testReadBack(_ *testing.T, w *world) {
	c := w.settled("link")
	d := w.delivery(c.ann, 100)
	w.finishAll()
	d.State = gradebook.Delivered
	w.ok(w.SaveDelivery(w.ctx, d, w.now.Add(3*time.Minute)))
	w.ok(w.SaveDelivery(w.ctx, d, w.now.Add(4*time.Minute)))
	w.ok(w.SaveDelivery(w.ctx, d, time.Time{}))
	w.same(len(w.claim(w.now)), 0)
	jobs := w.claim(w.now.Add(3 * time.Minute))
	w.same(len(jobs), 1)
	w.same(string(jobs[0].Kind), gradebook.CheckJob)
	w.same(jobs[0].Subject, d.PlacementID)
	w.same(jobs[0].Lane, w.platform.ID)
}
