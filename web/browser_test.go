//go:build browser

package web

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// misfits is what on a page no designer would accept: a page wider than the
// window, something to press that is smaller than a finger, a text that runs
// out of its box, or into the name beside it: a box that lays out what is in it
// takes the space between both away.
const misfits = `(() => {
	const found = [];
	const name = (e) => e.tagName.toLowerCase() + "." + e.className + " " + JSON.stringify(e.textContent.trim().slice(0, 30));
	const width = document.documentElement.clientWidth;
	scrollTo(document.dir === "rtl" ? -9999 : 9999, 0);
	if (scrollX) found.push("the page scrolls by " + scrollX);
	if (document.documentElement.scrollWidth > width) found.push("the page is " + document.documentElement.scrollWidth + " wide");
	const shown = (e) => e.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true }) && !e.closest(".vh, .vh-focus, svg");
	for (const e of document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), textarea")) {
		if (!shown(e)) continue;
		const label = e.matches("[type=radio], [type=checkbox]") && document.querySelector("label[for=" + e.id + "]");
		const high = (label || e).getBoundingClientRect().height;
		if (high < 43.5) found.push(name(e) + " is " + high + " high");
	}
	for (const e of document.querySelectorAll("table")) {
		const [table, room] = [e, e.parentElement].map((x) => x.getBoundingClientRect());
		if (shown(e) && (table.right > room.right + 1 || table.left < room.left - 1)) found.push(name(e) + " is wider than its place");
	}
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (texts.nextNode()) {
		const text = texts.currentNode;
		let box = text.parentElement;
		if (!text.data.trim() || !shown(box) || box.closest("title, script, noscript, textarea")) continue;
		while (getComputedStyle(box).display.startsWith("inline")) box = box.parentElement;
		const range = document.createRange();
		range.selectNodeContents(text);
		const rects = [...range.getClientRects()].filter((r) => r.width), edges = box.getBoundingClientRect();
		if (rects.some((r) => r.right > edges.right + 1 || r.left < edges.left - 1)) found.push("the text of " + name(text.parentElement) + " runs out of " + name(box));
		const beside = [text.previousElementSibling, text.nextElementSibling].some((e) => e && e.tagName === "BDI");
		if (beside && getComputedStyle(text.parentElement).display.includes("flex")) found.push("no space parts text and name in " + name(text.parentElement));
	}
	return found;
})()`

// serveSamples serves all samples in all languages, as /name.locale.
func serveSamples(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle(StaticPath, pages.Static())
	for name, page := range samples() {
		for _, locale := range Locales() {
			mux.HandleFunc("/"+name+"."+locale, func(w http.ResponseWriter, _ *http.Request) {
				if err := write(w, locale, page); err != nil {
					t.Error(err)
				}
			})
		}
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// browserMost bounds what a browser is waited for.
const browserMost = 3 * time.Minute

// newBrowserTab is a tab of a browser of its own.
func newBrowserTab(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-component-update", true))
	bound, cancel := context.WithTimeout(t.Context(), browserMost)
	t.Cleanup(cancel)
	allocator, cancel := chromedp.NewExecAllocator(bound, options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	return ctx
}

// 320 is a window of 1280 at 400 %.
func TestPagesFit(t *testing.T) {
	root := serveSamples(t)
	for _, locale := range Locales() {
		t.Run(locale, func(t *testing.T) {
			tab := newBrowserTab(t)
			for _, name := range slices.Sorted(maps.Keys(samples())) {
				if strings.HasPrefix(name, "return") { // such pages leave by themselves
					continue
				}
				if err := chromedp.Do(tab, chromedp.Navigate(root+"/"+name+"."+locale)); err != nil {
					t.Fatalf("open %s: %v", name, err)
				}
				for _, width := range []int64{1280, 768, 400, 320} {
					if err := chromedp.Do(tab, chromedp.EmulateViewport(width, 800)); err != nil {
						t.Fatalf("%s at %d: %v", name, width, err)
					}
					found, err := chromedp.Run(tab, chromedp.Evaluate[[]string](misfits))
					if err != nil || len(found) > 0 {
						t.Errorf("%s at %d: %v\n%s", name, width, err, strings.Join(found, "\n"))
					}
				}
			}
		})
	}
}

// stop is where the keyboard stands: what it is and whether one sees it.
const stop = `(() => {
	const e = document.activeElement;
	if (!e || e === document.body) return "";
	const style = getComputedStyle(e), box = e.getBoundingClientRect();
	const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && box.width > 4 && box.bottom > 0 && box.top < innerHeight;
	e.dataset.reached = "yes";
	return (seen ? "" : "unseen: ") + e.outerHTML.slice(0, 80);
})()`

// missed are the controls that the keyboard didn't come to. A group of radio
// buttons is one stop.
const missed = `[...document.querySelectorAll("a[href], button:not([disabled]), summary, input:not([type=hidden]), textarea")]
	.filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest("dialog") && !e.dataset.reached)
	.filter((e) => e.type !== "radio" || !document.querySelector("input[name=" + e.name + "][data-reached]"))
	.map((e) => e.outerHTML.slice(0, 80))`

func TestKeyboardReachesAll(t *testing.T) {
	root, tab := serveSamples(t), newBrowserTab(t)
	for _, name := range slices.Sorted(maps.Keys(samples())) {
		if strings.HasPrefix(name, "return") || name == "register_300" || name == "styleguide" {
			continue
		}
		if err := chromedp.Do(tab, chromedp.Navigate(root+"/"+name+".en")); err != nil {
			t.Fatalf("open %s: %v", name, err)
		}
		// Twice around: a page may begin with the cursor in a field.
		const most = 100 // more than any page has
		for ends, i := 0, 0; ends < 2 && i < most; i++ {
			if err := chromedp.Do(tab, chromedp.KeyEvent(kb.Tab)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			at, err := chromedp.Run(tab, chromedp.Evaluate[string](stop))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if at == "" {
				ends++
			}
			if strings.HasPrefix(at, "unseen") {
				t.Errorf("%s: %s", name, at)
			}
		}
		if left, err := chromedp.Run(tab, chromedp.Evaluate[[]string](missed)); err != nil || len(left) > 0 {
			t.Errorf("%s: the keyboard doesn't come to %v %v", name, left, err)
		}
	}
}

// The page of all components is photographed for those who change them.
func TestStyleguidePhotographs(t *testing.T) {
	folder := os.Getenv("TEST_ARTEFACTS")
	if folder == "" {
		folder = filepath.Join("..", "artefacts")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	root := serveSamples(t)
	for _, locale := range Locales() {
		t.Run(locale, func(t *testing.T) {
			tab := newBrowserTab(t)
			for _, scheme := range []string{"light", "dark"} {
				media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
				for _, width := range []int64{1280, 768, 400} {
					_, err := chromedp.Call(tab, emulation.SetEmulatedMedia, media)
					if err == nil {
						err = chromedp.Do(tab, chromedp.EmulateViewport(width, 800), chromedp.Navigate(root+"/styleguide."+locale))
					}
					picture, shotErr := chromedp.Run(tab, chromedp.FullScreenshot(100))
					if err = errors.Join(err, shotErr); err == nil {
						err = os.WriteFile(filepath.Join(folder, fmt.Sprintf("styleguide-%s-%s-%d.png", locale, scheme, width)), picture, 0o644)
					}
					if err != nil {
						t.Errorf("photograph in %s at %d: %v", scheme, width, err)
					}
				}
			}
		})
	}
}
