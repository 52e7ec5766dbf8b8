package classroom

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bbbridge/bbbridge/bbb"
)

const (
	createWait   = 25 * time.Second // balancers need up to 20
	startWait    = createWait + unstickWait + 3*time.Second
	emptyFor     = 10 * time.Minute // a class to which nobody comes ends
	leftFor      = 5 * time.Minute  // so does one that everybody left; a lost network costs no class
	callbackWait = 2 * time.Minute  // for the exact report, before observed stays are graded
)

// Start starts the class, or finds it running, and returns the address at
// which the seat's person joins it. The address is for now only.
//
// However many call it for a room, one create is under way.
// The errors are ErrForbidden, ErrNoServer, ErrOtherMeet, ErrMayRun, or the
// server's: bbb.ErrForciblyEnded while the class before is just ending, unless
// the seat has tried EndingTries times.
func (s *Rooms) Start(ctx context.Context, seat Seat) (string, error) {
	if err := seat.May(Start); err != nil {
		return "", err
	}
	server, m, err := s.start(ctx, seat.Room, seat.Tries)
	if err != nil {
		return "", err
	}
	return s.join(ctx, seat, server, m)
}

// Join returns the address at which the seat's person joins the running
// class. Who may start it joins by Start, so that it's created if it has
// just ended. It is ErrNotRunning for a learner who has to wait, and ErrFull.
func (s *Rooms) Join(ctx context.Context, seat Seat) (string, error) {
	if err := seat.May(Join); err != nil {
		return "", err
	}
	if seat.May(Start) == nil {
		return s.Start(ctx, seat)
	}
	live, err := s.Live(ctx, seat.Room)
	if err != nil {
		return "", fmt.Errorf("class of room %s: %w", seat.Room.ID, err)
	}
	switch {
	case !live.Admits(seat):
		return "", ErrNotRunning
	case live.Full(seat):
		return "", ErrFull
	}
	server, err := s.Store.Server(ctx, live.Meeting.ServerID)
	if err != nil {
		return "", fmt.Errorf("server %s: %w", live.Meeting.ServerID, err)
	}
	return s.join(ctx, seat, server, live.Meeting)
}

type started struct {
	server  Server
	meeting Meeting
}

// start creates the room's meeting. create is idempotent, so there's no need
// to ask whether it runs.
func (s *Rooms) start(ctx context.Context, room Room, tries int) (Server, Meeting, error) {
	flight := "create "
	if tries >= EndingTries { // no more waiting: another answer than the others'
		flight = "create at last "
	}
	result := s.live.flight.DoChan(flight+room.ID, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startWait)
		defer cancel()
		return s.create(ctx, room, tries)
	})
	select {
	case r := <-result:
		st, _ := r.Val.(started)
		return st.server, st.meeting, r.Err
	case <-ctx.Done():
		return Server{}, Meeting{}, ctx.Err()
	}
}

func (s *Rooms) create(ctx context.Context, room Room, tries int) (started, error) {
	server, err := s.Store.ServerOf(ctx, room.TenantID)
	if err != nil {
		return started{}, fmt.Errorf("server of room %s: %w", room.ID, err)
	}
	created, err := s.createMeeting(ctx, server, room)
	if bbb.MayBeStuck(err) && (tries >= EndingTries || !errors.Is(err, bbb.ErrForciblyEnded)) {
		room, created, err = s.unstick(ctx, server, room, tries, err)
	}
	if err != nil {
		return started{}, fmt.Errorf("create meeting of room %s: %w", room.ID, err)
	}
	m := Meeting{
		ID: newID(), RoomID: room.ID, ServerID: server.ID,
		InternalID: created.InternalMeetingID, MeetingID: room.MeetingID, CreateTime: created.CreateTime,
	}
	now := s.Now()
	if !created.Duplicate {
		m.ClockOffset = created.CreateTime.Sub(now)
	}
	m, _, err = s.Store.RecordMeeting(ctx, m, now.Add(s.PollEvery))
	if err != nil {
		return started{}, fmt.Errorf("record meeting of room %s: %w", room.ID, err)
	}
	s.live.forget(room.ID)
	s.wake()
	return started{server, m}, nil
}

func (s *Rooms) createRequest(room Room) bbb.CreateRequest {
	attendee, moderator := bbb.Passwords(s.PasswordKey, room.MeetingID)
	set := room.Settings
	mute, record := set.MuteOnStart, set.Record
	return bbb.CreateRequest{
		MeetingID: room.MeetingID, Name: room.Title,
		AttendeePassword: attendee, ModeratorPassword: moderator,
		Welcome: set.Welcome, LogoutURL: s.leftURL(room.ID, "", 0),
		Record: &record, MuteOnStart: &mute,
		MaxParticipants: set.MaxParticipants, DurationMinutes: set.DurationMinutes,
		KeepEvents:           true, // without it no analytics callback comes
		ExpireIfNoUserJoined: emptyFor, ExpireWhenLastUserLeft: leftFor,
		Metadata: map[string]string{
			"bbb-origin":             "bbbridge",
			"bbb-origin-version":     s.Version,
			"bbb-context-id":         room.CourseID,
			"analytics-callback-url": s.PublicURL + "/bbb/analytics/" + room.ID,
			"endCallbackUrl":         s.PublicURL + "/bbb/ended/" + room.ID,
		},
	}
}

// join signs the address at which a person joins, for this click only, and
// keeps that we did: a hint for when they came.
func (s *Rooms) join(ctx context.Context, seat Seat, server Server, m Meeting) (string, error) {
	if m.ID != "" {
		hint := Evidence{ID: newID(), MeetingID: m.ID, Source: Joining, At: s.Now(), Until: s.Now(), Body: []byte(seat.Person.ID)}
		if _, err := s.Store.KeepEvidence(ctx, hint, time.Time{}); err != nil {
			return "", fmt.Errorf("keep join to meeting %s: %w", m.ID, err)
		}
	}
	attendee, moderator := bbb.Passwords(s.PasswordKey, m.MeetingID)
	moderates := seat.Moderates() || seat.Room.Settings.EveryoneModerates
	password, member := attendee, false
	if moderates {
		password = moderator
	}
	left := s.leftURL(seat.Room.ID, seat.Visit.ID, seat.Tries)
	return s.Client(server).JoinURL(bbb.JoinRequest{
		MeetingID: m.MeetingID, FullName: cut(seat.Person.DisplayName(), 64), UserID: seat.Person.ID,
		Moderator: moderates, Password: password, CreateTime: m.CreateTime.UnixMilli(), Guest: &member,
		LogoutURL: left, ErrorRedirectURL: left, Locale: seat.Visit.Language,
	}), nil
}

// leftURL is where people land who come out of a class, or don't get in.
func (s *Rooms) leftURL(roomID, visitID string, tries int) string {
	address := s.PublicURL + "/rooms/" + roomID + "/left"
	if visitID != "" {
		address += "?v=" + visitID
	}
	if tries > 0 {
		address += "&try=" + strconv.Itoa(tries)
	}
	return address
}

// End ends the running class for everybody, and whatever else has the room's
// meeting id at its server. It is no error if none runs.
func (s *Rooms) End(ctx context.Context, seat Seat) error {
	if err := seat.May(End); err != nil {
		return err
	}
	open, err := s.Store.LiveMeetings(ctx, seat.Room.ID)
	if err != nil {
		return fmt.Errorf("meetings of room %s: %w", seat.Room.ID, err)
	}
	defer s.live.forget(seat.Room.ID)
	if server, err := s.Store.ServerOf(ctx, seat.Room.TenantID); err == nil { // it may have one that we know nothing of
		open = append(open, Meeting{ServerID: server.ID, MeetingID: seat.Room.MeetingID})
	}
	type place struct{ server, meeting string }
	asked := map[place]bool{}
	for _, m := range open {
		if at := (place{m.ServerID, m.MeetingID}); !asked[at] {
			asked[at] = true
			if err := s.endAt(ctx, m); err != nil && (m.ID != "" || len(open) == 1) {
				return err
			}
		}
		if m.ID == "" {
			continue
		}
		// The end takes the server seconds; the poll sees it.
		if err := s.Store.Enqueue(ctx, Job{Kind: PollJob, Subject: m.ID, Lane: m.ServerID, RunAt: s.Now().Add(2 * time.Second)}); err != nil {
			return fmt.Errorf("poll of meeting %s: %w", m.ID, err)
		}
	}
	s.wake()
	return nil
}

func (s *Rooms) endAt(ctx context.Context, m Meeting) error {
	server, err := s.Store.Server(ctx, m.ServerID)
	if err != nil {
		return fmt.Errorf("server %s: %w", m.ServerID, err)
	}
	_, password := bbb.Passwords(s.PasswordKey, m.MeetingID)
	err = s.Client(server).End(ctx, m.MeetingID, password)
	if err != nil && !errors.Is(err, bbb.ErrNotFound) {
		return fmt.Errorf("end meeting %s: %w", m.MeetingID, err)
	}
	return nil
}

// An InvalidError names the field of a form that can't be taken as it is.
type InvalidError struct{ Field string }

func (e *InvalidError) Error() string { return "field " + e.Field + " can't be taken" }

// Change sets the room's title and settings and the placement's rule. They
// count from the next class on; the rule counts for past ones too.
// The error is an *InvalidError for the first field that can't be taken.
func (s *Rooms) Change(ctx context.Context, seat Seat, title string, settings Settings, rule Rule) error {
	if err := seat.May(Change); err != nil {
		return err
	}
	title, err := typedTitle(title)
	if err != nil {
		return err
	}
	settings.Welcome = typed(settings.Welcome)
	if err := settings.Validate(); err != nil {
		return err
	}
	if err := rule.Validate(); err != nil {
		return err
	}
	room := seat.Room
	room.Title, room.Settings = title, settings
	if err := s.Store.SaveSettings(ctx, room, seat.Placement.ID, rule, rule != seat.Placement.Rule); err != nil {
		return fmt.Errorf("settings of room %s: %w", room.ID, err)
	}
	s.wake()
	return nil
}

// typedTitle is a title as a person has typed it, without blanks around, on
// one line. It is an *InvalidError for one that no room can have.
func typedTitle(text string) (string, error) {
	title := strings.Join(strings.Fields(typed(text)), " ")
	if n := utf8.RuneCountInString(title); n < 2 || n > MaxTitle {
		return "", &InvalidError{"title"}
	}
	return title, nil
}

// typed is text as a person has typed or pasted it, without what isn't text:
// XML, in which BigBlueButton answers, and PostgreSQL have no place for that.
func typed(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return strings.TrimSpace(text)
}

// Validate is an *InvalidError for the first setting out of bounds.
func (s Settings) Validate() error {
	switch {
	case utf8.RuneCountInString(s.Welcome) > MaxWelcome, len(url.QueryEscape(s.Welcome)) > maxEscaped:
		return &InvalidError{"welcome"}
	case s.MaxParticipants < 0 || s.MaxParticipants > 10_000:
		return &InvalidError{"max_participants"}
	case s.DurationMinutes < 0 || s.DurationMinutes > 24*60:
		return &InvalidError{"duration"}
	}
	return nil
}

// Adopt ends the question that a copied link leaves: share lets the link lead
// to the old course's room, else it keeps its new one. To share, the person
// must moderate the old course as well.
func (s *Rooms) Adopt(ctx context.Context, seat Seat, share bool) error {
	if err := seat.May(Change); err != nil {
		return err
	}
	from := seat.Placement.CopiedFrom
	if from == "" {
		return nil
	}
	roomID := seat.Room.ID
	if share {
		if err := s.mayShare(ctx, seat, from); err != nil {
			return err
		}
		roomID = from
	}
	if err := s.Store.MovePlacement(ctx, seat.Placement.ID, roomID); err != nil {
		return fmt.Errorf("placement %s to room %s: %w", seat.Placement.ID, roomID, err)
	}
	return nil
}

// MayShare reports whether the seat's person may let a copied link lead to
// the old course's room.
func (s *Rooms) MayShare(ctx context.Context, seat Seat) bool {
	return seat.May(Change) == nil && seat.Placement.CopiedFrom != "" && s.mayShare(ctx, seat, seat.Placement.CopiedFrom) == nil
}

func (s *Rooms) mayShare(ctx context.Context, seat Seat, roomID string) error {
	_, course, err := s.Store.RoomWithCourse(ctx, roomID)
	if err != nil {
		return fmt.Errorf("room %s: %w", roomID, err)
	}
	e, err := s.Store.Enrolment(ctx, course.ID, seat.Person.ID)
	if errors.Is(err, ErrNotFound) || err == nil && e.Role != Moderator {
		return ErrForbidden
	}
	return err
}

func (s *Rooms) wake() {
	if s.Wake != nil {
		s.Wake()
	}
}
