package classroom

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
)

// registerStore is what the registers need of the database.
type registerStore interface {
	evidenceStore
	watchStore
	SessionMeetings(ctx context.Context, sessionID string) ([]attendance.Meeting, error)
	SessionAccounts(ctx context.Context, sessionID string) (map[string]string, error)
	countingStore
	Classes(ctx context.Context, roomID, courseID string, rule attendance.Rule, newest int) ([]ClassLine, error)
	LastClasses(ctx context.Context, courseID string) (map[string]time.Time, error)
	ClassGrades(ctx context.Context, roomID, placementID string, since time.Time) ([]ClassGrades, error)
	Session(ctx context.Context, roomID, sessionID string) (attendance.Session, error)
	Register(ctx context.Context, sessionID, courseID, placementID string) ([]RegisterRow, error)
	History(ctx context.Context, roomID, personID string) ([]HistoryLine, error)
	ResultOf(ctx context.Context, placementID, personID string) (*attendance.Result, *gradebook.Delivery, error)
	PlacementDeliveries(ctx context.Context, placementID string) ([]gradebook.Delivery, error)
	Resend(ctx context.Context, placementID, personID string, replaces bool) error
	ResendAll(ctx context.Context, placementID string, newColumn bool) error
}

// Registers shows who attended, to those who may see it, and never the
// people of one course to another.
type Registers struct {
	Store registerStore
	Wake  func() // tells the job runner that something is due; may be nil

	watched watches
}

// A Register is one session as the people of one course attended it.
type Register struct {
	Session  attendance.Session
	Rows     []RegisterRow
	Counting Counting
	Breaks   []attendance.Break // in it, and the one before it if a teacher parted it
}

// NeededHere is the time that the session alone asks by the rule that the
// seat's link has now; 0 if it doesn't count by that, isn't over yet, or
// sessions add up.
func (r Register) NeededHere() time.Duration {
	if r.Session.Open() || !r.Counting.Counts(r.Session.ID) || !r.Counting.InForce(r.Session.ID) {
		return 0
	}
	return r.Counting.Own.Rule.NeededAlone(r.Session.Length)
}

// An OwnRecord is one person's own attendance in a room and what came of it.
type OwnRecord struct {
	Counting Counting            // zero without Lines, or if the link grades nothing
	Lines    []HistoryLine       // newest first
	Result   *attendance.Result  // nil: no session has ended yet
	Delivery *gradebook.Delivery // nil: nothing to send
}

// LastClasses are when the newest class of each room began that the picker
// offers. A room without a class isn't in it.
func (s *Registers) LastClasses(ctx context.Context, seat Seat) (map[string]time.Time, error) {
	if err := seat.May(Pick); err != nil {
		return nil, err
	}
	last, err := s.Store.LastClasses(ctx, seat.Course.ID)
	if err != nil {
		return nil, fmt.Errorf("newest classes of course %s: %w", seat.Course.ID, err)
	}
	return last, nil
}

// Classes lists the room's sessions, newest first, and the deliveries of the
// seat's placement. Who came is counted for so many of the newest.
func (s *Registers) Classes(ctx context.Context, seat Seat, newest int) ([]ClassLine, []gradebook.Delivery, error) {
	if err := seat.May(ReadRegister); err != nil {
		return nil, nil, err
	}
	lines, err := s.Store.Classes(ctx, seat.Room.ID, seat.Course.ID, seat.Placement.Rule, newest)
	if err != nil {
		return nil, nil, fmt.Errorf("classes of room %s: %w", seat.Room.ID, err)
	}
	if len(lines) == 0 {
		return nil, nil, nil
	}
	deliveries, err := s.Store.PlacementDeliveries(ctx, seat.Placement.ID)
	if err != nil {
		return nil, nil, fmt.Errorf("deliveries of placement %s: %w", seat.Placement.ID, err)
	}
	meetings, err := s.Store.RoomMeetings(ctx, seat.Room.ID)
	if err != nil {
		return nil, nil, fmt.Errorf("meetings of room %s: %w", seat.Room.ID, err)
	}
	breaks := attendance.Breaks(meetings)
	for i := range lines {
		lines[i].Breaks = breaks[lines[i].Session.ID]
	}
	return lines, deliveries, nil
}

// ClassGrades counts what became of the grades of those who came, for each of
// the room's sessions that began at since or after it.
func (s *Registers) ClassGrades(ctx context.Context, seat Seat, since time.Time) ([]ClassGrades, error) {
	if err := seat.May(ReadRegister); err != nil {
		return nil, err
	}
	grades, err := s.Store.ClassGrades(ctx, seat.Room.ID, seat.Placement.ID, since)
	if err != nil {
		return nil, fmt.Errorf("grades of room %s: %w", seat.Room.ID, err)
	}
	return grades, nil
}

// Since tells of each person in a session when they were first seen in it, by
// the server's clock.
func (s *Registers) Since(ctx context.Context, seat Seat, session attendance.Session) (map[string]time.Time, error) {
	if err := seat.May(ReadRegister); err != nil {
		return nil, err
	}
	accounts, err := s.accounts(ctx, session, "")
	if err != nil {
		return nil, err
	}
	since := map[string]time.Time{}
	for _, a := range accounts {
		for _, stay := range a.Stays {
			if first, ok := since[stay.PersonID]; !ok || stay.From.Before(first) {
				since[stay.PersonID] = stay.From
			}
		}
	}
	return since, nil
}

// SoFar is how long the seat's person has been in a class that is on.
func (s *Registers) SoFar(ctx context.Context, seat Seat, session attendance.Session) (time.Duration, error) {
	if err := seat.May(See); err != nil {
		return 0, err
	}
	accounts, err := s.accounts(ctx, session, seat.Person.ID)
	if err != nil {
		return 0, err
	}
	all, _ := attendance.Attendances(session.ID, accounts)
	for _, a := range all {
		if a.PersonID == seat.Person.ID {
			return a.Time, nil
		}
	}
	return 0, nil
}

// Register returns the register of one session of the seat's room.
func (s *Registers) Register(ctx context.Context, seat Seat, sessionID string) (Register, error) {
	if err := seat.May(ReadRegister); err != nil {
		return Register{}, err
	}
	session, err := s.Store.Session(ctx, seat.Room.ID, sessionID)
	if err != nil {
		return Register{}, fmt.Errorf("session %s of room %s: %w", sessionID, seat.Room.ID, err)
	}
	rows, err := s.Store.Register(ctx, session.ID, seat.Course.ID, seat.Placement.ID)
	if err != nil {
		return Register{}, fmt.Errorf("register of session %s: %w", session.ID, err)
	}
	for i := range rows {
		rows[i].Delivery = rows[i].Delivery.Shown()
	}
	meetings, err := s.Store.RoomMeetings(ctx, seat.Room.ID)
	if err != nil {
		return Register{}, fmt.Errorf("meetings of room %s: %w", seat.Room.ID, err)
	}
	r := Register{Session: session, Rows: rows, Breaks: attendance.Breaks(meetings)[session.ID]}
	if r.Counting, err = s.Counting(ctx, seat); err != nil {
		return Register{}, err
	}
	if session.EndedAt.IsZero() {
		err = s.upToNow(ctx, &r)
	}
	return r, err
}

// upToNow fills the register of a class that goes on with what was seen of it
// so far: it is settled when it begins and when it ends, not in between.
func (s *Registers) upToNow(ctx context.Context, r *Register) error {
	accounts, err := s.accounts(ctx, r.Session, "")
	if err != nil {
		return err
	}
	rows := map[string]*RegisterRow{}
	for i := range r.Rows {
		r.Rows[i].Stays = nil
		rows[r.Rows[i].Person.ID] = &r.Rows[i]
	}
	for _, a := range accounts {
		for _, stay := range a.Stays {
			if row := rows[stay.PersonID]; row != nil {
				row.Stays = append(row.Stays, stay)
			}
		}
	}
	all, long := attendance.Attendances(r.Session.ID, accounts)
	for _, a := range all {
		if row := rows[a.PersonID]; row != nil {
			row.Attendance = a
		}
	}
	r.Session.Length = long
	r.Rows = slices.DeleteFunc(r.Rows, func(row RegisterRow) bool { return !row.Graded && len(row.Stays) == 0 })
	return nil
}

// accounts are those of the session's meetings, whole, of all that is known now.
// With a person, others needn't be in them.
func (s *Registers) accounts(ctx context.Context, session attendance.Session, personID string) ([]attendance.Account, error) {
	meetings, err := s.Store.SessionMeetings(ctx, session.ID)
	if err != nil {
		return nil, fmt.Errorf("meetings of session %s: %w", session.ID, err)
	}
	isOver := func(m attendance.Meeting) bool { return !m.EndedAt.IsZero() }
	known := func(id string) bool { return id == personID }
	if personID == "" || slices.ContainsFunc(meetings, isOver) {
		people, err := s.Store.RoomPeople(ctx, session.RoomID)
		if err != nil {
			return nil, fmt.Errorf("people of room %s: %w", session.RoomID, err)
		}
		known = knownOf(people)
	}
	var accounts []attendance.Account
	for _, m := range meetings {
		if isOver(m) {
			continue
		}
		a, err := s.watched.account(ctx, s.Store, m, known)
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, a)
	}
	over, err := s.over(ctx, session.ID, slices.DeleteFunc(meetings, func(m attendance.Meeting) bool { return !isOver(m) }), known)
	return append(accounts, over...), err
}

// over are the accounts of those meetings of a session that are over.
func (s *Registers) over(ctx context.Context, sessionID string, meetings []attendance.Meeting, known func(string) bool) ([]attendance.Account, error) {
	if len(meetings) == 0 {
		return nil, nil
	}
	kept, err := s.Store.SessionAccounts(ctx, sessionID)
	if err != nil {
		return nil, fmt.Errorf("accounts of session %s: %w", sessionID, err)
	}
	accounts, err := accountsOf(ctx, s.Store, meetings, kept, known, nil)
	for i := range accounts {
		accounts[i] = accounts[i].Whole()
	}
	return accounts, err
}

// Own returns what the seat's person attended.
func (s *Registers) Own(ctx context.Context, seat Seat) (OwnRecord, error) {
	if err := seat.May(See); err != nil {
		return OwnRecord{}, err
	}
	var own OwnRecord
	var err error
	if own.Lines, err = s.Store.History(ctx, seat.Room.ID, seat.Person.ID); err != nil {
		return OwnRecord{}, fmt.Errorf("history in room %s: %w", seat.Room.ID, err)
	}
	if len(own.Lines) == 0 {
		return own, nil
	}
	if own.Result, own.Delivery, err = s.Store.ResultOf(ctx, seat.Placement.ID, seat.Person.ID); err != nil {
		return OwnRecord{}, fmt.Errorf("result in placement %s: %w", seat.Placement.ID, err)
	}
	own.Delivery = own.Delivery.Shown()
	if seat.Placement.Link().Grades() {
		own.Counting, err = s.Counting(ctx, seat)
	}
	return own, err
}
