package gradebook

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook/gradebooktest"
	"github.com/bbbridge/bbbridge/lti"
)

var all = []string{lti.AGSScore, lti.AGSLineItem, lti.AGSResultReadOnly}

func TestLacks(t *testing.T) {
	const list, item = "https://lms/list", "https://lms/1"
	for _, test := range []struct {
		name   string
		scopes []string
		column Column // without scopes
		want   Lack
	}{
		{"a column", []string{lti.AGSScore}, Column{LineItem: LineItem{URL: item}}, NoLack},
		{"a column that we may not fill", []string{lti.AGSLineItem}, Column{LineItem: LineItem{URL: item}}, NotOffered},
		{"one that we may make", all, Column{Grades: lti.Endpoint{LineItems: list}}, NoLack},
		{"none, and we may make none", []string{lti.AGSScore, lti.AGSLineItemReadOnly}, Column{Grades: lti.Endpoint{LineItems: list}}, NotOffered},
		{"none, and nowhere to make it", all, Column{}, NotOffered},
		{"nothing", nil, Column{}, NotOffered},
		{"its own was switched off", all, Column{Grades: lti.Endpoint{LineItems: list}, Own: true}, Off},
		{"its own was deleted", all, Column{Grades: lti.Endpoint{LineItems: list}, LineItem: LineItem{URL: item}, Own: true, Gone: true}, Off},
		{"ours was deleted", all, Column{Grades: lti.Endpoint{LineItems: list}, LineItem: LineItem{URL: item, Made: true}, Gone: true}, Deleted},
		{"ours isn't there at the moment", all, Column{Grades: lti.Endpoint{LineItems: list}, LineItem: LineItem{URL: item, Made: true}, MissedAt: nine(0)}, NoLack},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.column.Grades.Scopes = test.scopes
			if got := test.column.Lacks(); got != test.want || test.column.Offered() != (test.want == NoLack) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// The newest launch says where a link's grades go.
func TestTold(t *testing.T) {
	const item, other = "https://lms/1", "https://lms/2"
	endpoint := func(item string) lti.Endpoint {
		return lti.Endpoint{Scopes: all, LineItems: "https://lms/list", LineItem: item}
	}
	own := Column{Grades: endpoint(item), LineItem: LineItem{URL: item, Max: 10}, Own: true}
	made := Column{Grades: endpoint(""), LineItem: LineItem{URL: item, Max: 10, Made: true}}
	gone := func(c Column) Column {
		c.MissedAt, c.Gone = nine(0), true
		return c
	}
	for _, test := range []struct {
		name   string
		before Column
		told   lti.Endpoint
		want   Column
	}{
		{"a new link", Column{}, endpoint(item), Column{Grades: endpoint(item), LineItem: LineItem{URL: item}, Own: true}},
		{"a new link without a column", Column{}, endpoint(""), Column{Grades: endpoint("")}},
		{"the same again", own, endpoint(item), own},
		{"nothing is told", own, lti.Endpoint{}, own},
		{"another one", own, endpoint(other), Column{Grades: endpoint(other), LineItem: LineItem{URL: other}, Own: true}},
		{"its own is switched off", own, endpoint(""), Column{Grades: endpoint(""), Own: true}},
		{"its own is back", Column{Grades: endpoint(""), Own: true}, endpoint(other), Column{Grades: endpoint(other), LineItem: LineItem{URL: other}, Own: true}},
		{"ours is named, being the only one", made, endpoint(item), Column{Grades: endpoint(item), LineItem: made.LineItem}},
		{"ours isn't named", made, endpoint(""), made},
		{"its own comes beside ours", made, endpoint(other), Column{Grades: endpoint(other), LineItem: LineItem{URL: other}, Own: true}},
		{"it is gone, and still named", gone(own), endpoint(item), gone(own)},
		{"it was gone, and is named again", gone(Column{Grades: endpoint(""), LineItem: own.LineItem, Own: true}), endpoint(item), own},
		{"ours is gone", gone(made), endpoint(""), gone(made)},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := test.before.Told(test.told)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if same := got.Equal(test.before); same != (cmp.Diff(test.before, got) == "") {
				t.Errorf("Equal: %v", same)
			}
		})
	}
}

// A column that we made and that was deleted isn't made again. One "no" is no
// proof, and one attempt a while tells for all who wait.
func TestDeletedColumn(t *testing.T) {
	for _, test := range []struct {
		name  string
		made  bool
		back  time.Duration // when it is there again; 0: never
		state State
	}{
		{"ours, for good", true, 0, Refused},
		{"the platform's own, for good", false, 0, Refused},
		{"it is back soon", true, 30 * time.Second, Delivered},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, g, lms, now := class(t, 40)
			b.column = Column{
				Grades:   lti.Endpoint{Scopes: all, LineItems: "https://lms/list"},
				LineItem: LineItem{URL: gradebooktest.Column, Max: 10, Made: test.made}, Own: !test.made,
			}
			column := lms.Columns[gradebooktest.Column]
			clear(lms.Columns)
			due := map[string]time.Time{}
			for i := range 40 {
				due[fmt.Sprintf("u%d", i)] = *now
			}
			for end := now.Add(5 * time.Minute); now.Before(end); *now = now.Add(time.Second) {
				if test.back > 0 && now.Sub(nine(60)) >= test.back {
					lms.Columns[gradebooktest.Column] = column
				}
				for person, at := range due {
					if at.After(*now) {
						continue
					}
					next, err := g.Deliver(t.Context(), "p1/"+person, 1)
					if err != nil {
						t.Fatal(err)
					}
					if due[person] = next.Again; next.Again.IsZero() {
						delete(due, person)
					}
				}
			}
			for person, d := range b.rows {
				if d.State != test.state || (d.Reason == ReasonLineItemGone) != (test.state == Refused) {
					t.Fatalf("%s: %+v", person, d)
				}
			}
			if lms.Count("create") != 0 || b.column.Gone != (test.back == 0) {
				t.Errorf("%d columns made; %+v", lms.Count("create"), b.column)
			}
			if n := lms.Count("score"); test.back == 0 && n > 5 {
				t.Errorf("%d scores were sent to a column that isn't there", n)
			}
			if test.back > 0 && !b.column.MissedAt.IsZero() {
				t.Error("it is still missed")
			}
		})
	}
}

// The maximum of a column that can't be read is asked for once in a while, not
// for each learner.
func TestMaximumThatCannotBeRead(t *testing.T) {
	b, g, lms, _ := class(t, 20)
	b.column.Grades.Scopes = all
	lms.Watch(func(call string) error {
		if call == "line item" {
			return gradebooktest.Refusal(call, 400)
		}
		return nil
	}, nil)
	for i := range 20 {
		if _, err := g.Deliver(t.Context(), fmt.Sprintf("p1/u%d", i), 1); err != nil {
			t.Fatal(err)
		}
	}
	if n := lms.Count("line item"); n > 1 || lms.Delivered() != 20 {
		t.Errorf("asked %d times, %d delivered", n, lms.Delivered())
	}
}

// What went to another column goes to the link's, and what had no place to go.
func TestAgain(t *testing.T) {
	column := Column{Grades: lti.Endpoint{Scopes: all}, LineItem: LineItem{URL: "https://lms/1"}, Own: true}
	none := Column{Own: true, Grades: lti.Endpoint{Scopes: all, LineItems: "https://lms/list"}}
	row := func(state State, reason, item string) Delivery {
		return Delivery{PlacementID: "p1", PersonID: "ann", State: state, Reason: reason, SentItem: item}
	}
	kept := func(d Delivery) Delivery {
		d.Points, d.Max, d.Kept = 10, 10, 1
		return d
	}
	with := func(d Delivery, change func(*Delivery)) Delivery {
		change(&d)
		return d
	}
	for _, test := range []struct {
		name   string
		column Column
		row    Delivery
		sends  bool // by its result
		want   bool
	}{
		{"refused for lack of a column", column, row(Refused, ReasonNoLineItem, ""), true, true},
		{"refused since it was gone", column, row(Refused, ReasonLineItemGone, ""), true, true},
		{"refused since grades weren't offered", column, row(Refused, ReasonScopeMissing, ""), true, true},
		{"still none", none, row(Refused, ReasonNoLineItem, ""), true, false},
		{"refused for another reason", column, row(Refused, ReasonNotGradable, ""), true, false},
		{"no longer earned", column, row(Refused, ReasonNoLineItem, ""), false, false},
		{"no longer earned here, and refused with its points", column, with(row(Refused, ReasonNoLineItem, ""), func(d *Delivery) { d.Points = 10 }), false, false},
		{"nothing was earned in the room before", column, with(row(Refused, ReasonNoLineItem, ""), func(d *Delivery) { d.Kept = 0.5 }), false, false},
		{"earned in the room before", column, kept(row(Refused, ReasonNoLineItem, "")), false, true},
		{"earned in the room before, and sent to another one", column, kept(row(Delivered, "", "https://lms/made")), false, true},
		{"sent there", column, row(Delivered, "", "https://lms/1"), true, false},
		{"sent to another one", column, row(Delivered, "", "https://lms/made"), true, true},
		{"sent to another one, and there is none now", none, row(Delivered, "", "https://lms/made"), true, false},
		{"somebody gave it elsewhere", column, row(Superseded, ReasonGiven, "https://lms/made"), true, false},
		{"sent, nobody knows where to", column, row(Delivered, "", ""), true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			results := []attendance.Result{{PlacementID: "p1", PersonID: "ann", Sends: test.sends}}
			if got := len(Again(map[string]Column{"p1": test.column}, []Delivery{test.row}, results)) > 0; got != test.want {
				t.Errorf("%v", got)
			}
		})
	}
}

// In another column nothing is ours yet.
func TestAnotherColumn(t *testing.T) {
	b, g, lms, now := deliverable(t)
	deliver(t, g)
	const other = "https://lms/2"
	lms.Columns[other] = lti.LineItem{URL: other, ScoreMaximum: 10}
	lms.Scores[gradebooktest.Cell{Column: other, User: "sub-ann"}] = lti.Score{ScoreGiven: 4, ScoreMaximum: 10, Timestamp: nine(50)}
	b.column.LineItem = LineItem{URL: other}
	b.put(Delivery{PersonID: "bob", Points: 8, Max: 10, TrueAt: nine(60)}, *now)
	*now = nine(70)
	b.again("ann", false)
	deliver(t, g)
	if d := b.delivery("ann"); d.Reason != ReasonGiven || d.SentItem != other || !d.SentAt.IsZero() || d.MayBeSent() {
		t.Errorf("%+v", d)
	}
	if _, err := g.Deliver(t.Context(), "p1/bob", 1); err != nil {
		t.Fatal(err)
	}
	if s := lms.Scores[gradebooktest.Cell{Column: other, User: "sub-bob"}]; s.ScoreGiven != 8 {
		t.Errorf("%+v", s)
	}
}

// Two columns are the same if all that is known of them is.
func TestColumnEqual(t *testing.T) {
	full := func() Column {
		return Column{
			Grades:   lti.Endpoint{Scopes: []string{lti.AGSScore}, LineItems: "https://lms/items", LineItem: "https://lms/items/1"},
			LineItem: LineItem{URL: "https://lms/items/1"}, MissedAt: nine(0),
		}
	}
	if c := full(); !c.Equal(full()) {
		t.Error("a column isn't equal to itself")
	}
	for name, change := range map[string]func(*Column){
		"scopes": func(c *Column) { c.Grades.Scopes = nil }, "container": func(c *Column) { c.Grades.LineItems = "" },
		"line item of the launch": func(c *Column) { c.Grades.LineItem = "" }, "line item": func(c *Column) { c.LineItem.URL = "" },
		"own": func(c *Column) { c.Own = true }, "gone": func(c *Column) { c.Gone = true }, "missed": func(c *Column) { c.MissedAt = nine(1) },
	} {
		c := full()
		if change(&c); c.Equal(full()) || full().Equal(c) {
			t.Errorf("another %s makes no difference", name)
		}
	}
}
