package main

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// held lets Anna hold a class of ten minutes in which Ben is, and returns her
// page of the room once it is counted.
func (w *world) held(link ltitest.Link) *ltitest.Page {
	w.t.Helper()
	w.heldBy(link, link, "ben", "Ben Okafor", 10*time.Minute)
	return w.counted(link, "1 of 1 came")
}

// counted is the teacher's page of the room once it says so of a class.
func (w *world) counted(link ltitest.Link, came string) *ltitest.Page {
	w.t.Helper()
	var anna *ltitest.Page
	w.eventually("the page says "+came, func() bool {
		anna = w.launch(link, "anna", ltitest.LaunchOptions{})
		return strings.Contains(anna.Text, came)
	})
	return anna
}

// busy is a class of 12 minutes with a rule of 5. Ben is there for 8 of them
// and does all that one can do, Diego comes in the middle, for 2, and Chloe,
// who is expected, doesn't come.
func (w *world) busy(link ltitest.Link) *ltitest.Page {
	w.t.Helper()
	w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
	w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
	w.launch(link, "chloe", ltitest.LaunchOptions{})
	anna, ben := w.person(w.meeting(), "Anna Moreau"), w.person(w.meeting(), "Ben Okafor")
	w.polled(4 * time.Minute)
	for range 2 {
		ben.Chat("yes")
	}
	for range 3 {
		ben.RaiseHand()
	}
	for range 4 {
		ben.React()
	}
	for range 5 {
		ben.Vote(anna.StartPoll("Clear?", "Yes", "No"), "Yes")
	}
	ben.Talk(20 * time.Second)
	w.inClass(w.submit(w.launch(link, "diego", ltitest.LaunchOptions{}), "/join"))
	w.polled(2 * time.Minute)
	w.person(w.meeting(), "Diego Ramos").Leave()
	w.polled(2 * time.Minute)
	ben.Leave()
	w.polled(4 * time.Minute)
	w.ended()
	w.callbacks()
	w.later(3 * time.Minute)
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
	return w.counted(link, "2 of 3 came")
}

// near reports whether two moments or lengths, in seconds, are the same but for
// what is rounded, and for the time between two looks if they were observed.
func near(a, b, within float64) bool { return math.Abs(a-b) <= within }

// Each column of the file is what was so in BigBlueButton, and what the
// gradebook has.
func TestCSVOfAClass(t *testing.T) {
	for _, test := range []struct {
		name   string
		bbb    bbbtest.Options
		source string
		within float64 // seconds
		ben    []string
	}{
		{"exact", bbbtest.Options{}, "exact", 2, []string{"2", "1", "3", "5"}},
		{"observed", bbbtest.Options{DropAnalytics: true}, "observed", 70, []string{"0", "0", "0", "0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, worldOptions{bbb: test.bbb})
			link := w.link("complete_minutes", "5", "complete_points", "10")
			anna := w.busy(link)
			w.eventually("the gradebook is read back", func() bool {
				w.later(time.Minute)
				return strings.Contains(w.registerOf(anna).Text, "In the gradebook")
			})
			_, lines := w.csvOf(link, "en", ',')
			none := []string{"0", "0", "0", "0"}
			want := map[string][]string{ // all but the times
				"Anna Moreau":   append(append([]string{"teacher", test.source}, none...), "", "", "", "", ""),
				"Ben Okafor":    append(append([]string{"learner", test.source}, test.ben...), "yes", "yes", "10", "In the gradebook", ""),
				"Diego Ramos":   append(append([]string{"learner", test.source}, none...), "no", "no", "0", "", ""),
				"Chloé Laurent": append(append([]string{"learner", ""}, none...), "no", "", "", "", ""),
			}
			got := map[string][]string{}
			m := w.meeting()
			for _, line := range lines[1:] {
				got[line[0]] = append([]string{line[1]}, line[6:]...)
				w.timesAreTrue(m, line, test.within)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// timesAreTrue holds minutes, percent, first join and last leave of a line
// against what BigBlueButton knows.
func (w *world) timesAreTrue(m bbbtest.Meeting, line []string, within float64) {
	w.t.Helper()
	figure := func(text string) float64 {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			w.t.Errorf("%s: %q is no figure", line[0], text)
		}
		return f
	}
	minutes, percent := figure(line[2]), figure(line[3])
	for _, p := range m.People {
		if p.Name != line[0] {
			continue
		}
		for i, want := range map[int]time.Time{4: p.Joined, 5: p.Left} {
			if want.IsZero() {
				want = m.EndedAt
			}
			at, err := time.Parse(time.DateTime, line[i])
			if err != nil || !near(float64(at.Unix()), float64(want.Unix()), within) {
				w.t.Errorf("%s, column %d: %q, want %s: %v", line[0], i, line[i], want.UTC(), err)
			}
		}
		left := p.Left
		if left.IsZero() {
			left = m.EndedAt
		}
		stayed, length := left.Sub(p.Joined).Seconds(), m.EndedAt.Sub(m.CreatedAt).Seconds()
		if !near(60*minutes, stayed, within+3) || !near(percent, 100*stayed/length, 100*(within+6)/length) {
			w.t.Errorf("%s was there for %s min, %s %%, want %.1f of %.1f s", line[0], line[2], line[3], stayed, length)
		}
		return
	}
	if minutes != 0 || percent != 0 || line[4] != "" || line[5] != "" {
		w.t.Errorf("%s didn't come: %q", line[0], line)
	}
}

// The register says of how many learners it speaks, how many of them came and
// are complete, and what each did, if the report says so.
func TestRegisterOfAClass(t *testing.T) {
	const did = "2 chat messages|spoke once (<\u00a01\u00a0min)|raised a hand 3 times|answered 5 polls|4 reactions"
	for _, test := range []struct {
		name, figures, did string
		bbb                bbbtest.Options
	}{
		{"exact", "exact, from BigBlueButton", did, bbbtest.Options{}},
		{"observed", "observed every 30\u00a0s", "", bbbtest.Options{DropAnalytics: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, worldOptions{bbb: test.bbb})
			link := w.link("complete_minutes", "5", "complete_points", "10")
			room := w.busy(link)
			if !strings.Contains(room.Text, "2 of 3 came 1 complete") {
				t.Errorf("the room's page: %s", room.Text)
			}
			page := w.registerOf(room)
			doc, err := goquery.NewDocumentFromReader(strings.NewReader(page.Body))
			if err != nil {
				t.Fatal(err)
			}
			facts := map[string]string{}
			doc.Find("dl.facts div").Each(func(_ int, s *goquery.Selection) { facts[s.Find("dt").Text()] = s.Find("dd").Text() })
			delete(facts, "When")
			delete(facts, "Length")
			want := map[string]string{"Came": "2 of 3", "Enough in this class": "1 of 3", "Complete overall": "1 of 3", "Figures": test.figures}
			if diff := cmp.Diff(want, facts); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
			did := map[string]string{}
			doc.Find("table.register tbody").Each(func(_ int, s *goquery.Selection) {
				var list []string
				s.Find(".done li").Each(func(_ int, s *goquery.Selection) { list = append(list, s.Text()) })
				did[s.Find("th bdi").Text()] = strings.Join(list, "|")
			})
			if diff := cmp.Diff(map[string]string{"Anna Moreau": "", "Ben Okafor": test.did, "Diego Ramos": "", "Chloé Laurent": ""}, did); diff != "" {
				t.Errorf("what they did (-want +got):\n%s", diff)
			}
			if strings.Contains(page.Text, "doesn't name this person") {
				t.Errorf("somebody is not in the report: %s", page.Text)
			}
		})
	}
}

// "Ended" is said of a class that has ended, and of no other.
func TestEndedIsSaidOfWhatHasEnded(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "5")
	head := func() string {
		t.Helper()
		page := w.launch(link, "anna", ltitest.LaunchOptions{})
		doc, err := goquery.NewDocumentFromReader(strings.NewReader(page.Body))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(doc.Find("main > header").Text()), " ")
	}
	goesOn := func(when, want string) {
		t.Helper()
		if got := head(); !strings.Contains(got, want) || strings.Contains(got, "Ended") {
			t.Errorf("%s: %q", when, got)
		}
	}
	goesOn("before", "Not started")
	for range 2 { // a class that ended before makes no difference
		w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
		w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
		w.polled(6 * time.Minute)
		goesOn("while it runs, to who is in it", "Live since")
		w.person(w.meeting(), "Anna Moreau").Leave()
		w.polled(2 * time.Minute)
		goesOn("while it runs, to who has come out", "Live since")
		w.bbb.EndNow(w.meeting().ID)
		w.later(10 * time.Second)
		w.callbacks()
		w.eventually("it has ended", func() bool { return strings.Contains(head(), "Ended at") })
		if open := w.open(); len(open) != 0 {
			t.Errorf("it ended, and these run: %+v", open)
		}
		w.later(2 * time.Hour)
	}
}
