package main

import (
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// benchWorld is a world whose log is written, as in service, and not shown.
func benchWorld(b *testing.B) *world {
	b.Helper()
	return newWorld(b, worldOptions{
		log:    slog.NewJSONHandler(io.Discard, nil),
		config: func(c *configs.Config) { c.LoginRate = 100_000 },
	})
}

// class adds so many learners to the course "law".
func (w *world) class(size int) []string {
	w.t.Helper()
	var names []string
	for i := range size {
		p := w.lms.AddPerson(ltitest.Person{Username: fmt.Sprintf("learner%d", i), Given: "Learner", Family: fmt.Sprint(i)})
		w.lms.Enrol(p.Username, "law", ltitest.Learner)
		names = append(names, p.Username)
	}
	return names
}

// enter is a learner's way from the link into the running class.
func (w *world) enter(link ltitest.Link, person string) error {
	page, err := w.lms.Launch(ltitest.NewBrowser(), link.ID, person, ltitest.LaunchOptions{})
	if err != nil {
		return fmt.Errorf("launch of %s: %w", person, err)
	}
	form, err := page.Form("/join")
	if err != nil {
		return fmt.Errorf("page of %s: %w: %d %s", person, err, page.Status, page.Text)
	}
	if page, err = page.Submit(form); err != nil {
		return fmt.Errorf("join of %s: %w", person, err)
	}
	if page.URL.Host != hostOf(w.bbb.URL()) {
		return fmt.Errorf("%s isn't in class but at %s: %d %s", person, page.URL, page.Status, page.Text)
	}
	return nil
}

// BenchmarkLaunches is whole launches over HTTP: login, authentication at the
// LMS, launch and the room's page. The LMS, which signs, and the browsers take
// part in what is measured; docs/performance.md has the service by itself.
func BenchmarkLaunches(b *testing.B) {
	w := benchWorld(b)
	link, names := w.link(), w.class(100)
	w.launch(link, names[0], ltitest.LaunchOptions{})
	before := w.lms.KeySetFetches()
	var next atomic.Int64
	b.SetParallelism(8)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			person := names[int(next.Add(1))%len(names)]
			page, err := w.lms.Launch(ltitest.NewBrowser(), link.ID, person, ltitest.LaunchOptions{})
			if err != nil || page.Status != 200 {
				b.Errorf("launch of %s: %v %v", person, err, page)
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "launches/s")
	b.ReportMetric(float64(w.lms.KeySetFetches()-before), "key-set-fetches")
}

// arrive lets people into the class at random moments within that time, and
// returns how long each took from the click on the link to the class.
func (w *world) arrive(link ltitest.Link, names []string, within time.Duration) []time.Duration {
	took := make([]time.Duration, len(names))
	var wait sync.WaitGroup
	for i, name := range names {
		wait.Go(func() {
			<-time.After(time.Duration(rand.Int64N(int64(within))))
			from := time.Now()
			if err := w.enter(link, name); err != nil {
				w.t.Error(err)
			}
			took[i] = time.Since(from)
		})
	}
	wait.Wait()
	return took
}

// BenchmarkClassStart is a class of 300 that arrives within 5 s, each with a
// launch and a click on "Join", after the teacher has started it.
func BenchmarkClassStart(b *testing.B) {
	var took []time.Duration
	var creates, infos int
	for range b.N {
		b.StopTimer()
		w := benchWorld(b)
		link, names := w.link(), w.class(300)
		w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
		b.StartTimer()
		took = append(took, w.arrive(link, names, 5*time.Second)...)
		creates += len(w.bbb.Requests("create"))
		infos += len(w.bbb.Requests("getMeetingInfo"))
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "p99-ms")
	b.ReportMetric(float64(creates)/float64(b.N), "creates/class")
	b.ReportMetric(float64(infos)/float64(b.N), "getMeetingInfos/class")
}

// BenchmarkDeliveries is the grades of classes of 200 that end together, from
// the callbacks to the gradebook, which fails at every fifth score.
func BenchmarkDeliveries(b *testing.B) {
	const size = 200
	for _, classes := range []int{1, 50} {
		b.Run(fmt.Sprint(classes*size), func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				w := benchWorld(b)
				names := w.class(size)
				type grade struct {
					link   ltitest.Link
					person string
				}
				var waits []grade
				for range classes {
					link := w.link("complete_minutes", "30")
					w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
					w.arrive(link, names, time.Second)
					for _, name := range names {
						waits = append(waits, grade{link, name})
					}
				}
				w.later(40 * time.Minute)
				for _, m := range w.bbb.Meetings() {
					w.bbb.EndNow(m.ID)
				}
				w.later(10 * time.Second)
				w.lms.Be(ltitest.Fault{At: ltitest.ScoresEndpoint, Status: http.StatusBadGateway, Every: 5})
				b.StartTimer()
				w.callbacks()
				w.eventually("all have their grades", func() bool {
					for len(waits) > 0 && w.grade(waits[0].link, waits[0].person) == "10/10" {
						waits = waits[1:]
					}
					return len(waits) == 0
				})
			}
			b.ReportMetric(float64(classes*size*b.N)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}

// However many teachers start the class while the server takes its time, and
// however many learners then come, it is asked once.
func TestClassStartCalls(t *testing.T) {
	from := time.Now()
	w := newWorld(t, worldOptions{log: slog.DiscardHandler})
	link, names := w.link(), w.class(40)
	pages := make([]*ltitest.Page, 8)
	for i := range pages {
		pages[i] = w.launch(link, "anna", ltitest.LaunchOptions{})
	}
	defer w.bbb.Be(bbbtest.Fault{Call: "create", Kind: bbbtest.Trickle, Times: 1, Pace: 2 * time.Millisecond})()
	var wait sync.WaitGroup
	for _, page := range pages {
		wait.Go(func() {
			form, err := page.Form("/start")
			if err != nil {
				t.Error(err)
				return
			}
			if page, err = page.Submit(form); err != nil || page.URL.Host != hostOf(w.bbb.URL()) {
				t.Errorf("the teacher isn't in class: %v %v", err, page)
			}
		})
	}
	wait.Wait()
	if got := len(w.bbb.Requests("create")); got != 1 {
		t.Errorf("%d calls of create for %d who started the class, want 1", got, len(pages))
	}
	w.arrive(link, names, 500*time.Millisecond)
	most := 2 + int(time.Since(from)/(2*time.Second)) // one every 2 s, and one of the poll
	if got := len(w.bbb.Requests("getMeetingInfo")); got > most {
		t.Errorf("%d calls of getMeetingInfo for %d learners, want %d at most", got, len(names), most)
	}
	if got := len(w.bbb.Requests("create")); got != 1 {
		t.Errorf("%d calls of create, want 1: learners don't start classes", got)
	}
	if got := len(w.bbb.Requests("join")); got < len(names) {
		t.Errorf("%d joins of %d learners", got, len(names))
	}
}
