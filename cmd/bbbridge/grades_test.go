package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// holdClass holds a class of Anna and Ben of forty minutes. Its report comes in
// time.
func (w *world) holdClass(link ltitest.Link) {
	w.t.Helper()
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	w.later(40 * time.Minute)
	w.bbb.EndNow(w.meeting().ID)
	w.later(10 * time.Second)
	w.callbacks()
}

// newestRegister is the register of the newest class, as Anna sees it now.
func (w *world) newestRegister(link ltitest.Link) *ltitest.Page {
	w.t.Helper()
	var page *ltitest.Page
	w.eventually("there is a class", func() bool {
		anna := w.launch(link, "anna", ltitest.LaunchOptions{})
		for _, a := range anna.Anchors {
			if !strings.Contains(a.Href, "/classes/") {
				continue
			}
			var err error
			if page, err = anna.Follow(a); err != nil || page.Status != http.StatusOK {
				w.t.Fatalf("register: %v", err)
			}
		}
		return page != nil
	})
	return page
}

// says waits until the register says something.
func (w *world) says(link ltitest.Link, text string) *ltitest.Page {
	w.t.Helper()
	var page *ltitest.Page
	w.eventually("the register says "+text, func() bool {
		page = w.newestRegister(link)
		return strings.Contains(page.Text, text)
	})
	return page
}

// send sends a form of the page, and checks that it was taken.
func (w *world) send(page *ltitest.Page, action string) *ltitest.Page {
	w.t.Helper()
	next := w.submit(page, action)
	if _, ok := next.Location(); ok {
		var err error
		if next, err = next.FollowRedirect(); err != nil {
			w.t.Fatal(err)
		}
	}
	if next.Status != http.StatusOK {
		w.t.Fatalf("%s: %d %s", action, next.Status, next.Text)
	}
	return next
}

// bareLink is a link whose column bbbridge makes.
func (w *world) bareLink(custom ...string) ltitest.Link {
	l := ltitest.Link{Course: "law", Tool: w.tool.ID, Title: "Weekly seminar", Custom: map[string]string{}}
	for i := 0; i+1 < len(custom); i += 2 {
		l.Custom[custom[i]] = custom[i+1]
	}
	return w.lms.AddLink(l)
}

// What a teacher gave stays, whatever platform it is and whenever it was: it is
// shown beside ours, and replaced when the teacher wants it.
func TestHandGradeStays(t *testing.T) {
	for _, test := range []struct {
		name, profile string
		own           bool // the platform's own column; else one of ours
		replaced      string
	}{
		{"in a column of Moodle's own", "moodle", true, "7/10"}, // its mark stays, whatever is sent
		{"in a column that we made in Moodle", "moodle", false, "10/10"},
		{"in Chamilo", "chamilo", true, "10/10"},
		{"in Canvas", "canvas", true, "10/10"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, worldOptions{lms: ltitest.Options{Profile: test.profile}})
			link := w.link("complete_minutes", "30")
			if !test.own {
				link = w.bareLink("complete_minutes", "30")
			}
			w.holdClass(link)
			w.eventually("Ben has his grade", func() bool {
				return strings.HasPrefix(w.grade(link, "ben"), "10") || strings.HasPrefix(w.grade(link, "ben"), "100")
			})
			most := "10"
			if !test.own {
				most = "100"
			}
			w.lms.SetGrade(link.ID, "ben", 7)
			w.later(time.Second)
			w.send(w.newestRegister(link), "/resend/")
			page := w.says(link, "The gradebook has 7 of "+most+", given there. Ours: "+most+".")
			if _, err := page.Form("/resend/"); err == nil {
				t.Error("the grade can be sent without replacing what somebody gave")
			}
			if !strings.HasPrefix(w.grade(link, "ben"), "7/") {
				t.Fatalf("Ben has %s", w.grade(link, "ben"))
			}
			w.send(page, "/replace/")
			want := strings.Replace(strings.Replace(test.replaced, "10/10", most+"/"+most, 1), "7/10", "7/"+most, 1)
			text := "points are in the gradebook, seen there"
			if strings.HasPrefix(want, "7") { // it was taken, and changed nothing
				text = "given there. Ours: " + most + ". Test LMS took ours and still keeps the other one"
			}
			w.says(link, text)
			if got := w.grade(link, "ben"); got != want {
				t.Errorf("replaced: %s, want %s", got, want)
			}
			scores := len(w.lms.Requests(ltitest.ScoresEndpoint))
			w.later(4 * time.Minute)
			w.says(link, text)
			if n := len(w.lms.Requests(ltitest.ScoresEndpoint)) - scores; n != 0 {
				t.Errorf("%d scores more, though nobody asked", n)
			}
		})
	}
}

// A teacher who has prepared the gradebook before the first class of a link is
// asked, not overwritten.
func TestHandGradeBeforeTheFirst(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "30")
	w.lms.SetGrade(link.ID, "ben", 4)
	w.later(time.Minute)
	w.holdClass(link)
	w.says(link, "The gradebook has 4 of 10, given there. Ours: 10.")
	if got := len(w.lms.Scores(link.ID, "ben")); got != 0 {
		t.Errorf("%d scores were sent", got)
	}
	if text := w.launch(link, "ben", ltitest.LaunchOptions{}).Text; !strings.Contains(text, "The gradebook has 4 of 10, given there.") || strings.Contains(text, "Ours") {
		t.Errorf("Ben's own page: %s", text)
	}
}

// Chamilo makes a 0 for everybody when a teacher looks. Nobody gave it.
func TestZerosOfChamilo(t *testing.T) {
	w := newWorld(t, worldOptions{lms: ltitest.Options{Profile: "chamilo"}, bbb: bbbtest.Options{DropAnalytics: true}})
	link := w.link("complete_minutes", "30")
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	w.polled(35 * time.Minute)
	w.ended()
	w.later(time.Minute) // the class is being counted
	w.lms.Look(link.ID)
	if got := w.grade(link, "ben"); got != "0/10" {
		t.Fatalf("Ben has %s", got)
	}
	w.later(2 * time.Minute)
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
	w.says(link, "sent to the gradebook")
}

// A grade is in the gradebook when it was seen there. What is missing says so,
// and all can be sent again.
func TestGradeIsReadBack(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "30")
	w.holdClass(link)
	page := w.says(link, "100 of 100 points were sent to the gradebook")
	if strings.Contains(page.Text, "are in the gradebook") {
		t.Errorf("nobody has looked: %s", page.Text)
	}
	w.later(4 * time.Minute)
	w.says(link, "100 of 100 points are in the gradebook, seen there")
	if n := len(w.lms.Requests(ltitest.ResultsEndpoint)); n != 2 {
		t.Errorf("%d readings, one before and one after", n)
	}
	w.lms.ResetGrades("law")
	w.send(w.newestRegister(link), "/resend?") // all of the link
	w.eventually("Ben has his grade again", func() bool { return w.grade(link, "ben") == "10/10" })
	w.says(link, "100 of 100 points were sent to the gradebook")
	w.lms.ResetGrades("law") // and again, before anybody looks
	w.later(4 * time.Minute)
	page = w.says(link, "and aren't there")
	w.send(page, "/resend/")
	w.eventually("Ben has his grade once more", func() bool { return w.grade(link, "ben") == "10/10" })
}

// A column that takes scores and keeps no points.
func TestGradeTypeNone(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "30")
	w.lms.KeepNoPoints(link.LineItem.ID)
	w.holdClass(link)
	w.says(link, "points were sent to the gradebook")
	w.later(4 * time.Minute)
	w.says(link, "and aren't there. The column may be a new one")
	if text := w.launch(link, "anna", ltitest.LaunchOptions{}).Text; !strings.Contains(text, "1 not in the gradebook") {
		t.Errorf("the room's page: %s", text)
	}
}

// A column that the teacher switched off stays off; when it is back, grades go
// there.
func TestColumnSwitchedOff(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "30")
	w.launch(link, "anna", ltitest.LaunchOptions{})
	w.lms.RemoveLineItem(link.LineItem.ID)
	w.holdClass(link)
	w.says(link, "This link has no column in the gradebook")
	const takesNone = "takes no grades for this link"
	for name, text := range map[string]string{"room": w.launch(link, "anna", ltitest.LaunchOptions{}).Text, "register": w.newestRegister(link).Text} {
		if !strings.Contains(text, "Test LMS "+takesNone) {
			t.Errorf("%s: %s", name, text)
		}
	}
	if items := w.lms.LineItems("law"); len(items) != 0 {
		t.Fatalf("columns were made: %+v", items)
	}
	w.lms.AddLineItem(link.ID, ltitest.LineItem{ScoreMaximum: 10})
	if text := w.launch(link, "anna", ltitest.LaunchOptions{}).Text; strings.Contains(text, takesNone) {
		t.Errorf("it is back: %s", text)
	}
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
	if items := w.lms.LineItems("law"); len(items) != 1 {
		t.Errorf("columns: %+v", items)
	}
}

// A column that we made and that somebody deleted is made again when a teacher
// asks, and not before.
func TestDeletedColumnIsMadeWhenAsked(t *testing.T) {
	w := newWorld(t, worldOptions{lms: ltitest.Options{Profile: "plain"}})
	link := w.bareLink("complete_minutes", "30")
	w.holdClass(link)
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "100/100" })
	w.lms.RemoveLineItem(w.lms.LineItems("law")[0].ID)
	w.send(w.newestRegister(link), "/resend/")
	for range 4 {
		w.says(link, "The column isn't in the gradebook any more.")
		w.later(time.Minute)
	}
	page := w.says(link, "takes no grades for this link: its column in the gradebook was deleted.")
	if items := w.lms.LineItems("law"); len(items) != 0 {
		t.Fatalf("a column was made: %+v", items)
	}
	w.send(page, "/column")
	w.eventually("Ben has his grade again", func() bool { return w.grade(link, "ben") == "100/100" })
	if text := w.launch(link, "anna", ltitest.LaunchOptions{}).Text; strings.Contains(text, "takes no grades") {
		t.Errorf("the room's page: %s", text)
	}
}

// Grades that went to a column of ours go to the platform's own when there is
// one.
func TestOwnColumnIsBack(t *testing.T) {
	w := newWorld(t, worldOptions{lms: ltitest.Options{Profile: "plain"}})
	link := w.bareLink("complete_minutes", "30")
	w.holdClass(link)
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "100/100" })
	w.lms.RemoveLineItem(w.lms.LineItems("law")[0].ID)
	own := w.lms.AddLineItem(link.ID, ltitest.LineItem{ScoreMaximum: 10})
	w.launch(link, "anna", ltitest.LaunchOptions{})
	w.eventually("the grade has followed", func() bool {
		points, _, ok := w.lms.Grade(own.ID, "ben")
		return ok && points == 10
	})
}

// Where a platform fails on its own filters, one column is made and found.
func TestColumnOfOddLists(t *testing.T) {
	for name, change := range map[string]func(*ltitest.Behaviour){
		"Open edX": func(b *ltitest.Behaviour) { b.LinkFilterStatus = 500 },
		"Chamilo":  func(b *ltitest.Behaviour) { b.ForeignLinkIDs, b.IDFilterFails = true, true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, worldOptions{lms: ltitest.Options{Profile: "plain"}})
			w.lms.Change(change)
			link := w.bareLink("complete_minutes", "30")
			// It is made, and nobody tells us.
			w.lms.Be(ltitest.Fault{At: ltitest.LineItemsEndpoint, Skip: map[string]int{"Open edX": 3, "Chamilo": 2}[name], Times: 1, Late: true, Answer: ltitest.AnswerClosed})
			w.holdClass(link)
			w.says(link, "Next try")
			w.later(time.Minute)
			w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "100/100" })
			if items := w.lms.LineItems("law"); len(items) != 1 {
				t.Errorf("columns: %+v", items)
			}
		})
	}
}

// Why a grade waits is told, so that somebody can put it right; then it goes.
func TestReasonsOfWaiting(t *testing.T) {
	for _, test := range []struct {
		name, profile, want string
		bare                bool
		wrong, right        func(*world, ltitest.Link)
	}{
		{"our key isn't accepted", "chamilo", "doesn't accept our key", false,
			func(w *world, _ ltitest.Link) {
				w.lms.ChangeTool(w.tool.ID, func(t *ltitest.Tool) { t.JWKSURL = w.url + "/healthz" })
			}, func(w *world, _ ltitest.Link) {
				w.lms.ChangeTool(w.tool.ID, func(t *ltitest.Tool) { t.JWKSURL = w.url + "/.well-known/jwks.json" })
			}},
		{"a locked grade", "moodle", "answers, but fails at this grade", false,
			func(w *world, l ltitest.Link) { w.lms.FailScores(l.LineItem.ID, true) },
			func(w *world, l ltitest.Link) { w.lms.FailScores(l.LineItem.ID, false) }},
		{"a course without a gradebook", "chamilo", "fails at making a column in this course", true,
			func(w *world, _ ltitest.Link) { w.lms.CloseGradebook("law", true) },
			func(w *world, _ ltitest.Link) { w.lms.CloseGradebook("law", false) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, worldOptions{lms: ltitest.Options{Profile: test.profile}})
			link := w.link("complete_minutes", "30")
			if test.bare {
				link = w.bareLink("complete_minutes", "30")
			}
			w.launch(link, "anna", ltitest.LaunchOptions{})
			test.wrong(w, link)
			w.holdClass(link)
			w.eventually("the register says why", func() bool {
				w.later(20 * time.Second)
				return strings.Contains(w.newestRegister(link).Text, test.want)
			})
			test.right(w, link)
			w.send(w.newestRegister(link), "/resend/")
			w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") != "none" && w.grade(link, "ben")[:1] == "1" })
		})
	}
}
