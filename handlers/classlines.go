package handlers

import (
	"math"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/web"
)

// newestClasses is how many classes the room's page lists before it says how
// many more there are.
const newestClasses = 8

// shownClasses is how many of the newest classes the page lists.
func shownClasses(c *gin.Context) int {
	if c.Query("classes") == "all" {
		return math.MaxInt32
	}
	return newestClasses
}

// classLines puts the room's classes on its page: the newest, or all if the
// address says so. How many a class completes is told of those that count by
// the rule of now.
func (s *Server) classLines(c *gin.Context, seat classroom.Seat, counting classroom.Counting, lines []classroom.ClassLine, page *web.TeacherRoom) error {
	page.AllClasses = len(lines)
	if len(lines) > newestClasses {
		if n := shownClasses(c); n > newestClasses {
			page.NewestClassesURL = at(seat, "") + "#classes"
		} else {
			page.AllClassesURL = at(seat, "") + "&classes=all#classes"
			lines = lines[:n]
		}
	}
	grades, err := s.Registers.ClassGrades(c.Request.Context(), seat, lines[len(lines)-1].Session.StartedAt)
	if err != nil {
		return err
	}
	counts := map[string]*web.GradeCounts{}
	for _, g := range grades {
		if counts[g.SessionID] == nil {
			counts[g.SessionID] = &web.GradeCounts{}
		}
		countGrades(counts[g.SessionID], g.Delivery, g.People)
	}
	for _, l := range lines {
		line := web.ClassLine{
			URL: at(seat, "/classes/"+l.Session.ID), From: l.Session.StartedAt.UTC(), To: l.Session.EndedAt.UTC(),
			Came: l.Came, Enrolled: l.Enrolled, Counting: l.Session.Counting, NotHere: !counting.Counts(l.Session.ID),
			Breaks: breakViews(seat, l.Session.ID, l.Breaks), Grades: counts[l.Session.ID],
		}
		if counting.InForce(l.Session.ID) {
			line.Complete = l.Complete
		}
		page.Classes = append(page.Classes, line)
	}
	return nil
}
