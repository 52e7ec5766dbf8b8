//go:build browser

package web

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// force shows pages in the few colours of the system, as people set it who see
// badly.
func force(tab context.Context, t *testing.T, scheme string) {
	t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "forced-colors", Value: "active"}, {Name: "prefers-color-scheme", Value: scheme},
	}}
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
}

// picture is how the first element looks that selector finds.
func picture(tab context.Context, t *testing.T, selector string) image.Image {
	t.Helper()
	shot, err := chromedp.Run(tab, chromedp.Screenshot(chromedp.CSS(selector)))
	if err != nil {
		t.Fatalf("picture of %s: %v", selector, err)
	}
	p, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// light is how bright a place of a picture is, in parts of its size.
func light(p image.Image, x, y float64) uint32 {
	b := p.Bounds()
	r, g, bl, _ := p.At(b.Min.X+int(x*float64(b.Dx())), b.Min.Y+int(y*float64(b.Dy()))).RGBA()
	return (r + g + bl) / 3
}

func apart(a, b uint32) bool { return max(a, b)-min(a, b) > 0x3000 }

// In the colours of the system, too, one sees how far a bar has come, which
// filter is on, and when somebody was there.
func TestForcedColours(t *testing.T) {
	tab := newBrowserTab(t)
	for _, scheme := range []string{"light", "dark"} {
		force(tab, t, scheme)
		if err := chromedp.Do(tab, chromedp.EmulateViewport(1280, 800), chromedp.Navigate(serve(t, learnerRoom(Waiting)))); err != nil {
			t.Fatal(err)
		}
		if p := picture(tab, t, "progress"); !apart(light(p, 0.3, 0.5), light(p, 0.95, 0.5)) {
			t.Errorf("%s: the bar of progress is the same where it is full", scheme)
		}
		if err := chromedp.Do(tab, chromedp.Navigate(serve(t, register(9, true)))); err != nil {
			t.Fatal(err)
		}
		on, off := picture(tab, t, ".chip[aria-current]"), picture(tab, t, ".chip:not([aria-current])")
		if !apart(light(on, 0.5, 0.15), light(off, 0.5, 0.15)) {
			t.Errorf("%s: the filter that is on looks like the others", scheme)
		}
		const clara = "tbody:nth-of-type(3) td.axis"
		bar := picture(tab, t, clara)
		if !apart(light(bar, 0.2, 0.5), light(bar, 0.2, 0.05)) {
			t.Errorf("%s: a stay isn't seen", scheme)
		}
	}
}

// Without scripts nobody takes our zone for theirs.
func TestTimesWithoutScriptsSayTheirZone(t *testing.T) {
	tab := newBrowserTab(t)
	const said = `(() => { const z = document.querySelector(".zone"); return z !== null && z.checkVisibility(); })()`
	for _, test := range []struct {
		name    string
		page    any
		scripts bool
		want    bool
	}{
		{"times, without scripts", register(3, true), false, true},
		{"times, with scripts", register(3, true), true, false},
		{"no times", picker(false).withoutTimes(), false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			off := emulation.SetScriptExecutionDisabledParams{Value: !test.scripts}
			if _, err := chromedp.Call(tab, emulation.SetScriptExecutionDisabled, off); err != nil {
				t.Fatal(err)
			}
			if err := chromedp.Do(tab, chromedp.Navigate(serve(t, test.page))); err != nil {
				t.Fatal(err)
			}
			if got, err := chromedp.Run(tab, chromedp.Evaluate[bool](said)); err != nil || got != test.want {
				t.Errorf("the zone is said: %v %v", got, err)
			}
		})
	}
}

func (p Picker) withoutTimes() Picker {
	p.Rooms = nil
	return p
}
