//go:build browser

package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// A changingRoom serves one page of a room in which something goes on.
type changingRoom struct {
	t       *testing.T
	page    func(Standing) any
	server  *httptest.Server
	mu      sync.Mutex
	now     Standing
	broken  bool     // it doesn't answer
	loads   int      // whole pages
	updates []string // where the pages say they stand that were asked for again
	posts   int
}

func newChangingRoom(t *testing.T, s Standing, page func(Standing) any) *changingRoom {
	r := &changingRoom{t: t, page: page, now: s}
	mux := http.NewServeMux()
	mux.Handle(StaticPath, pages.Static())
	mux.HandleFunc("GET /rooms/r1/state", func(w http.ResponseWriter, _ *http.Request) {
		r.answer(w, func() error { return json.NewEncoder(w).Encode(State{State: r.now.State}) })
	})
	mux.HandleFunc("GET /room", func(w http.ResponseWriter, q *http.Request) {
		r.answer(w, func() error {
			if place := q.Header.Get("Bbbridge-Page"); place != "" {
				r.updates = append(r.updates, place)
			} else {
				r.loads++
			}
			return pages.Render(w, "en", r.page(r.now))
		})
	})
	mux.HandleFunc("POST /rooms/r1/", func(http.ResponseWriter, *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.posts++
	})
	mux.HandleFunc("GET /rooms/r1/join", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<p id=in>In class") })
	mux.HandleFunc("GET /framed", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<iframe src=/room></iframe>") })
	r.server = httptest.NewServer(mux)
	t.Cleanup(r.server.Close)
	return r
}

func (r *changingRoom) answer(w http.ResponseWriter, write func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken {
		panic(http.ErrAbortHandler)
	}
	if err := write(); err != nil {
		r.t.Error(err)
	}
}

func (r *changingRoom) set(change func(*changingRoom)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r)
}

func (r *changingRoom) become(state ClassState) {
	r.set(func(r *changingRoom) { r.now.State = state })
}

// await has the page ask how things stand, and waits until its script finds that
// condition is true.
func await(tab context.Context, t *testing.T, condition string) {
	t.Helper()
	const ask = `new Promise((done) => {
		const check = () => { if (%s) { done(true); return true; } return false; };
		if (check()) return;
		new MutationObserver((_, o) => { if (check()) o.disconnect(); }).observe(document, { attributes: true, childList: true, subtree: true, characterData: true });
		window.dispatchEvent(new Event("online"));
	})`
	if _, err := chromedp.Run(tab, chromedp.Evaluate[bool](fmt.Sprintf(ask, condition), chromedp.EvalAwaitPromise)); err != nil {
		t.Fatalf("never: %s: %v", condition, err)
	}
}

func evaluate[T any](tab context.Context, t *testing.T, script string) T {
	t.Helper()
	got, err := chromedp.Run(tab, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func teacherPage(s Standing) any {
	r := teacherRoom(s.State, 15)
	r.Standing, r.StateURL = s, "/rooms/r1/state"
	r.Here = r.Here[:map[ClassState]int{Live: 14, Inside: 15}[s.State]]
	return r
}

func learnerPage(s Standing) any {
	r := learnerRoom(s.State)
	r.Standing, r.StateURL, r.Join = s, "/rooms/r1/state", Post{URL: "/rooms/r1/join"}
	return r
}

// A page follows what goes on without being loaded again: what somebody has
// opened stays open, the focus stays where it was, and live regions, which
// screen readers know from the start, stay as well.
func TestPagesChangeInPlace(t *testing.T) {
	for _, test := range []struct {
		name  string
		role  RoomRole
		page  func(Standing) any
		first ClassState
		then  []ClassState
	}{
		{"teacher", Teacher, teacherPage, Live, []ClassState{Inside, Ending, Reckoning, Ended, Waiting, Starting, Live, Down, Live}},
		{"learner", Learner, learnerPage, Waiting, []ClassState{Starting, Live, Inside, Full, Away, Ending, Reckoning, Ended}},
	} {
		t.Run(test.name, func(t *testing.T) {
			room := newChangingRoom(t, Standing{State: test.first, Role: test.role}, test.page)
			tab := newBrowserTab(t)
			if err := chromedp.Do(tab, chromedp.Navigate(room.server.URL+"/room")); err != nil {
				t.Fatal(err)
			}
			evaluate[bool](tab, t, `window.mark = document.getElementById("standing"), document.querySelector("details").open = true`)
			for _, state := range test.then {
				room.become(state)
				await(tab, t, fmt.Sprintf(`document.querySelector("main").dataset.state === %q`, state))
				want := sentenceOf(t, "en", Standing{State: state, Role: test.role})
				if got := evaluate[string](tab, t, `document.querySelector("main").innerText`); !strings.Contains(got, want) && state != Waiting && state != Live {
					t.Errorf("in state %s the page says %q, without %q", state, got, want)
				}
				if !evaluate[bool](tab, t, `window.mark === document.getElementById("standing")`) {
					t.Errorf("in state %s the live region is another one", state)
				}
			}
			if room.loads != 1 {
				t.Errorf("the page was loaded %d times", room.loads)
			}
		})
	}
}

// Whoever has opened the list of people, or has the focus on a button, keeps it
// when somebody else comes.
func TestChangesKeepFocusAndDetails(t *testing.T) {
	room := newChangingRoom(t, Standing{State: Live, Role: Teacher}, teacherPage)
	tab := newBrowserTab(t)
	if err := chromedp.Do(tab, chromedp.Navigate(room.server.URL+"/room")); err != nil {
		t.Fatal(err)
	}
	evaluate[bool](tab, t, `document.querySelector("#now details").open = true, document.querySelector("#standing a[data-dialog]").focus(), true`)
	room.set(func(r *changingRoom) {
		r.page = func(s Standing) any {
			page := teacherPage(s).(TeacherRoom)
			page.Here[0].Name = "Somebody else"
			return page
		}
		r.now.State = Inside
	})
	await(tab, t, `document.querySelector("#now").innerText.includes("Somebody else")`)
	if !evaluate[bool](tab, t, `document.activeElement.matches("#standing a[data-dialog]")`) {
		t.Error("the focus is lost")
	}
	evaluate[bool](tab, t, `document.activeElement.click(), true`)
	if !evaluate[bool](tab, t, `document.querySelector("dialog").open`) {
		t.Error("the new button doesn't open its dialog")
	}
}

// The register of a class that is on grows in place: a row that somebody has
// opened stays open, and so does the focus.
func TestRegisterGrowsInPlace(t *testing.T) {
	people := 2
	room := newChangingRoom(t, Standing{}, func(Standing) any {
		r := liveRegister()
		r.People, r.Show = register(people, true).People, ""
		return r
	})
	tab := newBrowserTab(t)
	if err := chromedp.Do(tab, chromedp.Navigate(room.server.URL+"/room")); err != nil {
		t.Fatal(err)
	}
	evaluate[bool](tab, t, `document.querySelector("tbody details").open = true, document.querySelector("tbody summary").focus(), true`)
	room.set(func(*changingRoom) { people = 3 })
	// The page looks every few seconds; it is asked to do so at once.
	evaluate[bool](tab, t, `document.querySelector("main").dataset.refresh = "0.001", true`)
	await(tab, t, `document.querySelectorAll("tbody th details").length === 3`)
	if !evaluate[bool](tab, t, `document.querySelector("tbody details").open && document.activeElement === document.querySelector("tbody summary")`) {
		t.Error("the row is closed, or the focus is lost")
	}
	if refresh := evaluate[string](tab, t, `document.querySelector("main").dataset.refresh`); refresh != "10" {
		t.Errorf("the page looks every %q seconds", refresh)
	}
	if room.loads != 1 {
		t.Errorf("the page was loaded %d times", room.loads)
	}
}

// Without a connection the page stays, says so, and goes on when there is one.
func TestPageWithoutAConnection(t *testing.T) {
	room := newChangingRoom(t, Standing{State: Waiting, Role: Learner, Framed: true}, learnerPage)
	tab := newBrowserTab(t)
	if err := chromedp.Do(tab, chromedp.Navigate(room.server.URL+"/room")); err != nil {
		t.Fatal(err)
	}
	if evaluate[bool](tab, t, `document.getElementById("offline").checkVisibility()`) {
		t.Error("the page speaks of a lost connection too early")
	}
	room.set(func(r *changingRoom) { r.broken = true })
	await(tab, t, `document.getElementById("offline").checkVisibility()`)
	room.set(func(r *changingRoom) { r.broken, r.now.State = false, Live })
	await(tab, t, `document.querySelector("main").dataset.state === "running" && !document.getElementById("offline").checkVisibility()`)
	if room.loads != 1 {
		t.Errorf("the page was loaded %d times", room.loads)
	}
}

// A page that waits in a window of its own goes in when class is on, once; one
// in a frame, or out of which somebody came, doesn't.
func TestWhoWaitsIsLetIn(t *testing.T) {
	waiting := func(s Standing) any {
		return WaitingPage{Title: "Law", Standing: s, StateURL: "/rooms/r1/state", JoinURL: "/rooms/r1/join"}
	}
	room := newChangingRoom(t, Standing{State: Waiting, Role: Learner}, waiting)
	tab := newBrowserTab(t)
	if err := chromedp.Do(tab, chromedp.Navigate(room.server.URL+"/room")); err != nil {
		t.Fatal(err)
	}
	room.become(Full)
	await(tab, t, `document.querySelector("h1").innerText.includes("The class is full.") && document.querySelector(".dots")`)
	room.become(Ended)
	await(tab, t, `document.querySelector("h1").innerText.includes("Class is over.") && !document.querySelector(".dots")`)
	room.become(Live)
	evaluate[bool](tab, t, `window.dispatchEvent(new Event("online"))`)
	if err := chromedp.Do(tab, chromedp.WaitVisible(chromedp.CSS("#in"))); err != nil {
		t.Errorf("who waits isn't let in: %v", err)
	}

	top := func(s Standing) any {
		r := learnerPage(s).(LearnerRoom)
		r.JoinURL = "/rooms/r1/join"
		return r
	}
	room = newChangingRoom(t, Standing{State: Inside, Role: Learner}, top)
	if err := chromedp.Do(tab, chromedp.Navigate(room.server.URL+"/room")); err != nil {
		t.Fatal(err)
	}
	room.become(Live)
	await(tab, t, `document.querySelector("#standing").innerText.includes("Join class")`)
}

// Who ends a class comes out of it before its end is known: the page looks
// again and says so.
func TestLeftPageTellsTheEnd(t *testing.T) {
	room := newChangingRoom(t, Standing{State: Inside, Role: Learner}, func(s Standing) any {
		return LeftPage{Title: "Law", Standing: s, StateURL: "/rooms/r1/state", RoomURL: "/room", Join: Post{URL: "/rooms/r1/join"}}
	})
	tab := newBrowserTab(t)
	if err := chromedp.Do(tab, chromedp.Navigate(room.server.URL+"/room")); err != nil {
		t.Fatal(err)
	}
	if text := evaluate[string](tab, t, `document.querySelector("main").innerText`); strings.Contains(text, "in class") || strings.Contains(text, "Class is on") {
		t.Errorf("the page knows more than anybody: %s", text)
	}
	room.become(Ended)
	await(tab, t, `document.querySelector("h1").innerText === "Class is over."`)
}

// A second click on a button that opens a window opens none.
func TestSecondClickOpensNothing(t *testing.T) {
	room := newChangingRoom(t, Standing{State: Live, Role: Learner, Framed: true}, learnerPage)
	tab := newBrowserTab(t)
	if err := chromedp.Do(tab, chromedp.Navigate(room.server.URL+"/room")); err != nil {
		t.Fatal(err)
	}
	const button = `#standing form[target=_blank] button`
	if err := chromedp.Do(tab, chromedp.Click(chromedp.CSS(button))); err != nil {
		t.Fatal(err)
	}
	await(tab, t, fmt.Sprintf(`document.querySelector(%q).disabled`, button))
	if text := evaluate[string](tab, t, fmt.Sprintf(`document.querySelector(%q).innerText`, button)); text != "Opening …" {
		t.Errorf("the button says %q", text)
	}
	if err := chromedp.Do(tab, chromedp.Click(chromedp.CSS(button))); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(tab, page.BringToFront, cdp.Empty{}); err != nil { // the first click has opened a window
		t.Fatal(err)
	}
	room.become(Inside)
	await(tab, t, `document.querySelector("#standing").innerText.includes("Join again")`)
	room.set(func(r *changingRoom) {
		if r.posts != 1 {
			t.Errorf("%d windows were opened", r.posts)
		}
	})
}

// A page tells where it stands when it asks for itself again, so that a frame's
// buttons go on opening windows.
func TestPageTellsWhereItStands(t *testing.T) {
	for _, test := range []struct{ path, frame, want string }{
		{"/room", "window", "window"}, {"/framed", "window.frames[0]", "frame"},
	} {
		room := newChangingRoom(t, Standing{State: Waiting, Role: Learner, Framed: true}, learnerPage)
		tab := newBrowserTab(t)
		if err := chromedp.Do(tab, chromedp.Navigate(room.server.URL+test.path)); err != nil {
			t.Fatal(err)
		}
		room.become(Live)
		evaluate[bool](tab, t, test.frame+`.dispatchEvent(new Event("online"))`)
		done := fmt.Sprintf(`new Promise((done) => {
			const look = () => %s.document.querySelector("main").dataset.state === "running" ? done(true) : setTimeout(look, 50);
			look();
		})`, test.frame)
		if _, err := chromedp.Run(tab, chromedp.Evaluate[bool](done, chromedp.EvalAwaitPromise)); err != nil {
			t.Fatal(err)
		}
		room.set(func(r *changingRoom) {
			if len(r.updates) != 1 || r.updates[0] != test.want {
				t.Errorf("%s: the page says that it stands in %q", test.path, r.updates)
			}
		})
	}
}
