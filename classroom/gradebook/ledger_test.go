package gradebook

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/classroom/gradebook/gradebooktest"
	"github.com/bbbridge/bbbridge/lti"
)

// A ledger is the database of one placement, for tests: it keeps the promises
// of the store.
type ledger struct {
	mu             sync.Mutex
	column         Column
	platform       lti.Registration
	removed        bool // the platform
	rows           map[string]Delivery
	held           time.Time // until when the line item is being found
	checkAt        time.Time // when the column is to be read back
	now            func() time.Time
	Title          string
	ResourceLinkID string

	before func(call string) error
}

var errNoRow = errors.New("no such row")

func (b *ledger) do(call string, f func() error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.before != nil {
		if err := b.before(call); err != nil {
			return err
		}
	}
	return f()
}

// put has a value sent.
func (b *ledger) put(d Delivery, _ time.Time) {
	old := b.rows[d.PersonID]
	if !d.TrueAt.After(old.TrueAt) {
		d.TrueAt = old.TrueAt.Add(time.Millisecond)
	}
	old.PlacementID, old.PersonID, old.Points, old.Max, old.Comment, old.TrueAt = "p1", d.PersonID, d.Points, d.Max, d.Comment, d.TrueAt
	old.State, old.Reason, old.Detail, old.Attempts, old.NextAt = Waiting, "", "", 0, time.Time{}
	b.rows[d.PersonID] = old
}

// again has a delivery sent again, for a teacher who asks for it now.
func (b *ledger) again(person string, replaces bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.rows[person]
	d.State, d.Reason, d.Detail, d.Attempts, d.NextAt, d.Replaces = Waiting, "", "", 0, time.Time{}, replaces
	d.TrueAt = b.now()
	b.rows[person] = d
}

func (b *ledger) delivery(person string) Delivery {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rows[person]
}

func (b *ledger) order(d Delivery) Order {
	return Order{
		Delivery: d, Column: b.column, Registration: b.platform, DeploymentID: "1", Subject: "sub-" + d.PersonID,
		ResourceLinkID: b.ResourceLinkID, Title: b.Title, RoomID: "room",
	}
}

func (b *ledger) Order(_ context.Context, _, personID string) (o Order, err error) {
	return o, b.do("Order", func() error {
		d, ok := b.rows[personID]
		if !ok || b.removed {
			return ErrNoOrder
		}
		o = b.order(d)
		return nil
	})
}

func (b *ledger) SentOrders(context.Context, string) (all []Order, err error) {
	return all, b.do("SentOrders", func() error {
		if b.removed {
			return ErrNoOrder
		}
		for _, d := range b.rows {
			if d.State == Delivered || d.ReadAsGiven() {
				all = append(all, b.order(d))
			}
		}
		slices.SortFunc(all, func(x, y Order) int { return cmp.Compare(x.PersonID, y.PersonID) })
		return nil
	})
}

func (b *ledger) HoldLineItem(_ context.Context, _ string, now, until time.Time) (held bool, err error) {
	return held, b.do("HoldLineItem", func() error {
		if held = !b.held.After(now); held {
			b.held = until
		}
		return nil
	})
}

func (b *ledger) FreeLineItem(context.Context, string) error {
	return b.do("FreeLineItem", func() error {
		b.held = time.Time{}
		return nil
	})
}

func (b *ledger) SaveLineItem(_ context.Context, _ string, item LineItem) error {
	return b.do("SaveLineItem", func() error {
		b.column.LineItem, b.column.Own = item, b.column.Own || !item.Made
		b.column.MissedAt, b.column.Gone = time.Time{}, false
		return nil
	})
}

func (b *ledger) MissLineItem(_ context.Context, _, url string, since time.Time, gone bool) error {
	return b.do("MissLineItem", func() error {
		if b.column.LineItem.URL == url {
			b.column.MissedAt, b.column.Gone = since, gone
		}
		return nil
	})
}

func (b *ledger) SaveDelivery(ctx context.Context, d Delivery, checkAt time.Time) error {
	return b.do("SaveDelivery", func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		row, ok := b.rows[d.PersonID]
		if !ok {
			return errNoRow
		}
		if row.TrueAt.Equal(d.TrueAt) {
			row = d
		}
		row.SentItem, row.SentAt, row.SentPoints, row.SentMax = d.SentItem, d.SentAt, d.SentPoints, d.SentMax
		row.SentStamp, row.TriedPoints, row.TriedMax = d.SentStamp, d.TriedPoints, d.TriedMax
		b.rows[d.PersonID] = row
		if b.checkAt.IsZero() {
			b.checkAt = checkAt
		}
		return nil
	})
}

func (b *ledger) SaveFound(_ context.Context, all []Delivery) error {
	return b.do("SaveFound", func() error {
		for _, d := range all {
			if row := b.rows[d.PersonID]; row.TrueAt.Equal(d.TrueAt) && row.State != Waiting {
				b.rows[d.PersonID] = d
			}
		}
		return nil
	})
}

// deliverable is a delivery of ten points for ann, of a class that ended a
// minute before it is ready to go.
func deliverable(t *testing.T) (*ledger, *Grades, *gradebooktest.LMS, *time.Time) {
	t.Helper()
	lms, now := gradebooktest.New(), nine(60)
	b := &ledger{
		column: Column{
			LineItem: LineItem{URL: gradebooktest.Column}, Own: true,
			Grades: lti.Endpoint{Scopes: []string{lti.AGSScore, lti.AGSResultReadOnly}},
		},
		platform: lti.Registration{ID: "lms", Name: "LMS"}, rows: map[string]Delivery{}, now: func() time.Time { return now },
	}
	b.put(Delivery{PlacementID: "p1", PersonID: "ann", Points: 10, Max: 10, Comment: "35 / 30 min", TrueAt: nine(60)}, now)
	g := &Grades{Store: b, Platform: lms, Now: b.now, Log: slog.New(slog.DiscardHandler)}
	return b, g, lms, &now
}

func (b *ledger) ReleaseDeliveries(context.Context, string, int) error { return nil }
