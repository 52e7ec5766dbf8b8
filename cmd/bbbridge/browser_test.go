//go:build browser

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// walkMost bounds a whole walk: what doesn't appear until then doesn't.
const walkMost = 2 * time.Minute

// A chrome is a real browser, headless, with one profile.
type chrome struct {
	t     *testing.T
	ctx   context.Context
	shots string
	n     int
}

func newChrome(t *testing.T) *chrome {
	t.Helper()
	shots := os.Getenv("TEST_ARTEFACTS")
	if shots == "" {
		shots = filepath.Join("..", "..", "artefacts")
	}
	if err := os.MkdirAll(shots, 0o755); err != nil {
		t.Fatal(err)
	}
	bound, cancel := context.WithTimeout(t.Context(), walkMost)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 900), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	allocator, cancel := chromedp.NewExecAllocator(bound, options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return &chrome{t: t, ctx: ctx, shots: shots}
}

// A tab is one tab of the browser. Mistakes of its scripts fail the test.
type tab struct {
	*chrome
	ctx context.Context
}

func (c *chrome) open(address string) tab {
	c.t.Helper()
	ctx, cancel := chromedp.NewContext(c.ctx)
	c.t.Cleanup(cancel)
	b := tab{c, ctx}
	b.do("open "+address, chromedp.Navigate("about:blank"))
	b.watch()
	b.do("open "+address, chromedp.Navigate(address))
	return b
}

func (b tab) watch() {
	problems := chromedp.Events(b.ctx, runtime.ExceptionThrown)
	go func() {
		for problem, err := range problems {
			if err != nil {
				return
			}
			b.t.Errorf("a script fails: %+v", problem.ExceptionDetails)
		}
	}()
}

func (b tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.shot("stuck")
		b.t.Fatalf("%s: %v", what, err)
	}
}

func (b tab) click(selector string) {
	b.t.Helper()
	b.do("click "+selector, chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
}

func (b tab) see(selector string) {
	b.t.Helper()
	b.do("see "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// clickOpens clicks what opens a new tab, and returns that one.
func (b tab) clickOpens(selector string) tab {
	b.t.Helper()
	opened := chromedp.WaitNewTarget(b.ctx, func(i *target.Info) bool { return i.URL != "" && i.URL != "about:blank" })
	b.click(selector)
	select {
	case id := <-opened:
		ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(id))
		b.t.Cleanup(cancel)
		next := tab{b.chrome, ctx}
		next.do("new tab", chromedp.WaitReady(chromedp.CSS("body")))
		next.watch()
		return next
	case <-b.ctx.Done():
		b.t.Fatalf("%s opens no tab", selector)
		return tab{}
	}
}

// front looks at the tab, as a person does: pages that nobody sees rest.
func (b tab) front() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, page.BringToFront, cdp.Empty{}); err != nil {
		b.t.Fatalf("look at the tab: %v", err)
	}
}

// until waits for an expression of the page to be true, also over reloads.
func (b tab) until(what, expression string) {
	b.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression)); err == nil && ok {
			return
		}
		select {
		case <-tick.C:
		case <-b.ctx.Done():
			b.t.Fatalf("never: %s", what) // a picture can't be made any more
		}
	}
}

// shot keeps a picture at both widths that matter.
func (b tab) shot(name string) {
	b.t.Helper()
	b.n++
	for _, width := range []int64{1280, 400} {
		picture, err := func() ([]byte, error) {
			if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 900)); err != nil {
				return nil, err
			}
			return chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		}()
		if err == nil {
			err = os.WriteFile(filepath.Join(b.shots, fmt.Sprintf("%02d-%s-%d.png", b.n, name, width)), picture, 0o644)
		}
		if err != nil {
			b.t.Logf("picture of %s: %v", name, err)
		}
	}
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(1280, 900)); err != nil {
		b.t.Logf("after picture of %s: %v", name, err)
	}
}

// startDemo runs the demo on free ports.
func startDemo(t *testing.T) *stage {
	t.Helper()
	s, err := demoCommand{}.stage(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("demo: %v", err)
		}
		if err := s.db.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return s
}

func TestWalkOfTheDemo(t *testing.T) {
	s := startDemo(t)
	browser := newChrome(t)
	lms := s.lms.URL()

	// Anna puts a classroom into her course.
	anna := browser.open(lms + "/as/anna/courses/law")
	anna.shot("course")
	anna.click(`a[href*="/add/"]`)
	anna.see("iframe")
	anna.shot("picker-in-the-course")
	adding, err := chromedp.Run(anna.ctx, chromedp.Location())
	if err != nil {
		t.Fatal(err)
	}
	picker := browser.open(adding + "/open")
	picker.see(`input[name=title]`)
	picker.do("fill the picker",
		chromedp.SetValue(chromedp.CSS(`input[name=title]`), "Moot court"),
		chromedp.Click(chromedp.CSS(`input[name=measure][value=percent]`)),
		chromedp.SetValue(chromedp.CSS(`input[name=percent]`), "5"))
	picker.shot("picker")
	picker.click(`form[action*="/pick"] button.primary`)
	var link string
	browser.t.Log("waiting for the link")
	for link == "" {
		for _, l := range s.lms.Links("law") {
			if l.Title == "Moot court" {
				link = l.ID
			}
		}
		if anna.ctx.Err() != nil {
			anna.shot("no-link")
			t.Fatalf("no link in the course: %+v", s.lms.DeepLinkAnswers())
		}
	}

	// Ben comes early, in a window of his own, and waits.
	ben := browser.open(lms + "/as/ben/links/" + link + "/open")
	ben.until("Ben waits", `document.querySelector("main[data-state=waiting]") !== null`)
	ben.shot("learner-waits")

	// Anna opens the room inside the course page, and starts the class.
	anna.do("open the room", chromedp.Navigate(lms+"/as/anna/links/"+link))
	anna.see("iframe")
	anna.shot("room-in-the-course")
	room := browser.open(lms + "/as/anna/links/" + link + "/open")
	class := room.clickOpens(`form[action*="/start"] button`)
	class.until("Anna is in class", `location.pathname.includes("/client") || document.body.innerText.includes("Simulated BigBlueButton")`)
	class.shot("class")

	// Ben gets in by himself.
	ben.until("Ben is in class", `document.body.innerText.includes("Simulated BigBlueButton")`)
	ben.shot("learner-in-class")
	room.front()
	room.until("the room's page tells that the class is live", `document.querySelector("main[data-state=live]") !== null && document.body.innerText.includes("Ben Okafor")`)
	room.shot("room-live")

	// Ben leaves, Anna ends the class.
	ben.front()
	ben.click(`button[name=do][value=leave]`)
	ben.until("Ben is back", `location.pathname.endsWith("/left")`)
	ben.shot("left")
	room.front()
	room.click(`a[href*="/end"]`)
	room.click(`form[action*="/end"] button`)
	room.until("the class is over", `document.querySelector("main[data-state=waiting], main[data-state=ended]") !== null && document.querySelector("table.classes a") !== null`)
	room.shot("room-after")

	// The register, and the grade in the gradebook.
	room.click("table.classes a")
	room.until("the register has Ben", `document.body.innerText.includes("Ben Okafor")`)
	room.shot("register")
	grades := browser.open(lms + "/as/anna/courses/law/grades")
	for i := 0; ; i++ {
		if points, most, ok := s.lms.Grade(link, "ben"); ok {
			if points != most || most != 100 {
				t.Errorf("Ben has %v of %v points", points, most)
			}
			break
		}
		grades.until("the page of grades", `document.readyState === "complete"`)
	}
	grades.do("look again", chromedp.Reload())
	grades.until("Ben's grade is in the gradebook", `document.body.innerText.includes("100")`)
	grades.shot("gradebook")
	if got := len(s.lms.AcceptedScores(link, "ben")); got != 1 {
		t.Errorf("the gradebook took %d scores for Ben, want 1", got)
	}

	// Two people in one browser stayed themselves.
	who, err := chromedp.Run(room.ctx, chromedp.Evaluate[string](`document.body.innerText`))
	if err != nil || !strings.Contains(who, "Ben Okafor") {
		t.Errorf("Anna's tab: %v", err)
	}
}
