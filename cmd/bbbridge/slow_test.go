package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// A class of 300 gets in while BigBlueButton lets every call wait, or answers
// none: we know that the teacher went in. What it says in the end is used.
func TestSlowBigBlueButtonLetsPeopleIn(t *testing.T) {
	for kind, count := range map[bbbtest.FaultKind]int{bbbtest.Held: 300, bbbtest.Timeout: 30} {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t, worldOptions{})
			link := w.link()
			learners := make([]*ltitest.Page, count)
			for i := range learners {
				p := w.lms.AddPerson(ltitest.Person{Name: fmt.Sprintf("Learner %d", i), Roles: map[string][]string{"law": {"Learner"}}})
				learners[i] = w.launch(link, p.Username, ltitest.LaunchOptions{})
			}
			wantText(t, learners[0], true, "isn't here yet")
			teacher := w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start")
			slow := []func(){w.bbb.Be(bbbtest.Fault{Call: "getMeetingInfo", Kind: kind}), w.bbb.Be(bbbtest.Fault{Call: "create", Kind: kind})}
			answer := sync.OnceFunc(func() {
				for _, stop := range slow {
					stop()
				}
			})
			defer answer() // before the service ends, which waits for what it asks
			w.inClass(teacher)

			var in sync.WaitGroup
			for i, page := range learners {
				in.Go(func() {
					page, err := page.Reload()
					if err != nil {
						t.Error(err)
						return
					}
					form, err := page.Form("/join")
					if err != nil {
						t.Errorf("learner %d: %v: %s", i, err, page.Text)
						return
					}
					if _, err := page.Submit(form); err != nil {
						t.Error(err)
					}
				})
			}
			in.Wait()
			w.inClass(w.submit(w.launch(link, "karim", ltitest.LaunchOptions{}), "/join")) // a second teacher
			if n := len(w.meeting().People); n != len(learners)+2 {
				t.Errorf("%d people are in class", n)
			}
			page := w.launch(link, "anna", ltitest.LaunchOptions{})
			wantText(t, page, true, "Live")
			wantText(t, page, false, "doesn't answer")

			answer()
			w.eventually("the answer is told", func() bool {
				return strings.Contains(w.launch(link, "anna", ltitest.LaunchOptions{}).Text, fmt.Sprintf("%d here", len(learners)+2))
			})
		})
	}
}

// What another node knows of a class is in the database.
func TestSlowBigBlueButtonOnTwoNodes(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	ben := w.launch(link, "ben", ltitest.LaunchOptions{Stop: ltitest.StopAfterPost})
	room, _ := ben.Location()
	teacher := w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start")
	stop := w.bbb.Be(bbbtest.Fault{Call: "getMeetingInfo", Kind: bbbtest.Timeout})
	defer stop()
	w.inClass(teacher)
	cfg := configs.Defaults()
	cfg.PublicURL = w.url
	cfg.AllowHosts = []string{hostOf(w.bbb.URL())}
	svc, err := assemble(cfg, w.db, w.key, slog.New(slog.DiscardHandler), w.clock.now)
	if err != nil {
		t.Fatal(err)
	}
	defer svc.rooms.Stop()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, room.Path+"/join?"+room.RawQuery, nil)
	for _, c := range (&http.Response{Header: ben.Header}).Cookies() {
		req.AddCookie(c)
	}
	answer := httptest.NewRecorder()
	svc.handler.ServeHTTP(answer, req)
	if to := answer.Header().Get("Location"); answer.Code != http.StatusSeeOther || !strings.HasPrefix(to, w.bbb.URL()) {
		t.Errorf("at the other node: %d to %s", answer.Code, to)
	}
}
