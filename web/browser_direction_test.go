//go:build browser

package web

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// turn lays a page out from right to left.
const turn = `document.dir = "rtl"`

func TestPagesFitFromRightToLeft(t *testing.T) {
	root, tab := serveSamples(t), newBrowserTab(t)
	for _, name := range slices.Sorted(maps.Keys(samples())) {
		if strings.HasPrefix(name, "return") { // such pages leave by themselves
			continue
		}
		if err := chromedp.Do(tab, chromedp.Navigate(root+"/"+name+".de")); err != nil {
			t.Fatalf("open %s: %v", name, err)
		}
		for _, width := range []int64{1280, 768, 400, 320} {
			if err := chromedp.Do(tab, chromedp.EmulateViewport(width, 800)); err != nil {
				t.Fatalf("%s at %d: %v", name, width, err)
			}
			found, err := chromedp.Run(tab, chromedp.Evaluate[[]string](turn+", "+misfits))
			if err != nil || len(found) > 0 {
				t.Errorf("%s at %d: %v\n%s", name, width, err, strings.Join(found, "\n"))
			}
		}
	}
}

// A page that is read from right to left begins on the right, and so does its
// time: who came at the start is on the right of who came later.
func TestLayoutFollowsTheDirection(t *testing.T) {
	tab := newBrowserTab(t)
	for _, test := range []struct {
		name string
		page any
		is   string // true if the first is to the left of the second
	}{
		{"names before minutes", register(9, true), `th(".register tbody th", ".register tbody td.num")`},
		{"the axis", register(9, true), `th(".ticks text:first-of-type", ".ticks text:last-of-type")`},
		{"a label of the axis behind its line", register(9, true), `th(".ticks line:last-of-type", ".ticks text:last-of-type")`},
		{"a bar's first stay", register(9, true), `th("tbody:nth-of-type(3) .bar rect:first-of-type", "tbody:nth-of-type(3) .bar rect:last-of-type")`},
		{"heads before what they are of", teacherRoom(Live, 3), `th("#classes h2", "#classes table")`},
		{"boxes before what they are for", settingsPage(), `th("#f-record", "label[for=f-record]")`},
		{"what is new before what there is", picker(true), `th(".choices .card:first-child", ".choices .card:last-child")`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := chromedp.Do(tab, chromedp.EmulateViewport(1280, 800), chromedp.Navigate(serve(t, test.page))); err != nil {
				t.Fatal(err)
			}
			const th = `window.th = (a, b) => { const [x, y] = [a, b].map((s) => document.querySelector(s).getBoundingClientRect()); return x.left + x.right < y.left + y.right; }, `
			ltr, err := chromedp.Run(tab, chromedp.Evaluate[bool](th+test.is))
			if err != nil || !ltr {
				t.Errorf("from left to right: %v %v", ltr, err)
			}
			rtl, err := chromedp.Run(tab, chromedp.Evaluate[bool](turn+", "+test.is))
			if err != nil || rtl {
				t.Errorf("from right to left it is the same: %v", err)
			}
		})
	}
}
