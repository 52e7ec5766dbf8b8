//go:build browser

package web

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// buttonInView is how much of the picker's button one can press.
const buttonInView = `(() => {
	const button = document.querySelector("button.primary"), box = button.getBoundingClientRect();
	const at = (y) => document.elementFromPoint(box.left + box.width / 2, y);
	return [box.top + 2, box.bottom - 2].every((y) => y > 0 && y < innerHeight && at(y) === button);
})()`

// However many rooms a course has, the button that ends the picker is there: in
// a window, in the dialogue of an LMS, on a phone.
func TestPickerButtonStaysInView(t *testing.T) {
	tab := newBrowserTab(t)
	wrong := manyRooms()
	wrong.Existing, wrong.Wrong = true, Wrong{"room"}
	for name, page := range map[string]Picker{"many": manyRooms(), "few": picker(false), "wrong": wrong} {
		address := serve(t, visited{visitor("Anna Moreau"), page})
		for _, size := range [][2]int64{{1280, 800}, {760, 540}, {400, 800}} {
			if err := chromedp.Do(tab, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(address)); err != nil {
				t.Fatal(err)
			}
			for _, where := range []string{"0", "document.body.scrollHeight / 2", "document.body.scrollHeight"} {
				seen, err := chromedp.Run(tab, chromedp.Evaluate[bool]("scrollTo(0, "+where+"), "+buttonInView))
				if err != nil || !seen {
					t.Errorf("%s at %v, scrolled to %s: the button is out of view: %v", name, size, where, err)
				}
			}
		}
	}
}

// roomsInView are the ids of the rooms that the search has left.
const roomsInView = `[...document.querySelectorAll("[name=room]")].filter((i) => i.checkVisibility()).map((i) => i.value).join(" ")`

// A search finds a room by its words in any order, without accents; what is
// ticked stays, and Enter sends nothing.
func TestPickerSearch(t *testing.T) {
	tab := newBrowserTab(t)
	if err := chromedp.Do(tab, chromedp.Navigate(serve(t, manyRooms()))); err != nil {
		t.Fatal(err)
	}
	search := func(text string) string {
		t.Helper()
		if _, err := chromedp.Run(tab, chromedp.Evaluate[string](`document.getElementById("f-search").focus(), document.getElementById("f-search").value = ""`)); err != nil {
			t.Fatal(err)
		}
		if err := chromedp.Do(tab, chromedp.KeyEvent(text+kb.Enter)); err != nil {
			t.Fatal(err)
		}
		left, err := chromedp.Run(tab, chromedp.Evaluate[string](roomsInView))
		if err != nil {
			t.Fatal(err)
		}
		return left
	}
	if got := search("LAW intro"); got != "a1" {
		t.Errorf("by its words: %q", got)
	}
	if err := chromedp.Do(tab, chromedp.Click(chromedp.CSS("label[for=f-room-a1]"))); err != nil {
		t.Fatal(err)
	}
	if got := search("seminaire 39"); got != "a1 m39" {
		t.Errorf("without its accent, beside what is ticked: %q", got)
	}
	if got := search("banana"); got != "a1" {
		t.Errorf("what there isn't: %q", got)
	}
	if says, err := chromedp.Run(tab, chromedp.Text(chromedp.CSS("#found"))); err != nil || says != "No room is called that." {
		t.Errorf("the page says %q: %v", says, err)
	}
	if chosen, err := chromedp.Run(tab, chromedp.Evaluate[string](`document.querySelector("[name=choice]:checked").value`)); err != nil || chosen != "existing" {
		t.Errorf("a ticked room chooses %q: %v", chosen, err)
	}
}
