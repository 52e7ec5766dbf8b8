//go:build browser

package web

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// serve serves one page, as /.
func serve(t *testing.T, page any) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle(StaticPath, pages.Static())
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		if err := write(w, "en", page); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/"
}

// On a phone one sees at once that a register is about people.
func TestFirstPersonIsInView(t *testing.T) {
	tab := newBrowserTab(t)
	filtered := register(26, true)
	filtered.Show, filtered.Said = onlyRefused, SaidResent
	for name, page := range map[string]Register{"all": register(26, true), "refused ones, after a click": filtered} {
		address := serve(t, visited{visitor("Hans-Jürgen von der Ausbildungsförderung"), page})
		if err := chromedp.Do(tab, chromedp.EmulateViewport(400, 800), chromedp.Navigate(address)); err != nil {
			t.Fatal(err)
		}
		const first = `document.querySelector("table.register tbody tr").getBoundingClientRect().bottom`
		bottom, err := chromedp.Run(tab, chromedp.Evaluate[float64](first))
		if err != nil || bottom > 800 {
			t.Errorf("%s: the first person ends at %v of 800: %v", name, bottom, err)
		}
	}
}

// scrolls are the parts of a page that scroll by themselves.
const scrolls = `[...document.querySelectorAll("main, main *, header")].filter((e) => !e.matches("textarea, progress")
	&& e.checkVisibility() && !e.closest(".vh, svg") && /auto|scroll/.test(getComputedStyle(e).overflow)
	&& (e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1)).map((e) => e.tagName + "." + e.className)`

// A page scrolls as a whole: in a frame, what scrolls inside of it is a third
// scroll bar.
func TestNothingScrollsInside(t *testing.T) {
	root, tab := serveSamples(t), newBrowserTab(t)
	for _, name := range slices.Sorted(maps.Keys(samples())) {
		if strings.HasPrefix(name, "return") { // such pages leave by themselves
			continue
		}
		for _, size := range [][2]int64{{1280, 800}, {760, 540}, {400, 800}} {
			if err := chromedp.Do(tab, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(root+"/"+name+".en")); err != nil {
				t.Fatalf("open %s: %v", name, err)
			}
			if found, err := chromedp.Run(tab, chromedp.Evaluate[[]string](scrolls)); err != nil || len(found) > 0 {
				t.Errorf("%s at %v: %v scroll by themselves: %v", name, size, found, err)
			}
		}
	}
}

// Who sees no heads of columns sorts all the same.
func TestSortByArrivalEverywhere(t *testing.T) {
	tab, address := newBrowserTab(t), serve(t, register(9, true))
	const arrival = `[...document.querySelectorAll("a[href*='sort=arrival']")].filter((a) => a.checkVisibility() && a.getBoundingClientRect().width > 20).length`
	for _, width := range []int64{1280, 1000, 760, 400} {
		if err := chromedp.Do(tab, chromedp.EmulateViewport(width, 800), chromedp.Navigate(address)); err != nil {
			t.Fatal(err)
		}
		if width < 1088 {
			if err := chromedp.Do(tab, chromedp.Click(chromedp.CSS(".sorting summary"))); err != nil {
				t.Fatalf("at %d: %v", width, err)
			}
		}
		if n, err := chromedp.Run(tab, chromedp.Evaluate[int](arrival)); err != nil || n != 1 {
			t.Errorf("at %d: %d ways to sort by arrival: %v", width, n, err)
		}
	}
}
