package store_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance/attendancetest"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/gradebook/gradebooktest"
	"github.com/bbbridge/bbbridge/classroom/jobs"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/store"
)

// A chapter is how far a story has come.
type chapter int

const (
	entered chapter = iota // a teacher and learners have opened their links
	running                // a class is on, and was looked at
	ended                  // it is over, and so is one that followed soon
	settled                // and they were counted
	sent                   // and their grades are in the gradebook
)

// A story is a course with its classes: the domain on a database, with a
// BigBlueButton and a gradebook in memory, and a clock that a test moves.
type story struct {
	t      *testing.T
	db     *store.DB
	path   string
	now    time.Time
	server *oneMeeting
	lms    *gradebooktest.LMS

	rooms     *classroom.Rooms
	classes   *classroom.Classes
	registers *classroom.Registers
	grades    *gradebook.Grades

	woken bool // the runner was told of work

	claimed  jobs.Job // by a step's preparation
	serverID string
	staff    []admin.Staff

	platform lti.Registration
	visits   map[string]string         // by who and where
	seats    map[string]classroom.Seat // of the visits, when it was told so far; nil: it is being told
	meetings []string                  // of the first link's room, oldest first
	known    map[string]bool           // texts that stood in the database when the story was told so far
}

// tell has a story happen, up to a chapter.
func tell(t *testing.T, until chapter) *story {
	t.Helper()
	w := &story{t: t, path: filepath.Join(t.TempDir(), "told.db"), now: attendancetest.Nine(0), server: &oneMeeting{}, lms: gradebooktest.New(), visits: map[string]string{}}
	w.open()
	p, err := w.db.AddPlatform(t.Context(), admin.Platform{Registration: lti.Registration{
		Name: "uni", Issuer: issuer, ClientID: "c1", TokenURL: issuer + "/token", Deployments: map[string]bool{"1": true},
	}})
	w.ok(err)
	w.platform = p.Registration
	_, err = w.db.AddServer(t.Context(), classroom.Server{Name: "bbb", Server: bbb.Server{URL: "https://bbb.example.org/api", Secret: "secret"}})
	w.ok(err)
	w.begin()
	for _, tell := range []func(){w.run, w.over, w.settle, w.deliver}[:until] {
		tell()
	}
	w.ok(w.db.Close())
	w.known = map[string]bool{}
	for _, row := range w.rows(nil) {
		for _, cell := range row {
			w.known[cell] = true
		}
	}
	return w
}

// again is the story as it was told, on a database of its own, before a step.
func (w *story) again(t *testing.T, s step) *story {
	t.Helper()
	text, err := os.ReadFile(w.path)
	w.ok(err)
	next, server := *w, *w.server
	next.t, next.path, next.server = t, filepath.Join(t.TempDir(), "again.db"), &server
	next.lms, next.visits = gradebooktest.New(), maps.Clone(w.visits)
	w.ok(os.WriteFile(next.path, text, 0o600))
	maps.Copy(next.lms.Scores, w.lms.Scores)
	next.open()
	t.Cleanup(func() {
		next.rooms.Stop()
		next.ok(next.db.Close())
	})
	if s.prep != nil {
		s.prep(&next)
	}
	seats := map[string]classroom.Seat{}
	for name := range next.visits {
		seats[name] = next.seat(name)
	}
	next.seats, next.woken = seats, false
	return &next
}

func (w *story) open() {
	w.t.Helper()
	db, err := store.Open(w.t.Context(), "sqlite:"+w.path, testKey)
	w.ok(err)
	now := func() time.Time { return w.now }
	wake := func() { w.woken = true }
	client := func(classroom.Server) classroom.MeetingServer { return w.server }
	db.Now, w.db, w.server.now = now, db, now
	w.rooms = &classroom.Rooms{Store: db, Client: client, PublicURL: "https://bridge.example", PasswordKey: []byte("key"), PollEvery: 30 * time.Second, Now: now, Wake: wake}
	w.classes = &classroom.Classes{Store: db, Client: client, Interval: 30 * time.Second, Now: now, Wake: wake, Log: slog.New(slog.DiscardHandler)}
	w.registers = &classroom.Registers{Store: db, Wake: wake}
	w.grades = &gradebook.Grades{Store: db, Platform: w.lms, Now: now, Log: slog.New(slog.DiscardHandler)}
}

func (w *story) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *story) ctx() context.Context { return w.t.Context() }

func (w *story) at(minutes float64) { w.now = attendancetest.Nine(minutes) }

// launch is one of a person through a link of a course. Who is called a teacher
// teaches.
func (w *story) launch(person, course, link string) lti.Launch {
	role := "Learner"
	if strings.HasPrefix(person, "teacher") {
		role = "Instructor"
	}
	l := lti.Launch{
		Registration: w.platform, DeploymentID: "1", User: lti.User{ID: person, Name: "Name of " + person},
		Roles: lti.ParseRoles([]string{role}), Context: lti.Context{ID: course, Title: "Course " + course},
		Nonce: fmt.Sprint(person, course, link, w.known != nil), NonceExpires: w.now.Add(time.Hour), IssuedAt: w.now,
		Presentation: lti.Presentation{ReturnURL: "https://lms.example.org/back"},
	}
	if link == "" {
		l.InWindow = true
		l.DeepLinking = &lti.DeepLinkingSettings{ReturnURL: "https://lms.example.org/deep", AcceptMultiple: true}
		return l
	}
	l.ResourceLink = lti.ResourceLink{ID: link, Title: "Lecture " + link}
	l.Grades = lti.Endpoint{Scopes: []string{lti.AGSScore, lti.AGSResultReadOnly}, LineItem: gradebooktest.Column}
	l.Custom = map[string]string{"complete_minutes": "30", "complete_points": "10"}
	return l
}

func (w *story) enter(l lti.Launch) classroom.Seat {
	w.t.Helper()
	seat, err := w.rooms.Enter(w.ctx(), l, "browser of "+l.User.ID, "en")
	w.ok(err)
	w.visits[strings.TrimRight(l.User.ID+" "+l.ResourceLink.ID, " ")] = seat.Visit.ID
	return seat
}

// seat is that of a visit, as it is when a step begins.
func (w *story) seat(visit string) classroom.Seat {
	w.t.Helper()
	if seat, known := w.seats[visit]; known {
		return seat
	}
	seat, err := w.db.Seat(w.ctx(), w.visits[visit])
	w.ok(err)
	return seat
}

// begin has a teacher, two learners, and a teacher of a copied course come.
func (w *story) begin() {
	w.t.Helper()
	room := w.enter(w.launch("teacher", "c1", "l1")).Room
	w.enter(w.launch("ann", "c1", "l1"))
	w.enter(w.launch("bob", "c1", "l1"))
	w.enter(w.launch("teacher", "c1", ""))
	for _, teacher := range []string{"teacher", "teacher2"} {
		copied := w.launch(teacher, "c2", "l2 of "+teacher)
		copied.Custom["room"] = room.ID
		w.enter(copied)
	}
	w.ok(w.rooms.AskToShare(w.ctx(), w.seat("teacher2 l2 of teacher2")))
}

// class has a class begin, to which people come, and looks at it until a minute.
func (w *story) class(from, until float64, people ...string) {
	w.t.Helper()
	w.at(from)
	_, err := w.rooms.Start(w.ctx(), w.seat("teacher l1"))
	w.ok(err)
	for _, name := range people {
		w.server.people = append(w.server.people, w.seat(name+" l1").Person.ID)
	}
	room := w.seat("teacher l1").Room.ID
	live, err := w.db.LiveMeetings(w.ctx(), room)
	w.ok(err)
	w.meetings = append(w.meetings, live[0].ID)
	for _, at := range []float64{from + 1, until} {
		w.at(at)
		_, err := w.classes.Poll(w.ctx(), live[0].ID)
		w.ok(err)
	}
}

// close ends the class that is on.
func (w *story) close() {
	w.t.Helper()
	w.server.running = false
	for {
		m, err := w.db.Meeting(w.ctx(), w.meetings[len(w.meetings)-1])
		w.ok(err)
		if !m.EndedAt.IsZero() {
			return
		}
		w.now = w.now.Add(30 * time.Second)
		_, err = w.classes.Poll(w.ctx(), m.ID)
		w.ok(err)
	}
}

func (w *story) run() { w.class(5, 45, "teacher", "ann") }

func (w *story) over() {
	w.close()
	w.class(60, 75, "teacher", "ann", "bob")
	w.close()
}

func (w *story) settle() {
	w.t.Helper()
	w.at(120)
	_, err := w.classes.Settle(w.ctx(), w.seat("teacher l1").Room.ID)
	w.ok(err)
}

func (w *story) deliver() {
	w.t.Helper()
	w.at(121)
	_, err := w.grades.Deliver(w.ctx(), w.delivery("ann"), 1)
	w.ok(err)
	if w.lms.Delivered() != 1 {
		w.t.Fatal("no grade was sent")
	}
}

// delivery names that of a person.
func (w *story) delivery(person string) string {
	seat := w.seat(person + " l1")
	return gradebook.Delivery{PlacementID: seat.Placement.ID, PersonID: seat.Person.ID}.JobSubject()
}

// state is all that is in the database, and in the gradebook. What was made by
// chance since the story was told is left out.
func (w *story) state(but []string) []string {
	w.t.Helper()
	made := regexp.MustCompile(`[a-z0-9]{16,}`)
	var state []string
	for _, row := range w.rows(but) {
		for i, cell := range row {
			row[i] = made.ReplaceAllStringFunc(cell, func(id string) string {
				if w.known[cell] || w.known[id] || strings.Trim(id, "0123456789") == "" {
					return id
				}
				return "…"
			})
		}
		state = append(state, strings.Join(row, " | "))
	}
	for cell, score := range w.lms.Scores {
		state = append(state, fmt.Sprintf("gradebook %s %s: %v of %v", cell.Column, cell.User, score.ScoreGiven, score.ScoreMaximum))
	}
	slices.Sort(state)
	return state
}

// rows are those of all tables, each with its table's name before it.
func (w *story) rows(but []string) [][]string {
	w.t.Helper()
	raw := plain(w.t, "sqlite:"+w.path)
	var tables []string
	w.ok(raw.Select(&tables, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%'`))
	var all [][]string
	for _, table := range tables {
		if !slices.Contains(but, table) {
			all = append(all, w.table(raw, table, but)...)
		}
	}
	return all
}

func (w *story) table(raw *sqlx.DB, table string, but []string) (rows [][]string) {
	w.t.Helper()
	found, err := raw.Query(`SELECT * FROM ` + table)
	w.ok(err)
	defer found.Close()
	columns, err := found.Columns()
	w.ok(err)
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for found.Next() {
		w.ok(found.Scan(into...))
		row := []string{table}
		for i, value := range values {
			text, isText := value.([]byte)
			switch {
			case slices.Contains(but, columns[i]), columns[i] == "version", columns[i] == "news", columns[i] == "settlements": // how often something was asked for
			case isText && utf8.Valid(text):
				row = append(row, string(text))
			case isText:
				row = append(row, "sealed")
			default:
				row = append(row, fmt.Sprint(value))
			}
		}
		rows = append(rows, row)
	}
	w.ok(found.Err())
	return rows
}

// signed is the header of a report that the server signs.
func (w *story) signed() string {
	part := base64.RawURLEncoding.EncodeToString
	text := part([]byte(`{"alg":"HS512"}`)) + "." + part(fmt.Appendf(nil, `{"exp":%d}`, w.now.Add(time.Hour).Unix()))
	mac := hmac.New(sha512.New, []byte("secret"))
	mac.Write([]byte(text))
	return "Bearer " + text + "." + part(mac.Sum(nil))
}

// report is what the server has to say of the first class.
func (w *story) report() []byte {
	return w.reportOf(map[string]attendancetest.Stretch{"ann l1": {12, 52}, "bob l1": {12, 27}})
}

// reportOf is a report of the first class on those who came by a visit.
func (w *story) reportOf(came map[string]attendancetest.Stretch) []byte {
	people := map[string][]attendancetest.Stretch{}
	for visit, stretch := range came {
		people[w.seat(visit).Person.ID] = []attendancetest.Stretch{stretch}
	}
	body := attendancetest.ReportBody("internal-1", 12, 52, people)
	return bytes.ReplaceAll(body, []byte("room-meeting"), []byte(w.seat("ann l1").Room.MeetingID))
}

// ahead is how far the server's clock is.
const ahead = 7 * time.Minute

// oneMeeting is a BigBlueButton on which there is at most one meeting.
type oneMeeting struct {
	classroom.MeetingServer // none of the other calls is expected

	now     func() time.Time
	running bool
	serial  int
	created time.Time
	people  []string
	silent  bool
}

// errSilent is what is heard of a server that doesn't answer.
var errSilent = errors.New("no route to the server")

func (s *oneMeeting) id() string { return fmt.Sprint("internal-", s.serial) }

func (s *oneMeeting) Create(context.Context, bbb.CreateRequest) (bbb.Created, error) {
	created := bbb.Created{Duplicate: s.running}
	if !s.running {
		s.serial++
		s.running, s.created, s.people = true, s.now().Add(ahead), nil
	}
	created.InternalMeetingID, created.CreateTime = s.id(), s.created
	return created, nil
}

func (s *oneMeeting) JoinURL(bbb.JoinRequest) string { return "https://bbb.example.org/join" }

func (s *oneMeeting) MeetingInfo(context.Context, string) (bbb.Meeting, error) {
	switch {
	case s.silent:
		return bbb.Meeting{}, errSilent
	case !s.running:
		return bbb.Meeting{}, bbb.ErrNotFound
	}
	info := bbb.Meeting{InternalMeetingID: s.id(), CreateTime: s.created, Running: true, ParticipantCount: len(s.people)}
	for i, id := range s.people {
		info.Attendees = append(info.Attendees, bbb.Participant{UserID: id, FullName: id, Moderator: i == 0})
	}
	return info, nil
}

func (s *oneMeeting) IsMeetingRunning(context.Context, string) (bool, error) { return s.running, nil }

func (s *oneMeeting) Recordings(_ context.Context, r bbb.RecordingsRequest) ([]bbb.Recording, error) {
	return []bbb.Recording{{ID: "recording", MeetingID: r.MeetingIDs[0], Published: true}}, nil
}

func (s *oneMeeting) End(context.Context, string, string) error {
	if !s.running {
		return bbb.ErrNotFound
	}
	s.running = false
	return nil
}
