package handlers

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/web"
)

// moveClass has a class count for another link of the course.
func (s *Server) moveClass(c *gin.Context) error {
	seat, err := s.seat(c)
	if err != nil {
		return err
	}
	if err := s.Rooms.MoveClass(c.Request.Context(), seat, c.Param("session"), c.Param("placement")); err != nil {
		return err
	}
	return s.counted(c, seat)
}

// decide makes the handler of a yes or a no about which classes count:
// Rooms.ShareClasses, Rooms.CountEarlier.
func (s *Server) decide(decision func(context.Context, classroom.Seat, bool) error, yes bool) func(*gin.Context) error {
	return func(c *gin.Context) error {
		seat, err := s.seat(c)
		if err != nil {
			return err
		}
		if err := decision(c.Request.Context(), seat, yes); err != nil {
			return err
		}
		return s.counted(c, seat)
	}
}

func (s *Server) counted(c *gin.Context, seat classroom.Seat) error {
	c.Redirect(http.StatusSeeOther, at(seat, "")+"&said="+web.SaidCounted)
	return nil
}

// linkViews are the course's links as a teacher can tell them apart, by id.
func linkViews(seat classroom.Seat, links []classroom.Placement) map[string]web.Link {
	views, used := map[string]web.Link{}, map[string]int{}
	for _, p := range links {
		used[p.Title]++
		views[p.ID] = web.Link{Title: p.Title, Nth: used[p.Title], This: p.ID == seat.Placement.ID}
	}
	return views
}

// linksFor are the links for which a class counts.
func linksFor(counting classroom.Counting, sessionID string, views map[string]web.Link) []web.Link {
	var list []web.Link
	for _, p := range counting.For(sessionID) {
		list = append(list, views[p.ID])
	}
	return list
}

// countingView is what a teacher can say of which classes count; nil: nothing.
func (s *Server) countingView(seat classroom.Seat, counting classroom.Counting, lines []classroom.ClassLine) *web.Counting {
	views := linkViews(seat, counting.Links)
	v := &web.Counting{Now: s.Now().UTC(), AllLinks: counting.AllLinks(), EarlierToo: counting.Own.Terms.Earlier}
	v.Share.URL, v.CountEarlier.URL = at(seat, "/links/all"), at(seat, "/earlier/count")
	if v.AllLinks {
		v.Share.URL = at(seat, "/links/own")
	}
	if v.EarlierToo {
		v.CountEarlier.URL = at(seat, "/earlier/leave")
	}
	for _, p := range counting.Links {
		v.Links = append(v.Links, views[p.ID])
	}
	for _, l := range lines {
		class := web.CountedClass{From: l.Session.StartedAt.UTC(), To: l.Session.EndedAt.UTC()}
		class.For = linksFor(counting, l.Session.ID, views)
		for _, p := range counting.Links {
			if !slices.Contains(class.For, views[p.ID]) {
				class.Moves = append(class.Moves, web.Move{To: views[p.ID], Post: web.Post{URL: at(seat, "/classes/"+l.Session.ID+"/count/"+p.ID)}})
			}
		}
		v.Classes, v.Left = append(v.Classes, class), v.Left || counting.LeftWith(l.Session.ID)
		if counting.Before(l.Session.ID) && counting.Own.Link().Grades() {
			v.Earlier++
		}
	}
	if !v.Several() && v.Earlier == 0 {
		return nil
	}
	return v
}

// ruleQuestion asks which classes a changed rule counts, and keeps the form.
func (s *Server) ruleQuestion(c *gin.Context, seat classroom.Seat, effect classroom.Effect) error {
	live, err := s.Rooms.Live(c.Request.Context(), seat.Room)
	if err != nil {
		return err
	}
	page := web.RuleQuestion{
		Title: seat.Room.Title, Course: seat.Course.Title, URL: at(seat, "/settings"), Live: live.Running,
		Was: ruleView(seat.Placement.Rule), Rule: ruleView(ruleOfForm(c)), Gain: effect.Gain, Lose: effect.Lose,
	}
	for _, name := range slices.Sorted(maps.Keys(c.Request.PostForm)) {
		if name == "from" || name == "gain" || name == "lose" {
			continue
		}
		for _, value := range c.Request.PostForm[name] {
			page.Fields = append(page.Fields, web.Hidden{Name: name, Value: value})
		}
	}
	return s.render(c, http.StatusOK, page)
}

// answerOf is what a teacher says who was asked so.
func answerOf(c *gin.Context) classroom.Answer {
	return classroom.Answer{
		From: classroom.From(c.PostForm("from")),
		Seen: classroom.Effect{Gain: atoi(c.PostForm("gain")), Lose: atoi(c.PostForm("lose"))},
	}
}

// ruleSince is when the classes begin that a placement's rule counts; zero:
// all count.
func ruleSince(p classroom.Placement) time.Time {
	if n := len(p.Terms.Past); n > 0 {
		return p.Terms.Past[n-1].Until.UTC()
	}
	return time.Time{}
}

// ruleOf is the rule of a placement as pages say it.
func ruleOf(p classroom.Placement) web.Rule {
	rule := ruleView(p.Rule)
	rule.Since = ruleSince(p)
	return rule
}
