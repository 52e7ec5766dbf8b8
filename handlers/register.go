package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/web"
)

// register shows who attended one session.
func (s *Server) register(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	r, err := s.Registers.Register(c.Request.Context(), seat, c.Param("session"))
	if err != nil {
		return err
	}
	path := "/classes/" + r.Session.ID
	page := web.Register{
		Title: seat.Room.Title, Course: seat.Course.Title, Now: s.Now().UTC(), URL: at(seat, path), BackURL: at(seat, ""),
		CSVURL: at(seat, path+"/register.csv"), From: r.Session.StartedAt.UTC(), To: r.Session.EndedAt.UTC(),
		Length: r.Session.Length, Exact: r.Session.Exact, Counting: r.Session.Counting, Every: s.Classes.Interval, Rule: ruleOf(seat.Placement),
		Sort: c.Query("sort"), Show: c.Query("show"), Said: web.Said(c.Query("said")), NoGrades: s.noGrades(c, seat),
		Breaks: breakViews(seat, r.Session.ID, r.Breaks), NeededHere: r.NeededHere(),
	}
	if page.To.IsZero() { // our records hear of an end a little later
		state, err := s.Rooms.State(c.Request.Context(), seat)
		page.Counting = err == nil && (state.Phase == classroom.PhaseCounting || state.Phase == classroom.PhaseEnding)
	}
	if page.NotHere = !r.Counting.Counts(r.Session.ID); page.NotHere {
		page.For = linksFor(r.Counting, r.Session.ID, linkViews(seat, r.Counting.Links))
	}
	for _, row := range r.Rows {
		if row.Graded {
			page.Enrolled++
			if row.Attendance.Time > 0 {
				page.Came++
			}
			if page.NeededHere > 0 && row.Attendance.Time >= page.NeededHere {
				page.Enough++
			}
			if row.Result != nil && row.Result.Complete {
				page.Complete++
			}
		}
		if row.Delivery != nil {
			page.ResendAll = web.Post{URL: at(seat, path+"/resend")}
		}
		page.People = append(page.People, s.personView(c, seat, r, row))
	}
	return s.render(c, http.StatusOK, page)
}

func (s *Server) personView(c *gin.Context, seat classroom.Seat, r classroom.Register, row classroom.RegisterRow) web.Person {
	p := web.Person{
		ID: row.Person.ID, Name: row.Person.DisplayName(), Learner: row.Graded,
		Time: row.Attendance.Time, Grade: s.gradeView(c, seat, row.Delivery),
	}
	for _, stay := range row.Stays {
		p.Stays = append(p.Stays, web.Stay{From: stay.From.UTC(), To: stay.To.UTC(), Exact: stay.Source == attendance.Analytics})
	}
	p.Unnamed = r.Session.Exact && len(row.Stays) > 0 && !row.Named()
	if r.Session.Exact && row.Named() {
		a := row.Attendance.Activity
		p.Activity = &web.Activity{Chats: a.Chats, Talks: a.Talks, Hands: a.RaiseHands, Emojis: a.Emojis, Votes: a.PollVotes, TalkTime: a.TalkTime}
	}
	if row.Result != nil && row.Graded {
		p.Complete, p.Have, p.Needed = row.Result.Complete, row.Result.Time, row.Result.Needed
	}
	if row.Delivery != nil {
		p.Resend, p.Replace = again(seat, r.Session.ID, *row.Delivery)
	}
	return p
}
