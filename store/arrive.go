package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/lti"
)

// seenEvery is how exact Enrolment.SeenAt is: not each launch writes it.
const seenEvery = time.Hour

// errNeedsTransaction: a launch tells something new, which takes more than
// the one statement that may run by itself.
var errNeedsTransaction = errors.New("needs a transaction")

// Arrive records a launch. What the store knows keeps its ids, and what the
// launch tells of it is taken over; an empty title or name tells nothing, nor
// does an endpoint without scopes. The seat has the ids that hold.
//
// It is ErrReplayed, and changes nothing, if the nonce is used up; and a
// *lti.Refusal if the platform was disabled or removed since the launch was
// checked, or by another program.
func (db *DB) Arrive(ctx context.Context, a classroom.Arrival) (classroom.Seat, error) {
	private, err := db.seal.sealVisit(a.Visit)
	if err != nil {
		return classroom.Seat{}, err
	}
	arr := arrival{Arrival: a, private: private, nonce: hashed(a.Nonce)}
	var seat classroom.Seat
	record := func(c *conn) (err error) {
		seat, err = c.arrive(ctx, arr)
		return err
	}
	err = db.writes.once(ctx, record)
	if errors.Is(err, errNeedsTransaction) {
		err = db.write(ctx, record)
	}
	var shut *lti.Refusal
	if a.NewDeployment && err == nil || errors.As(err, &shut) {
		db.known.forget()
	}
	if err != nil {
		return classroom.Seat{}, fmt.Errorf("record the launch: %w", err)
	}
	return seat, nil
}

// An arrival is one on its way into the database.
type arrival struct {
	classroom.Arrival
	private []byte // sealed
	nonce   []byte // hashed
}

// A knownRow is what the database knows of a launch. The course is there; the
// rest may not be.
type knownRow struct {
	shutRow
	courseRow
	personRow
	enrolmentRow
	placementRow
	roomRow
}

// A shutRow says whether a registration takes launches. It is asked in the
// same breath, since what is held in memory may be seconds old.
type shutRow struct {
	Disabled  bool   `db:"registration.disabled"`
	RemovedAt millis `db:"registration.removed_at"`
}

// refusal is nil for one that does.
func (r shutRow) refusal() error {
	switch {
	case !r.RemovedAt.time().IsZero():
		return &lti.Refusal{Code: lti.CodeLoginUnknownPlatform, Err: errors.New("the platform was removed a moment ago")}
	case r.Disabled:
		return &lti.Refusal{Code: lti.CodePlatformDisabled, Err: errors.New("the platform was disabled a moment ago")}
	}
	return nil
}

var selectKnown = `SELECT ` + columns[shutRow]("reg") + `, ` + columns[courseRow]("c") + `, ` + columns[personRow]("p") + `, ` + columns[enrolmentRow]("e") + `, ` +
	columns[placementRow]("pl") + `, ` + columns[roomRow]("r") + `
	FROM courses c
	JOIN registrations reg ON reg.id = c.registration_id
	LEFT JOIN people p ON p.registration_id = c.registration_id AND p.subject = ?
	LEFT JOIN enrolments e ON e.course_id = c.id AND e.person_id = p.id
	LEFT JOIN placements pl ON pl.course_id = c.id AND pl.resource_link_id = ?
	LEFT JOIN rooms r ON r.id = pl.room_id
	WHERE c.registration_id = ? AND c.deployment_id = ? AND c.context_key = ?`

// known is what the database knows of a launch: what isn't there is zero, and
// so is the visit, until it has begun.
type known struct {
	classroom.Seat
	enrolment classroom.Enrolment
}

func (c *conn) arrive(ctx context.Context, a arrival) (classroom.Seat, error) {
	var row knownRow
	err := c.get(ctx, &row, selectKnown, a.Person.Subject, a.Placement.ResourceLinkID,
		a.Course.RegistrationID, a.Course.DeploymentID, a.Course.ContextKey)
	if err != nil && !errors.Is(err, classroom.ErrNotFound) {
		return classroom.Seat{}, fmt.Errorf("look up: %w", err)
	}
	if err != nil { // a course that is new
		if row.shutRow, err = c.shut(ctx, a.Course.RegistrationID); err != nil {
			return classroom.Seat{}, err
		}
	}
	if err := row.refusal(); err != nil {
		return classroom.Seat{}, err
	}
	k := known{enrolment: row.enrolment()}
	k.Course, k.Person, k.Placement, k.Room = row.course(), row.person(), row.placement(), row.room()
	if a.AsBefore {
		if !saysNoMore(k.Placement, a.Placement) {
			return classroom.Seat{}, classroom.ErrUnplaced
		}
		a.Placement.ID, a.Placement.Named = k.Placement.ID, k.Placement.Named
	}
	if news := a.news(k); len(news) > 0 {
		if !c.inTx {
			return classroom.Seat{}, errNeedsTransaction
		}
		if err := c.unused(ctx, a.nonce); err != nil {
			return classroom.Seat{}, err
		}
		for _, learn := range news {
			if err := learn(c, ctx, a, &k); err != nil {
				return classroom.Seat{}, err
			}
		}
	}
	k.Visit, k.Newest = a.Visit, a.Enrolment.Role
	k.Visit.PersonID, k.Visit.CourseID, k.Visit.PlacementID = k.Person.ID, k.Course.ID, k.Placement.ID
	keptUntil := a.Visit.ExpiresAt
	if a.NonceExpires.After(keptUntil) {
		keptUntil = a.NonceExpires
	}
	isNew, err := c.insertVisit(ctx, k.Visit, a.private, a.nonce, millis(keptUntil))
	if err != nil {
		return classroom.Seat{}, fmt.Errorf("begin the visit: %w", err)
	}
	if !isNew {
		return classroom.Seat{}, classroom.ErrReplayed
	}
	return k.Seat, nil
}

var selectShut = `SELECT ` + columns[shutRow]("reg") + ` FROM registrations reg WHERE reg.id = ?`

func (c *conn) shut(ctx context.Context, registrationID string) (shutRow, error) {
	var row shutRow
	if err := c.get(ctx, &row, selectShut, registrationID); err != nil {
		return shutRow{}, fmt.Errorf("registration %s: %w", registrationID, err)
	}
	return row, nil
}

// unused is ErrReplayed for a nonce that is used up. It spares a replay the
// work; what makes sure is the nonce's index.
func (c *conn) unused(ctx context.Context, nonce []byte) error {
	var id string
	err := c.get(ctx, &id, `SELECT id FROM visits WHERE nonce = ?`, nonce)
	switch {
	case errors.Is(err, classroom.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("look up the nonce: %w", err)
	}
	return classroom.ErrReplayed
}

// A lesson takes over one thing that a launch tells.
type lesson func(c *conn, ctx context.Context, a arrival, k *known) error

// news lists what the launch tells that isn't known yet, in an order in which
// it can be written.
func (a arrival) news(k known) []lesson {
	var news []lesson
	add := func(differs bool, l lesson) {
		if differs {
			news = append(news, l)
		}
	}
	newPlacement := a.Placement.ID != "" && k.Placement.ID == ""
	add(a.NewDeployment, (*conn).learnDeployment)
	// A new placement waits for the course: of two launches of one new link,
	// the later one then finds what the first has made.
	add(k.Course.ID == "" || newPlacement || tells(a.Course.Title, k.Course.Title) || tells(a.Course.Label, k.Course.Label),
		(*conn).learnCourse)
	add(k.Person.ID == "" || tells(a.Person.Name, k.Person.Name) || a.Person.Administrator != k.Person.Administrator, (*conn).learnPerson)
	e := k.enrolment
	add(e.Role != a.Enrolment.Role || e.Graded != a.Enrolment.Graded || a.Enrolment.SeenAt.Sub(e.SeenAt) >= seenEvery,
		(*conn).learnEnrolment)
	_, changed := refreshed(k.Placement, a.Placement)
	add(newPlacement || a.Placement.ID != "" && changed, (*conn).learnPlacement)
	add(!newPlacement && a.Placement.ID != "" && leadsElsewhere(k.Placement, a), (*conn).learnRoom)
	add(a.Opens != "", (*conn).learnOpened)
	add(a.Keeps != "", (*conn).learnKept)
	return news
}

// tells reports whether what a launch says is something, and another thing
// than is known.
func tells(said, known string) bool { return said != "" && said != known }

func (c *conn) learnDeployment(ctx context.Context, a arrival, _ *known) error {
	_, err := c.exec(ctx, `
		INSERT INTO deployments (registration_id, deployment_id, active, created_at) VALUES (?, ?, TRUE, ?)
		ON CONFLICT (registration_id, deployment_id) DO NOTHING`,
		a.Course.RegistrationID, a.Course.DeploymentID, millis(a.Visit.CreatedAt))
	if err != nil {
		return fmt.Errorf("adopt deployment %s: %w", a.Course.DeploymentID, err)
	}
	return nil
}

var upsertCourse = `
	INSERT INTO courses (id, registration_id, deployment_id, context_key, title, label, provisional_at) VALUES (?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (registration_id, deployment_id, context_key) DO UPDATE SET
		title = CASE WHEN excluded.title = '' THEN courses.title ELSE excluded.title END,
		label = CASE WHEN excluded.label = '' THEN courses.label ELSE excluded.label END
	RETURNING ` + columns[courseRow]("courses")

func (c *conn) learnCourse(ctx context.Context, a arrival, k *known) error {
	var row courseRow
	err := c.returning(ctx, &row, upsertCourse, a.Course.ID, a.Course.RegistrationID, a.Course.DeploymentID,
		a.Course.ContextKey, a.Course.Title, a.Course.Label, millis(a.Course.ProvisionalAt))
	if err != nil {
		return fmt.Errorf("save course %s: %w", a.Course.ContextKey, err)
	}
	k.Course = row.course()
	return nil
}

var upsertPerson = `
	INSERT INTO people (id, registration_id, subject, name, administrator) VALUES (?, ?, ?, ?, ?)
	ON CONFLICT (registration_id, subject) DO UPDATE SET administrator = excluded.administrator,
		name = CASE WHEN excluded.name = '' THEN people.name ELSE excluded.name END
	RETURNING ` + columns[personRow]("people")

func (c *conn) learnPerson(ctx context.Context, a arrival, k *known) error {
	var row personRow
	err := c.returning(ctx, &row, upsertPerson, a.Person.ID, a.Person.RegistrationID, a.Person.Subject, a.Person.Name, a.Person.Administrator)
	if err != nil {
		return fmt.Errorf("save person: %w", err)
	}
	k.Person = row.person()
	return nil
}

func (c *conn) learnEnrolment(ctx context.Context, a arrival, k *known) error {
	_, err := c.exec(ctx, `
		INSERT INTO enrolments (course_id, person_id, role, graded, seen_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (course_id, person_id) DO UPDATE SET
			role = excluded.role, graded = excluded.graded, seen_at = excluded.seen_at`,
		k.Course.ID, k.Person.ID, string(a.Enrolment.Role), a.Enrolment.Graded, millis(a.Enrolment.SeenAt))
	if err != nil {
		return fmt.Errorf("save person %s in course %s: %w", k.Person.ID, k.Course.ID, err)
	}
	if !a.Anonymous {
		return nil
	}
	_, err = c.exec(ctx, `INSERT INTO anonymous (person_id, course_id, came_at) VALUES (?, ?, ?) ON CONFLICT (person_id) DO NOTHING`,
		k.Person.ID, k.Course.ID, millis(a.Visit.CreatedAt))
	if err != nil {
		return fmt.Errorf("somebody in course %s: %w", k.Course.ID, err)
	}
	return nil
}

func (c *conn) learnPlacement(ctx context.Context, a arrival, k *known) error {
	link := a.Placement.ResourceLinkID
	if k.Placement.ID == "" {
		row, err := c.placement(ctx, k.Course.ID, link)
		if errors.Is(err, classroom.ErrNotFound) {
			return c.addPlacement(ctx, a, k)
		}
		if err != nil {
			return fmt.Errorf("placement of link %s: %w", link, err)
		}
		k.Placement, k.Room = row.placement(), row.room()
	}
	p, changed := refreshed(k.Placement, a.Placement)
	if !changed {
		return nil
	}
	err := c.one(ctx, `UPDATE placements SET title = ?, scopes = ?, items_url = ?, launch_item_url = ?, opens_class = ? WHERE id = ?`,
		p.Title, strings.Join(p.Grades.Scopes, " "), p.Grades.LineItems, p.Grades.LineItem, p.OpensClass, p.ID)
	if err != nil {
		return fmt.Errorf("save placement %s: %w", p.ID, err)
	}
	// A delivery may be finding the line item just now: only what a launch
	// says of it is written.
	before := k.Placement
	if p.LineItem != before.LineItem || p.Own != before.Own || p.Gone != before.Gone || !p.MissedAt.Equal(before.MissedAt) {
		if err := c.saveColumn(ctx, p); err != nil {
			return err
		}
	}
	if err := c.renameRoom(ctx, k, k.Placement.Title, p.Title); err != nil {
		return err
	}
	k.Placement = p
	return c.settleAgain(ctx, p, a.Visit.CreatedAt)
}

func (c *conn) saveColumn(ctx context.Context, p classroom.Placement) error {
	err := c.one(ctx, `UPDATE placements SET item_url = ?, item_max = ?, item_made = ?, item_own = ?, item_missed_at = ?, item_gone = ? WHERE id = ?`,
		p.LineItem.URL, p.LineItem.Max, p.LineItem.Made, p.Own, millis(p.MissedAt), p.Gone, p.ID)
	if err != nil {
		return fmt.Errorf("save line item of placement %s: %w", p.ID, err)
	}
	return nil
}

// settleAgain has the placement's room settled, if grades may have a place to
// go that they hadn't: those that were refused for lack of one, and those that
// went to another line item.
func (c *conn) settleAgain(ctx context.Context, p classroom.Placement, at time.Time) error {
	var some bool
	err := c.get(ctx, &some, `
		SELECT EXISTS (SELECT 1 FROM deliveries WHERE placement_id = ? AND (state = ? AND reason IN (?, ?, ?)
			OR state = ? AND sent_item <> '' AND sent_item <> ?))`,
		p.ID, string(gradebook.Refused), gradebook.ReasonScopeMissing, gradebook.ReasonNoLineItem, gradebook.ReasonLineItemGone,
		string(gradebook.Delivered), p.LineItem.URL)
	if err != nil || !some || !p.Offered() {
		return err
	}
	return c.settle(ctx, p.RoomID, at)
}

// addPlacement makes a placement and, unless it leads to one that is there,
// its room.
func (c *conn) addPlacement(ctx context.Context, a arrival, k *known) error {
	p := a.Placement
	p.CourseID = k.Course.ID
	if a.Room != nil {
		room := *a.Room
		room.CourseID = k.Course.ID
		p.RoomID = room.ID
		if err := c.addRoom(ctx, room); err != nil {
			return err
		}
	} else if err := c.claimRoom(ctx, a, p.CourseID); err != nil {
		return err
	}
	_, err := c.exec(ctx, `
		INSERT INTO placements (id, course_id, resource_link_id, room_id, title, rule,
			scopes, items_url, launch_item_url, item_url, item_max, item_made, item_own, copied_from, opens_class, named_room, named_at, notices, room_since)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.ID, p.CourseID, p.ResourceLinkID, p.RoomID, p.Title, asJSON(p.Rule),
		strings.Join(p.Grades.Scopes, " "), p.Grades.LineItems, p.Grades.LineItem,
		p.LineItem.URL, p.LineItem.Max, p.LineItem.Made, p.Own, p.CopiedFrom, p.OpensClass, p.Named, millis(p.NamedAt), asJSON(p.Notices), millis(p.Terms.Since))
	if err != nil {
		return fmt.Errorf("add placement %s: %w", p.ID, err)
	}
	row, err := c.placement(ctx, p.CourseID, p.ResourceLinkID)
	if err != nil {
		return fmt.Errorf("placement %s: %w", p.ID, err)
	}
	k.Placement, k.Room = row.placement(), row.room()
	if k.Room.Picked {
		return c.renameRoom(ctx, k, "", p.Title)
	}
	return nil
}

// refreshed is p with what a launch tells of it, and whether that is news.
// Where it leads, its rule and what the teacher has decided stay.
func refreshed(p, told classroom.Placement) (classroom.Placement, bool) {
	changed := p.OpensClass != told.OpensClass
	p.OpensClass = told.OpensClass
	if tells(told.Title, p.Title) {
		p.Title, changed = told.Title, true
	}
	was := p.Column
	p.Column = was.Told(told.Grades)
	return p, changed || !p.Column.Equal(was)
}
