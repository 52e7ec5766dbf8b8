package classroom

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
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
	server, m, err := s.start(ctx, seat)
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
	meeting attendance.Meeting
}

// start creates the meeting of the seat's room, through the seat's placement.
// create is idempotent, so there's no need to ask whether it runs. Where a class
// goes on as far as we know, a server that takes long isn't waited for.
func (s *Rooms) start(ctx context.Context, seat Seat) (Server, attendance.Meeting, error) {
	flight := "create "
	if seat.Tries >= EndingTries { // no more waiting: another answer than the others'
		flight = "create at last "
	}
	result := s.live.flight.DoChan(flight+seat.Room.ID, func() (any, error) {
		ctx, done := s.tasks.hold(ctx, startWait)
		defer done()
		return s.create(ctx, seat)
	})
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case r := <-result:
			st, _ := r.Val.(started)
			return st.server, st.meeting, r.Err
		case <-late.C:
			if seat.Tries > 0 { // they have just come out of one that isn't on any more
				continue
			}
			if on, err := s.classOn(ctx, seat); err == nil {
				return on.server, on.meeting, nil
			}
		case <-ctx.Done():
			return Server{}, attendance.Meeting{}, ctx.Err()
		}
	}
}

// createAt creates the room's meeting on a server. The room it returns has the
// meeting id that holds.
func (s *Rooms) createAt(ctx context.Context, server Server, room Room, tries int) (Room, bbb.Created, error) {
	created, err := s.createMeeting(ctx, server, room)
	if bbb.MayBeStuck(err) && (tries >= EndingTries || !errors.Is(err, bbb.ErrForciblyEnded)) {
		return s.unstick(ctx, server, room, tries, err)
	}
	return room, created, err
}

func (s *Rooms) create(ctx context.Context, seat Seat) (started, error) {
	server, room, created, err := s.createSomewhere(ctx, seat)
	if err != nil {
		return started{}, fmt.Errorf("create meeting of room %s: %w", seat.Room.ID, err)
	}
	m := attendance.Meeting{
		ID: newID(), RoomID: room.ID, ServerID: server.ID, PlacementID: seat.Placement.ID,
		InternalID: created.InternalMeetingID, MeetingID: room.MeetingID, CreateTime: created.CreateTime,
	}
	now := s.Now()
	if !created.Duplicate {
		m.ClockOffset = created.CreateTime.Sub(now)
	}
	// Also of a duplicate: the click that made it may not have recorded it.
	if m.Parted, err = s.another(ctx, seat); err != nil {
		return started{}, err
	}
	m, _, err = s.Store.RecordMeeting(ctx, m, now.Add(s.PollEvery))
	if err != nil {
		return started{}, fmt.Errorf("record meeting of room %s: %w", room.ID, err)
	}
	s.live.forget(room.ID)
	s.wake()
	return started{server, m}, nil
}

// another reports whether a class that begins through the seat's link is
// another one than that before, however soon it follows: both links are graded
// in the course, so each class has a column of its own. A teacher may still
// join them.
func (s *Rooms) another(ctx context.Context, seat Seat) (bool, error) {
	if seat.Placement.Rule.Measure == attendance.NoMeasure {
		return false, nil
	}
	before, err := s.Store.LastMeeting(ctx, seat.Room.ID)
	if errors.Is(err, ErrNotFound) || err == nil && (before.PlacementID == "" || before.PlacementID == seat.Placement.ID) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("last meeting of room %s: %w", seat.Room.ID, err)
	}
	placements, err := s.Store.RoomPlacements(ctx, seat.Room.ID)
	if err != nil {
		return false, fmt.Errorf("placements of room %s: %w", seat.Room.ID, err)
	}
	return slices.ContainsFunc(placements, func(p Placement) bool {
		return p.ID == before.PlacementID && p.CourseID == seat.Placement.CourseID && p.Rule.Measure != attendance.NoMeasure
	}), nil
}

func (s *Rooms) createRequest(room Room) bbb.CreateRequest {
	attendee, moderator := bbb.Passwords(s.PasswordKey, room.MeetingID)
	set := room.Settings
	mute, record := set.MuteOnStart, set.Record
	request := bbb.CreateRequest{
		MeetingID: room.MeetingID, Name: room.Title,
		AttendeePassword: attendee, ModeratorPassword: moderator,
		Welcome: set.Welcome, LogoutURL: s.leftURL(room.ID, "", 0),
		Record: &record, MuteOnStart: &mute,
		MaxParticipants: set.MaxParticipants, DurationMinutes: set.DurationMinutes,
		KeepEvents:           true, // without it no analytics callback comes
		ExpireIfNoUserJoined: emptyFor, ExpireWhenLastUserLeft: leftFor,
		Metadata: map[string]string{
			"bbb-origin":          "bbbridge",
			"bbb-origin-version":  s.Version,
			"bbb-context-id":      room.CourseID,
			bbb.AnalyticsCallback: s.PublicURL + "/bbb/analytics/" + room.ID,
			bbb.EndCallback:       s.PublicURL + "/bbb/ended/" + room.ID,
		},
	}
	if room.Logo != "" {
		request.Extra = url.Values{"logo": {s.PublicURL + room.Logo}}
	}
	return request
}

// LogoPath is where the logo of a tenant is, by its digest.
func LogoPath(tenantID, digest string) string {
	return "/tenant/" + tenantID + "/logo." + digest + ".png"
}

// join signs the address at which a person joins, for this click only, and
// keeps that we did: a hint for when they came.
func (s *Rooms) join(ctx context.Context, seat Seat, server Server, m attendance.Meeting) (string, error) {
	now := s.Now()
	hint := attendance.Evidence{ID: newID(), MeetingID: m.ID, Source: attendance.Joining, At: now, Until: now, Body: []byte(seat.Person.ID)}
	if err := s.Store.KeepJoin(ctx, seat.Visit, hint); err != nil {
		return "", fmt.Errorf("keep join to meeting %s: %w", m.ID, err)
	}
	attendee, moderator := bbb.Passwords(s.PasswordKey, m.MeetingID)
	moderates := seat.Moderates() || seat.Room.Settings.EveryoneModerates
	password, member := attendee, false
	if moderates {
		password = moderator
	}
	left := s.leftURL(seat.Room.ID, seat.Visit.ID, seat.Tries)
	var client map[string]string
	if seat.Room.Logo != "" { // the client shows none unless it's told where
		client = map[string]string{"bbb_display_branding_area": "true"}
	}
	return s.Client(server).JoinURL(bbb.JoinRequest{
		MeetingID: m.MeetingID, FullName: cut(seat.Tenant.Names.InClass(seat.Person, seat.Course.ID), 64), UserID: seat.Person.ID,
		Moderator: moderates, Password: password, CreateTime: m.CreateTime.UnixMilli(), Guest: &member,
		LogoutURL: left, ErrorRedirectURL: left, Locale: seat.Visit.Language, UserData: client,
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

func (s *Rooms) wake() {
	if s.Wake != nil {
		s.Wake()
	}
}
