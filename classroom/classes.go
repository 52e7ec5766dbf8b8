package classroom

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/jobs"
)

// The errors of callbacks.
var (
	ErrUnreadable     = errors.New("callback can't be read")
	ErrTooManyReports = errors.New("the meeting has as many reports as are kept")
)

// Classes gathers what BigBlueButton tells of meetings, and makes attendance
// of it. Several goroutines may use it.
type Classes struct {
	Store    classStore
	Client   func(Server) MeetingServer
	Interval time.Duration // between two looks at a live meeting
	Now      func() time.Time
	Wake     func()      // tells the job runner that something is due; may be nil
	Late     lateReports // nil: what the database doesn't take is lost
	Log      *slog.Logger

	last atomic.Pointer[[]Server] // as they were read last
}

// classStore is what Classes needs of the database.
type classStore interface {
	settlementStore
	Meeting(ctx context.Context, id string) (attendance.Meeting, error)
	MeetingsByInternalID(ctx context.Context, internalID string) ([]attendance.Meeting, error)
	LiveMeetings(ctx context.Context, roomID string) ([]attendance.Meeting, error)
	RoomByMeetingID(ctx context.Context, meetingID string) (Room, error)
	RoomWithCourse(ctx context.Context, roomID string) (Room, Course, error)
	sightStore
	PartMeeting(ctx context.Context, roomID, id string, parted bool) error
	MissMeeting(ctx context.Context, id string, at time.Time) (attendance.Meeting, error)
	EndMeeting(ctx context.Context, id string, at, countsAt time.Time) error
	Reports(ctx context.Context, meetingID string, most int) ([]attendance.Evidence, error)
	KeepReport(ctx context.Context, e attendance.Evidence, spare []string, most, bytesMost int, settleAt time.Time) error
	// Sightings are when the first was told of a meeting that isn't a report, and
	// until when the newest look saw it; zero: never.
	Sightings(ctx context.Context, meetingID string) (first, newest time.Time, err error)
	KeepPoll(ctx context.Context, meetingID string, body []byte, at time.Time) error
	Server(ctx context.Context, id string) (Server, error)
	Servers(context.Context) ([]Server, error)
	ServersOf(ctx context.Context, tenantID string) ([]Server, error)
	Enqueue(context.Context, jobs.Job) error
}

const (
	meetingMost  = 24 * time.Hour   // how long a meeting is looked at whose server doesn't answer: what was seen of it waits for its grades
	slowestPoll  = 2 * time.Minute  // while it doesn't, unless Interval is longer
	hintWait     = 2 * time.Second  // the end callback comes before the server has closed the meeting
	failuresFine = 3                // polls that may fail before they get rarer
	absentPoll   = 15 * time.Second // between two looks at a meeting that wasn't found, unless Interval is shorter
	endingFor    = 15 * time.Second // a meeting that a teacher ended takes to be gone
	lookBackFor  = time.Hour        // how long a meeting is looked for that was taken for over
	rarestLook   = 5 * time.Minute  // while it is, unless Interval is longer
)

func (s *Classes) wake() {
	if s.Wake != nil {
		s.Wake()
	}
}
