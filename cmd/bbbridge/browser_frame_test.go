//go:build browser

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A frame is the only frame of a tab's page, wherever it leads.
type frame struct{ tab }

// errNoFrame is of a page without a frame, as it is before it has loaded.
var errNoFrame = errors.New("no frame")

// evaluate is an expression's value in the frame as it stands now.
func evaluate[T any](f frame, expression string) (T, error) {
	var none T
	tree, err := chromedp.Call(f.ctx, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		return none, err
	}
	if len(tree.FrameTree.ChildFrames) != 1 {
		return none, errNoFrame
	}
	world, err := chromedp.Call(f.ctx, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: tree.FrameTree.ChildFrames[0].Frame.ID})
	if err != nil {
		return none, err
	}
	in := func(p *runtime.EvaluateParams) { p.ContextID = world.ExecutionContextID }
	return chromedp.Run(f.ctx, chromedp.Evaluate[T](expression, in))
}

// until waits for an expression of the frame to be true, also over reloads.
func (f frame) until(what, expression string) {
	f.t.Helper()
	f.wait(what, func() (bool, error) { return evaluate[bool](f, expression) })
}

// click clicks an element of the frame as a person does, by the mouse.
func (f frame) click(selector string) {
	f.t.Helper()
	shown := fmt.Sprintf(`document.querySelector(%q)?.checkVisibility() === true`, selector)
	f.until("see "+selector, shown)
	inside, err := evaluate[[]float64](f, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({block: "center"}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, selector))
	if err != nil {
		f.t.Fatalf("where is %s: %v", selector, err)
	}
	outside, err := chromedp.Run(f.ctx, chromedp.Evaluate[[]float64](`(() => { const r = document.querySelector("iframe").getBoundingClientRect(); return [r.x, r.y]; })()`))
	if err != nil {
		f.t.Fatalf("where is the frame: %v", err)
	}
	f.do("click "+selector, chromedp.MouseClickXY(outside[0]+inside[0], outside[1]+inside[1]))
}

// fill types into a field of the frame, which it empties first.
func (f frame) fill(name, value string) {
	f.t.Helper()
	field := fmt.Sprintf(`input[name=%q]`, name)
	f.click(field)
	if _, err := evaluate[bool](f, fmt.Sprintf(`(document.querySelector(%q).select(), true)`, field)); err != nil {
		f.t.Fatalf("fill %s: %v", name, err)
	}
	f.do("fill "+name, chromedp.KeyEvent(value))
}

// wait asks ten times a second.
func (b tab) wait(what string, ok func() (bool, error)) {
	b.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		yes, err := ok()
		if err == nil && yes {
			return
		}
		select {
		case <-tick.C:
		case <-b.ctx.Done():
			b.t.Fatalf("never: %s (%v)", what, err) // a picture can't be made any more
		}
	}
}
