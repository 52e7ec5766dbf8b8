package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// addServer sets a server up by the program's command.
func (p *process) addServer(name, url, secret string) {
	p.t.Helper()
	file := filepath.Join(p.t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.must("server", "add", "--name", name, "--url", url, "--secret-file", file)
}

// What "server remove" says is what happens.
func TestServerRemovedWhileAClassRuns(t *testing.T) {
	w, p, link := served(t)
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	ben := ltitest.NewBrowser()
	w.inClass(w.submit(w.launchIn(ben, link, "ben", ltitest.LaunchOptions{}), "/join"))
	other := bbbtest.Start(t, bbbtest.Options{})
	p.addServer("other", other.URL(), "another secret")
	got := p.must("server", "remove", "bbb")
	for _, want := range []string{
		"Removed bbb", "New classes begin on other.", "1 class runs there now", "Weekly seminar in ", "counts as over",
		"1 room in 1 course had classes there", "are refused, and BigBlueButton doesn't send them again", "with the same URL, " + w.bbb.URL(),
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it doesn't say %q:\n%s", want, got)
		}
	}
	w.eventually("nobody else is let in, and a new class may begin", func() bool {
		_, waits := w.launch(link, "diego", ltitest.LaunchOptions{}).Form("/join")
		_, begins := w.launch(link, "anna", ltitest.LaunchOptions{}).Form("/start")
		return waits != nil && begins == nil
	})
	if people := len(w.meeting().People); people != 2 {
		t.Errorf("%d people are in class, want both who were", people)
	}
	w.clock.advance(40 * time.Minute) // BigBlueButton's clock alone
	w.bbb.EndNow(w.meeting().ID)
	w.clock.advance(10 * time.Second)
	if err := w.bbb.DeliverCallbacks(t.Context()); err == nil || !strings.Contains(err.Error(), "analytics callback") || !strings.Contains(err.Error(), "401") {
		t.Errorf("the report: %v", err)
	}
}

func TestWhatServerRemoveSays(t *testing.T) {
	gone := classroom.Server{Name: "gone"}
	gone.URL = "https://bbb.example.edu/bigbluebutton/api"
	other := classroom.Server{Name: "other"}
	since := time.Date(2026, 11, 26, 14, 5, 0, 0, time.UTC)
	many := admin.ServerUse{Rooms: 22, Courses: 3}
	for range 22 {
		many.Running = append(many.Running, admin.RunningClass{Room: "Seminar", Course: "Law", Since: since})
	}
	for _, test := range []struct {
		name       string
		parting    parting
		want, lack []string
	}{
		{"the last one, never used", parting{server: gone}, []string{"No server is left", "No room had a class there."}, []string{"New classes", "Reports", "take it all back"}},
		{
			"used, nothing runs", parting{server: gone, next: "other", left: true, use: admin.ServerUse{Rooms: 2, Courses: 1}},
			[]string{"New classes begin on other.", "2 rooms in 1 course had classes there", "are refused"}, []string{"there now", "No server is left"},
		},
		{
			"the same under another name", parting{server: gone, next: "other", left: true, signs: other, use: admin.ServerUse{Rooms: 1, Courses: 1}},
			[]string{"signed as those of other are: they count"}, []string{"refused"},
		},
		{
			"a class without titles", parting{server: gone, use: admin.ServerUse{Rooms: 1, Courses: 1, Running: []admin.RunningClass{{Since: since}}}},
			[]string{"1 class runs there now", "a room without a name in a course without a name, since 26 Nov 14:05 UTC"}, []string{"and 1 more"},
		},
		{"many classes", parting{server: gone, use: many}, []string{"22 classes run there now", "Seminar in Law, since 26 Nov 14:05 UTC", "and 2 more"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			test.parting.print(&out)
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("it doesn't say %q:\n%s", want, out.String())
				}
			}
			for _, lack := range test.lack {
				if strings.Contains(out.String(), lack) {
					t.Errorf("it says %q:\n%s", lack, out.String())
				}
			}
		})
	}
}

func TestSignsFor(t *testing.T) {
	server := func(name string, secrets ...string) classroom.Server {
		s := classroom.Server{Name: name}
		s.Secret = bbb.Secret(secrets[0])
		for _, previous := range secrets[1:] {
			s.PreviousSecrets = append(s.PreviousSecrets, bbb.Secret(previous))
		}
		return s
	}
	left := []classroom.Server{server("a", "1"), server("b", "2", "3")}
	for want, gone := range map[string]classroom.Server{
		"a": server("x", "1"), "b": server("y", "9", "3"), "": server("z", "9", "8"),
	} {
		if got := signsFor(left, gone).Name; got != want {
			t.Errorf("%s's secret is that of %q, want %q", gone.Name, got, want)
		}
	}
}
