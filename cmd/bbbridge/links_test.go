package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

const (
	contextClaim = "https://purl.imsglobal.org/spec/lti/claim/context"
	itemsClaim   = "https://purl.imsglobal.org/spec/lti-dl/claim/content_items"
)

// pickerOf opens the picker.
func (w *world) pickerOf(course, person string, o ltitest.LaunchOptions) *ltitest.Page {
	w.t.Helper()
	page, err := w.lms.DeepLink(ltitest.NewBrowser(), course, w.tool.ID, person, o)
	if err != nil || page.Status != http.StatusOK {
		w.t.Fatalf("picker: %v %+v", err, page)
	}
	return page
}

// newRoomForm is a choice of the picker: a new room with a rule of 30 minutes.
func newRoomForm(title string) url.Values {
	return url.Values{"choice": {"new"}, "title": {title}, "measure": {"minutes"}, "minutes": {"30"},
		"counts": {"best"}, "award": {"all"}, "points": {"100"}}
}

// choose sends the picker's form.
func (w *world) choose(picker *ltitest.Page, fields url.Values) *ltitest.Page {
	w.t.Helper()
	form, err := picker.Form("/pick")
	if err != nil {
		w.t.Fatalf("%v; page: %d %s", err, picker.Status, picker.Text)
	}
	form.Fields, form.Buttons = fields, nil
	page, err := picker.Submit(form)
	if err != nil || page.Status != http.StatusOK {
		w.t.Fatalf("picked: %v %d %s", err, page.Status, page.Text)
	}
	return page
}

// answered is the answer that the platform took last.
func (w *world) answered() ltitest.DeepLinkAnswer {
	w.t.Helper()
	answers := w.lms.DeepLinkAnswers()
	if len(answers) == 0 {
		w.t.Fatal("the platform has no answer")
	}
	if last := answers[len(answers)-1]; last.Reason == "" {
		return last
	}
	w.t.Fatalf("the answer was refused: %+v", answers[len(answers)-1])
	return ltitest.DeepLinkAnswer{}
}

// picks makes a room in the picker and returns the link that the platform made.
func (w *world) picks(course, person, title string, o ltitest.LaunchOptions) ltitest.Link {
	w.t.Helper()
	w.submit(w.choose(w.pickerOf(course, person, o), newRoomForm(title)), "/lms/")
	links := w.answered().Links
	if len(links) != 1 {
		w.t.Fatalf("links %+v", links)
	}
	return links[0]
}

func wantText(t *testing.T, page *ltitest.Page, has bool, text string) {
	t.Helper()
	if strings.Contains(page.Text, text) != has {
		t.Errorf("%q on the page: %v, want %v: %s", text, !has, has, page.Text)
	}
}

// After public bug reports (openedx/xblock-lti-consumer#610): a request that
// names no course made all teachers of a deployment members of one.
func TestDeepLinkWithoutContext(t *testing.T) {
	for name, context := range map[string]any{
		"absent": nil, "null": "null", "an empty object": map[string]any{}, "an empty list": []any{}, "an empty id": map[string]any{"id": ""},
		"a null id": map[string]any{"id": nil}, "an object for an id": map[string]any{"id": map[string]any{}}, "a list for an id": map[string]any{"id": []any{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, worldOptions{})
			none := ltitest.LaunchOptions{Claims: func(claims map[string]any) {
				switch context {
				case nil:
					delete(claims, contextClaim)
				case "null":
					claims[contextClaim] = nil
				default:
					claims[contextClaim] = context
				}
			}}
			link := w.picks("law", "anna", "Disciplinary hearing", none)
			picker := w.pickerOf("stats", "nadia", none)
			wantText(t, picker, false, "Disciplinary hearing")
			wantText(t, picker, false, "A classroom of this course")
			// Not even Anna is offered it: who asks isn't known to be of her course.
			wantText(t, w.pickerOf("law", "anna", none), false, "Disciplinary hearing")
			if status, _ := w.try(picker, "POST /pick", taught{}, w.visit(picker), "choice=existing&room="+link.Custom["room"]); !refused(status) {
				t.Errorf("somebody's room can be picked: %d", status)
			}

			ben := w.launch(link, "ben", ltitest.LaunchOptions{})
			if roomOf(ben) == link.Custom["room"] {
				t.Error("a learner is in a room of which nobody knows whose it is")
			}
			anna := w.launch(link, "anna", ltitest.LaunchOptions{})
			if roomOf(anna) != link.Custom["room"] {
				t.Errorf("Anna is in %s: %s", anna.URL, anna.Text)
			}
			wantText(t, anna, false, "copied")
			wantText(t, anna, false, "Other content")
			wantText(t, anna, true, "Disciplinary hearing")
			if again := w.launch(link, "ben", ltitest.LaunchOptions{}); roomOf(again) != roomOf(anna) {
				t.Errorf("Ben isn't in Anna's room: %s", again.URL)
			}
			w.inClass(w.submit(anna, "/start"))

			// Nadia's link names the same room, and gets her nothing of it.
			theirs := w.lms.AddLink(ltitest.Link{Course: "stats", Tool: w.tool.ID, Title: "Hers", Custom: link.Custom})
			nadia := w.launch(theirs, "nadia", ltitest.LaunchOptions{})
			if roomOf(nadia) == roomOf(anna) {
				t.Fatalf("Nadia is in Anna's room: %s", nadia.Text)
			}
			wantText(t, nadia, false, "Disciplinary hearing")
			wantText(t, nadia, false, "Live")
			if status, page := w.try(nadia, "POST /rooms/:room/share", taught{room: roomOf(nadia)}, w.visit(nadia), ""); !refused(status) {
				t.Errorf("Nadia shares Anna's room: %d %s", status, page.Text)
			}
		})
	}
}

// After public bug reports (ltijs#186, hypothesis/lms#3743,
// chamilo/chamilo-lms#8947): content picked again for a link was ignored.
func TestContentPickedAnew(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.picks("law", "anna", "First room", ltitest.LaunchOptions{})
	holdClass(w, link, 40*time.Minute)
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "100/100" })

	second := w.picks("law", "anna", "Second room", ltitest.LaunchOptions{})
	before := w.launch(link, "ben", ltitest.LaunchOptions{})
	framed := w.launch(link, "anna", ltitest.LaunchOptions{Framed: true})
	// A launch is on its way while the content changes.
	late, err := w.lms.Launch(ltitest.NewBrowser(), link.ID, "ben", ltitest.LaunchOptions{Stop: ltitest.StopBeforePost})
	if err != nil {
		t.Fatal(err)
	}
	w.later(3 * time.Second)
	w.lms.ChangeLink(link.ID, func(l *ltitest.Link) { l.Custom, l.TargetLinkURI = second.Custom, second.TargetLinkURI })
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	if roomOf(anna) != second.Custom["room"] {
		t.Fatalf("the link leads to %s: %s", anna.URL, anna.Text)
	}
	wantText(t, anna, true, "Before, it led to “First room”")
	old, err := late.Submit(late.Forms[0])
	if err != nil || roomOf(old) != second.Custom["room"] {
		t.Errorf("what an older launch says came later and counted: %v %s", err, old.URL)
	}
	// Whoever has the old room's page open comes to the new room by it.
	reloaded, err := before.Reload()
	if err != nil || roomOf(reloaded) != second.Custom["room"] || reloaded.Status != http.StatusOK {
		t.Errorf("an open page of the old room: %v %s %d", err, reloaded.URL, reloaded.Status)
	}
	if posted := w.submit(framed, "/start"); roomOf(posted) != second.Custom["room"] || posted.Status != http.StatusOK {
		t.Errorf("a button of the old room's page: %s %d %s", posted.URL, posted.Status, posted.Text)
	}
	again := w.submit(anna, "/noted")
	wantText(t, again, false, "Other content")
	wantText(t, again, true, "Start class")

	// What was earned stays, and a class in the new room goes on from there.
	holdClass(w, link, 5*time.Minute)
	w.eventually("the class is counted", func() bool {
		return strings.Contains(w.launch(link, "anna", ltitest.LaunchOptions{}).Text, "1 of 1 came")
	})
	if got := w.grade(link, "ben"); got != "100/100" {
		t.Errorf("Ben's grade is %s now", got)
	}
}

// After public bug reports (numbas/numbas-lti-provider#128,
// hypothesis/lms#2218): a copy at a place that doesn't know the room keeps its
// rule, which travels along.
func TestCopiedToAnotherPlatform(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.picks("law", "anna", "Moot court", ltitest.LaunchOptions{})
	w.elsewhere("anna") // registers another tool of the LMS
	links := w.lms.Links("law")
	tool := links[len(links)-1].Tool
	w.lms.ChangeTool(tool, func(t *ltitest.Tool) { t.ShareName = true })
	copied := w.lms.AddLink(ltitest.Link{Course: "law", Tool: tool, Title: "Copy", Custom: link.Custom, LineItem: &ltitest.LineItem{ScoreMaximum: 100}})
	anna := w.launch(copied, "anna", ltitest.LaunchOptions{})
	wantText(t, anna, true, "30 minutes")
	wantText(t, anna, true, "room="+link.Custom["room"])
	wantText(t, anna, false, "copied from another course")
	holdClass(w, copied, 58*time.Minute)
	w.eventually("the copied column has its points", func() bool { return w.grade(copied, "ben") == "100/100" })
}

// Chamilo 1.11.32 keeps of an item its address alone, and posts the launch to
// it.
func TestCustomParametersDropped(t *testing.T) {
	w := newWorld(t, worldOptions{lms: ltitest.Options{Profile: "chamilo"}})
	link := w.picks("law", "anna", "Moot court", ltitest.LaunchOptions{})
	if len(link.Custom) > 0 || link.LineItem != nil {
		t.Fatalf("the platform kept %+v", link)
	}
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	if "room="+roomOf(anna) != strings.SplitN(link.TargetLinkURI, "?", 2)[1] {
		t.Errorf("the link %s leads to %s", link.TargetLinkURI, anna.URL)
	}
	wantText(t, anna, true, "Moot court")
	wantText(t, anna, true, "30 minutes")
}

// What the teacher has typed into the platform's form comes back.
func TestPickerKeepsWhatWasTyped(t *testing.T) {
	const title, text = " Week 3 – torts", "<p dir=\"ltr\">Bring &amp; read\r\n<b>the case</b></p>"
	o := ltitest.LaunchOptions{Settings: func(s map[string]any) { s["title"], s["text"] = title, text }}
	w := newWorld(t, worldOptions{})
	picker := w.pickerOf("law", "anna", o)
	form, err := picker.Form("/pick")
	if err != nil || form.Fields.Get("title") != "Week 3 – torts" {
		t.Fatalf("the form proposes %q: %v", form.Fields.Get("title"), err)
	}
	wantText(t, picker, true, "Bring & read the case")
	fields := newRoomForm(form.Fields.Get("title"))
	w.submit(w.choose(picker, fields), "/lms/")
	item, _ := w.answered().Claims[itemsClaim].([]any)[0].(map[string]any)
	if item["title"] != title || item["text"] != text {
		t.Errorf("item %q %q", item["title"], item["text"])
	}
	// Nothing typed, and nothing proposed: the course's name.
	picker = w.pickerOf("law", "anna", ltitest.LaunchOptions{Settings: func(s map[string]any) { delete(s, "title") }})
	if form, err = picker.Form("/pick"); err != nil || form.Fields.Get("title") != "Introduction to Law" {
		t.Errorf("the form proposes %q: %v", form.Fields.Get("title"), err)
	}
}

// forms are those of the page, but for the one by which its person leaves.
func forms(page *ltitest.Page) []*ltitest.Form {
	return slices.DeleteFunc(slices.Clone(page.Forms), func(f *ltitest.Form) bool { return strings.Contains(f.Action, "/leave?") })
}

// Cancelling sends an answer without items only where that is harmless: Open
// edX takes it for "erase", Chamilo and WordPress for an error.
func TestCancelDoesNoHarm(t *testing.T) {
	for _, test := range []struct {
		family  string
		answers int
	}{{"moodle", 1}, {"chamilo", 0}, {"canvas", 0}, {"", 0}, {"whatever", 0}} {
		t.Run(test.family, func(t *testing.T) {
			w := newWorld(t, worldOptions{})
			picker := w.pickerOf("law", "anna", ltitest.LaunchOptions{Claims: func(c map[string]any) {
				c["https://purl.imsglobal.org/spec/lti/claim/tool_platform"] = map[string]any{"guid": "x", "product_family_code": test.family}
				presentation := c["https://purl.imsglobal.org/spec/lti/claim/launch_presentation"].(map[string]any)
				presentation["return_url"] = w.lms.URL() + "/as/anna/courses/law/return"
			}})
			page := w.choose(picker, url.Values{"cancel": {"1"}})
			if test.answers > 0 {
				w.submit(page, "/lms/")
				w.answered()
				return
			}
			wantText(t, page, true, "Nothing was changed.")
			if len(forms(page)) > 0 || len(page.Anchors) != 1 || page.Anchors[0].Href != w.lms.URL()+"/as/anna/courses/law/return" {
				t.Errorf("forms %v, links %v", page.Forms, page.Anchors)
			}
			if got := len(w.lms.DeepLinkAnswers()); got != 0 {
				t.Errorf("the platform has %d answers", got)
			}
		})
	}
}

// A place that takes no links: nobody's choice is erased by that, either.
func TestPickerWhereNoLinksAreTaken(t *testing.T) {
	files := ltitest.LaunchOptions{Settings: func(s map[string]any) { s["accept_types"] = []string{"file"} }}
	w := newWorld(t, worldOptions{})
	w.submit(w.pickerOf("law", "anna", files), "/lms/")
	if got := w.answered(); got.Message == "" {
		t.Error("Moodle isn't told why")
	}
	other := newWorld(t, worldOptions{lms: ltitest.Options{Profile: "canvas"}})
	page := other.pickerOf("law", "anna", files)
	wantText(t, page, true, "A classroom can't be added here.")
	if len(other.lms.DeepLinkAnswers()) != 0 || len(forms(page)) > 0 {
		t.Errorf("forms %v", page.Forms)
	}
}

// An activity's new name is its room's, unless the teacher has named that.
func TestRenamedActivity(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	rename := func(title string) *ltitest.Page {
		w.lms.ChangeLink(link.ID, func(l *ltitest.Link) { l.Title = title })
		return w.launch(link, "anna", ltitest.LaunchOptions{})
	}
	wantText(t, rename("Weekly seminar"), true, "Weekly seminar")
	page := rename("Fortnightly seminar")
	wantText(t, page, true, "Fortnightly seminar")
	form, err := w.click(page, "Change").Form("/settings")
	if err != nil {
		t.Fatal(err)
	}
	if page, err = page.Submit(form.Set("title", "Moot court")); err != nil {
		t.Fatal(err)
	}
	wantText(t, page, true, "Moot court")
	wantText(t, rename("Monthly seminar"), true, "Moot court")
}

// Custom parameters that can't be used are told to the teacher, not to
// learners, until they have read it.
func TestUnusableCustomParameters(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "abc", "room", "doesnotexist", "open", "<b>banana")
	ben := w.launch(link, "ben", ltitest.LaunchOptions{})
	wantText(t, ben, false, "banana")
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	for _, text := range []string{"complete_minutes=abc", "room=doesnotexist", "open=<b>banana"} {
		wantText(t, anna, true, text)
	}
	wantText(t, w.submit(anna, "/noted"), false, "banana")
	wantText(t, w.launch(link, "anna", ltitest.LaunchOptions{}), false, "banana")
	w.lms.ChangeLink(link.ID, func(l *ltitest.Link) { l.Custom["open"] = "apple" })
	wantText(t, w.launch(link, "anna", ltitest.LaunchOptions{}), true, "open=apple")
	w.lms.ChangeLink(link.ID, func(l *ltitest.Link) { l.Custom = nil })
	wantText(t, w.launch(link, "anna", ltitest.LaunchOptions{}), false, "open=apple")
}

// A framed picker is a launch of it in a frame that keeps no cookies.
type framedPicker struct {
	w             *world
	frame, window *ltitest.Page
}

func (w *world) framedPicker(o ltitest.LaunchOptions) framedPicker {
	w.t.Helper()
	b := ltitest.NewBrowser()
	b.FrameCookies = ltitest.FrameCookiesNone
	o.Framed = true
	frame, err := w.lms.DeepLink(b, "law", w.tool.ID, "anna", o)
	if err != nil || frame.Status != http.StatusForbidden || frame.Blocked != "" || !frame.Framed() {
		w.t.Fatalf("frame: %v %+v", err, frame)
	}
	return framedPicker{w: w, frame: frame}
}

// open opens the window.
func (p *framedPicker) open() {
	p.w.t.Helper()
	if p.window = p.w.submit(p.frame, "/lti/window"); p.window.Framed() || p.window.URL.Path != "/pick" {
		p.w.t.Fatalf("window: %s %s", p.window.URL, p.window.Text)
	}
}

// state is what the frame's script is told.
func (p *framedPicker) state() string {
	p.w.t.Helper()
	form, err := p.frame.Form("/lti/frame")
	if err != nil {
		p.w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.w.t.Context(), http.MethodPost, p.w.url+"/lti/frame", strings.NewReader(form.Fields.Encode()))
	if err != nil {
		p.w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", formType)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Origin", p.w.url)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.w.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return fmt.Sprint(res.StatusCode, " ", string(text))
}

// goOn is what the frame's script does, or its button, once there's an answer.
func (p *framedPicker) goOn() *ltitest.Page {
	p.w.t.Helper()
	return p.w.submit(p.frame, "/lti/frame")
}

// The platform takes the answer from the frame that it opened (Moodle 4.5),
// and where that keeps no cookies the choice is made in a window.
func TestPickerInAFrameWithoutCookies(t *testing.T) {
	const open, made, over = `200 {"state":"open"}`, `200 {"state":"made"}`, `200 {"state":"over"}`
	want := func(t *testing.T, p framedPicker, state string) {
		t.Helper()
		if got := p.state(); got != state {
			t.Errorf("the frame is told %s, want %s", got, state)
		}
	}
	t.Run("picked", func(t *testing.T) {
		p := newWorld(t, worldOptions{}).framedPicker(ltitest.LaunchOptions{})
		want(t, p, open)
		p.open()
		want(t, p, open)
		done := p.w.choose(p.window, newRoomForm("Moot court"))
		if len(forms(done)) > 0 {
			t.Errorf("the window posts by itself: %v", done.Forms)
		}
		wantText(t, done, true, "You have chosen.")
		want(t, p, made)
		back := p.goOn()
		if !back.Framed() || back.Blocked != "" {
			t.Fatalf("the answer doesn't stand in the frame: %+v", back)
		}
		p.w.submit(back, "/lms/")
		if links := p.w.answered().Links; len(links) != 1 || links[0].Title != "Moot court" || links[0].Custom["room"] == "" {
			t.Errorf("links %+v", links)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		p := newWorld(t, worldOptions{}).framedPicker(ltitest.LaunchOptions{})
		p.open()
		p.w.choose(p.window, url.Values{"cancel": {"1"}})
		want(t, p, made)
		p.w.submit(p.goOn(), "/lms/")
		if items := p.w.answered().Claims[itemsClaim].([]any); len(items) != 0 {
			t.Errorf("items %v", items)
		}
	})
	t.Run("cancelled where an empty answer erases", func(t *testing.T) {
		p := newWorld(t, worldOptions{lms: ltitest.Options{Profile: "plain"}}).framedPicker(ltitest.LaunchOptions{})
		p.open()
		wantText(t, p.w.choose(p.window, url.Values{"cancel": {"1"}}), true, "Nothing was changed.")
		want(t, p, open)
	})
	t.Run("left", func(t *testing.T) {
		p := newWorld(t, worldOptions{}).framedPicker(ltitest.LaunchOptions{})
		p.open()
		if frame := p.goOn(); strings.Contains(frame.Text, "Not you? Leave") { // it has no cookie to leave with
			t.Errorf("the frame says %s", frame.Text)
		}
		p.w.submit(p.window, "/leave")
		want(t, p, over)
	})
	t.Run("closed, and opened again", func(t *testing.T) {
		p := newWorld(t, worldOptions{}).framedPicker(ltitest.LaunchOptions{})
		p.open()
		p.w.clock.advance(30 * time.Minute) // the token is long over
		p.open()
		p.w.choose(p.window, newRoomForm("Moot court"))
		p.w.submit(p.goOn(), "/lms/")
		if links := p.w.answered().Links; len(links) != 1 {
			t.Errorf("links %+v", links)
		}
	})
	t.Run("without scripts, before there is an answer", func(t *testing.T) {
		p := newWorld(t, worldOptions{}).framedPicker(ltitest.LaunchOptions{})
		p.frame = p.goOn()
		wantText(t, p.frame, true, "Choose in the other window.")
		p.open()
		p.frame = p.goOn()
		if p.frame.Blocked != "" {
			t.Errorf("the LMS may not frame it: %s", p.frame.Blocked)
		}
		p.w.choose(p.window, newRoomForm("Moot court"))
		p.w.submit(p.goOn(), "/lms/")
		p.w.answered()
	})
	t.Run("never opened", func(t *testing.T) {
		p := newWorld(t, worldOptions{}).framedPicker(ltitest.LaunchOptions{})
		p.w.clock.advance(16 * time.Minute)
		want(t, p, over)
		if page := p.goOn(); page.Status != http.StatusNotFound {
			t.Errorf("%d %s", page.Status, page.Text)
		}
	})
	t.Run("too late", func(t *testing.T) {
		p := newWorld(t, worldOptions{}).framedPicker(ltitest.LaunchOptions{})
		p.open()
		p.w.clock.advance(13 * time.Hour)
		want(t, p, over)
	})
	t.Run("another's ticket, or none", func(t *testing.T) {
		p := newWorld(t, worldOptions{}).framedPicker(ltitest.LaunchOptions{})
		p.open()
		visit := p.w.visit(p.window)
		p.w.choose(p.window, newRoomForm("Moot court"))
		for _, ticket := range []string{"", "x", strings.Repeat("A", 100), visit} {
			form, err := p.frame.Form("/lti/frame")
			if err != nil {
				t.Fatal(err)
			}
			page, err := p.frame.Submit(form.Set("ticket", ticket))
			if err != nil || page.Status != http.StatusNotFound {
				t.Errorf("ticket %q: %v %d %s", ticket, err, page.Status, page.Text)
			}
		}
	})
	t.Run("a learner", func(t *testing.T) {
		w := newWorld(t, worldOptions{})
		b := ltitest.NewBrowser()
		b.FrameCookies = ltitest.FrameCookiesNone
		frame, err := w.lms.DeepLink(b, "law", w.tool.ID, "ben", ltitest.LaunchOptions{Framed: true})
		if err != nil {
			t.Fatal(err)
		}
		if window := w.submit(frame, "/lti/window"); window.Status != http.StatusForbidden {
			t.Errorf("%d %s", window.Status, window.Text)
		}
	})
}
