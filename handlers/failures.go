package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/jobs"
	"github.com/bbbridge/bbbridge/lti"
)

// launchKey holds the launch that is refused after all its checks.
const launchKey = "launch"

// asked are what pages ask by themselves: what they are told has no number that
// somebody could read out.
var asked = []string{"/alive", "/rooms/:room/state"}

// joins are the ways into a class.
var joins = []string{"/rooms/:room/start", "/rooms/:room/join", "/rooms/:room/class", "/rooms/:room/again/join"}

// happening is what a request was for; empty: for nothing of ours.
func happening(c *gin.Context) admin.Happening {
	path := c.FullPath()
	switch {
	case strings.HasPrefix(path, "/lti/login"):
		return admin.Login
	case path == registerPath:
		return admin.ByLink
	case strings.HasPrefix(c.Request.URL.Path, "/lti/"), path == "/": // also of an LMS that was told another address
		return admin.Launch
	case slices.Contains(joins, path):
		return admin.Joining
	case path != "" && !slices.Contains(asked, path):
		return admin.Opening
	}
	return ""
}

// record keeps what a person was told, with all that is known of why.
func (s *Server) record(c *gin.Context, p problem, err error) {
	kind := happening(c)
	switch {
	case kind == "" && p.Status >= http.StatusInternalServerError:
		kind = admin.Opening
	case kind == "":
		return
	}
	if p.Code == codeAway { // nothing can be kept, and all of these say the same
		s.Recorder.Counted(kind, p.Code, "")
		return
	}
	f := admin.Failure{
		Request: requestID(c), Kind: kind, Code: p.Code, RoomID: c.Param("room"), RegistrationID: c.Param("registration"),
	}
	if !errors.Is(err, classroom.ErrVisitOver) { // whoever opens somebody's address isn't them by that
		f.VisitID = c.Query("v")
	}
	f.Path, f.Status, f.Cause = c.FullPath(), p.Status, causeOf(err)
	if f.Path == "" {
		f.Path, f.Expected, f.Got = c.Request.URL.Path, s.PublicURL+"/lti/launch", s.PublicURL+c.Request.URL.Path
	}
	var refusal *lti.Refusal
	if errors.As(err, &refusal) {
		refused(&f, refusal)
	}
	if l, ok := c.Value(launchKey).(lti.Launch); ok {
		f.RegistrationID, f.DeploymentID, f.Name, f.Subject = l.Registration.ID, l.DeploymentID, l.User.DisplayName(), l.User.ID
		f.CourseTitle, f.LinkTitle = l.Context.Title, l.ResourceLink.Title
	}
	serverSaid(&f, err)
	s.Recorder.Record(f)
}

// refused adds what a refusal of login or launch tells.
func refused(f *admin.Failure, r *lti.Refusal) {
	of := r.Of
	if of.RegistrationID != "" {
		f.RegistrationID = of.RegistrationID
	}
	f.Expected, f.Got = r.Expected, r.Got
	f.Issuer, f.ClientID, f.DeploymentID = of.Issuer, of.ClientID, of.DeploymentID
	f.LoginAt, f.ClockAhead = of.LoginAt, of.ClockAhead
	f.Name, f.Subject, f.CourseTitle, f.LinkTitle = of.User.DisplayName(), of.User.ID, of.Course, of.Link
	if r.Code == lti.CodePlatformError {
		f.Said, f.Got = f.Got, ""
	}
}

// serverSaid adds what a BigBlueButton server has said, or why it said nothing.
func serverSaid(f *admin.Failure, err error) {
	if !bbb.Failed(err) {
		return
	}
	f.Got = string(bbb.Explain(err))
	var answer *bbb.Error
	if errors.As(err, &answer) && answer.Answered() {
		f.Said = answer.Words()
	}
}

// causeOf is an error's own text, but for those that tell what nobody needs to
// know twice.
func causeOf(err error) string {
	var refusal *lti.Refusal
	if errors.As(err, &refusal) && slices.Contains([]string{lti.CodeNonceMismatch, lti.CodeStateUnknown}, refusal.Code) {
		return ""
	}
	if err == nil {
		return ""
	}
	first, _, _ := strings.Cut(err.Error(), "\n") // of a panic without its stack
	return first
}

// GradeEnded tells the recorder what became of an attempt to deliver a grade.
func GradeEnded(r *admin.Recorder) func(gradebook.Order, error) {
	return func(o gradebook.Order, problem error) {
		f := admin.Failure{
			Kind: admin.Delivery, Code: o.Reason, RegistrationID: o.Registration.ID, RoomID: o.RoomID, PersonID: o.PersonID,
		}
		f.PlacementID, f.DeploymentID, f.LinkTitle = o.PlacementID, o.DeploymentID, o.Title
		if o.State == gradebook.Delivered {
			f.Code = ""
		}
		f.Said, f.Cause = o.Detail, causeOf(problem)
		var service *lti.ServiceError
		if errors.As(problem, &service) {
			f.Call, f.Status = service.Call, service.Status
		}
		r.Record(f)
	}
}

// JobFailed tells the recorder of a job's first attempt that went wrong; how
// often it does again is counted.
func JobFailed(r *admin.Recorder) func(jobs.Job, error) {
	return func(job jobs.Job, err error) {
		p := problemOf(err)
		if p.Code == codeAway || job.Attempts > 1 {
			r.Counted(admin.Work, p.Code, "")
			return
		}
		f := admin.Failure{Kind: admin.Work, Code: p.Code}
		f.Call, f.Cause = string(job.Kind), causeOf(err)
		if job.Kind == classroom.SettleJob {
			f.RoomID = job.Subject
		}
		serverSaid(&f, err)
		r.Record(f)
	}
}

// recordNotIn keeps that BigBlueButton has sent somebody back, and what it says
// of why.
func (s *Server) recordNotIn(c *gin.Context, seat classroom.Seat, problems []bbb.JoinError) {
	for _, p := range problems[:min(len(problems), 1)] {
		f := admin.Failure{
			Request: requestID(c), Kind: admin.Joining, Code: "join_refused", RoomID: seat.Room.ID, VisitID: seat.Visit.ID,
		}
		f.Path, f.Got, f.Said = c.FullPath(), p.Key, p.Message
		s.Recorder.Record(f)
	}
}
