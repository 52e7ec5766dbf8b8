//go:build browser

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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

// newChrome starts one. prefs are preferences of its profile, as JSON; empty:
// the usual ones.
func newChrome(t *testing.T, prefs string) *chrome {
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
	profile := t.TempDir()
	if err := os.MkdirAll(filepath.Join(profile, "Default"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(profile, "Default", "Preferences"), []byte(prefs), 0o644); err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 900), chromedp.UserDataDir(profile),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		// Frames of another site stay in their page's process, so that one way leads into all.
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,SitePerProcess,IsolateOrigins"), chromedp.Flag("disable-site-isolation-trials", true))
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
	ctx, cancel := context.WithCancel(b.ctx)
	done := make(chan struct{})
	b.t.Cleanup(func() {
		cancel()
		<-done
	})
	problems := chromedp.Events(ctx, runtime.ExceptionThrown)
	go func() {
		defer close(done)
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

// opens returns the new tab that a click opens.
func (b tab) opens(what string, click func()) tab {
	b.t.Helper()
	opened := chromedp.WaitNewTarget(b.ctx, func(i *target.Info) bool { return i.Type == "page" && i.URL != "" && i.URL != "about:blank" })
	click()
	select {
	case id := <-opened:
		ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(id))
		b.t.Cleanup(cancel)
		next := tab{b.chrome, ctx}
		next.do("new tab", chromedp.WaitReady(chromedp.CSS("body")))
		next.watch()
		return next
	case <-b.ctx.Done():
		b.t.Fatalf("%s opens no tab", what)
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
	b.wait(what, func() (bool, error) { return chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression)) })
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
