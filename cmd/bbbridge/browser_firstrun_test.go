//go:build browser

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// From an empty database to the first grade, in a browser alone: the setup
// link, an account, a server, a registration link pasted into the LMS, launches
// of a teacher and a learner, a class, and its grade. How long that took stands
// in the test's log; no shell was needed.
func TestFirstRunInChromium(t *testing.T) {
	w := newWorld(t, worldOptions{unregistered: true, noServer: true})
	begin := time.Now()
	setup, err := w.svc.accounts.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	browser := newChrome(t, "{}")
	desk := browser.open(setup)
	desk.until("see the setup", `document.querySelector("input[name=email]") !== null`)
	desk.shot("first-run-setup")
	desk.typed("email", "operator@school.example")
	desk.typed("password", deskPassword)
	desk.click("form[action='/admin/setup'] button.primary")
	desk.until("see the guide", `location.pathname === "/admin/start"`)
	desk.shot("first-run-guide")

	desk.click(`a[href="/admin/servers/new"]`)
	desk.until("see the server's form", `document.querySelector("input[name=server_url]") !== null`)
	desk.typed("server_name", "Main")
	desk.typed("server_url", w.bbb.URL())
	desk.typed("server_secret", w.bbb.Secret()+"\t")
	desk.until("what was typed was tried", `document.body.innerText.includes("The server answers and takes the secret.")`)
	desk.click("form[action='/admin/servers'] button.primary")
	desk.until("the server is there", `location.pathname !== "/admin/servers/new" && document.body.innerText.includes("Main")`)
	desk.shot("first-run-server")

	desk.goTo("/admin/platforms/new")
	desk.click(`a[href="/admin/platforms/links/new"]`)
	desk.until("see the link's form", `document.querySelector("form[action='/admin/platforms/links']") !== null`)
	desk.click("form[action='/admin/platforms/links'] button.primary")
	desk.until("see the link", `document.querySelector("#c-link") !== null`)
	desk.shot("first-run-link")
	link, err := chromedp.Run(desk.ctx, chromedp.Evaluate[string](`document.querySelector("#c-link").innerText`))
	if err != nil {
		t.Fatal(err)
	}

	lms := browser.open(w.lms.URL() + "/admin")
	lms.until("see where to paste", `document.querySelector("input[name=link]") !== null`)
	lms.typed("link", strings.TrimSpace(link))
	lms.do("paste it", chromedp.Submit(chromedp.CSS("input[name=link]")))
	inside := frame{lms}
	inside.until("see what will be registered", `document.body.innerText.includes("Nothing is registered until you click")`)
	lms.shot("first-run-registering")
	inside.click("button.primary")
	inside.until("see what is registered", `document.body.innerText.includes("is registered.")`)
	inside.click("#close")
	lms.until("the LMS closes the frame", `location.pathname.endsWith("/admin") && document.body.innerText.includes("waits to be switched on")`)
	tools := w.lms.Tools()
	w.tool = w.lms.ActivateTool(tools[len(tools)-1].ID)

	desk.goTo("/admin/start")
	desk.until("the guide waits for a launch", `document.body.innerText.includes("No teacher has come so far.")`)
	activity := w.lms.AddLink(ltitest.Link{
		Course: "law", Tool: w.tool.ID, Title: "Weekly seminar", Custom: map[string]string{"complete_minutes": "1"}, LineItem: &ltitest.LineItem{ScoreMaximum: 10},
	})
	anna := browser.open(w.lms.URL() + "/as/anna/links/" + activity.ID + "/open")
	anna.until("the teacher's room", `document.querySelector("main[data-state=not_started]") !== null`)
	desk.front()
	desk.until("the guide has seen the teacher by itself", `document.body.innerText.includes("A teacher came")`)
	ben := browser.open(w.lms.URL() + "/as/ben/links/" + activity.ID + "/open")
	ben.until("the learner waits", `document.querySelector("main[data-state=not_started]") !== null`)
	desk.front()
	desk.until("the guide is green", `document.body.innerText.includes("Everything works")`)
	desk.shot("first-run-done")
	t.Logf("from the setup link to the first launches of a teacher and a learner: %v", time.Since(begin).Round(100*time.Millisecond))

	anna.front()
	class := anna.opens("the class", func() { anna.click(`form[action*="/start"] button`) })
	class.until("the teacher is in class", inClass)
	ben.front()
	ben.until("the learner is in class", inClass)
	w.later(2 * time.Minute)
	anna.front()
	anna.do("end it", chromedp.Navigate(w.lms.URL()+"/as/anna/links/"+activity.ID+"/open"))
	anna.click(`a[href*="/end"]`)
	anna.click(`form[action*="/end"] button`)
	anna.until("it is over", `document.querySelector("main[data-state=ended], main[data-state=counting]") !== null`)
	w.later(time.Minute)
	w.callbacks()
	w.eventually("the first grade", func() bool { return w.grade(activity, "ben") == "10/10" })
	t.Logf("to the first grade: %v", time.Since(begin).Round(100*time.Millisecond))
}

// goTo opens an address of the same place.
func (b tab) goTo(path string) {
	b.t.Helper()
	b.until("go to "+path, `(location.assign("`+path+`"), true)`)
	b.until("be at "+path, `location.pathname === "`+path+`"`)
}

// typed fills a field as a person does.
func (b tab) typed(name, text string) {
	b.t.Helper()
	field := chromedp.CSS("[name=" + name + "]")
	b.do("fill "+name, chromedp.WaitVisible(field), chromedp.SendKeys(field, text))
}

// The pages of staff in three languages, as a browser of each asks for them:
// none is wider than its window, and each speaks that language.
func TestDeskInThreeLanguages(t *testing.T) {
	w := newWorld(t, worldOptions{})
	w.operator()
	w.launch(w.link(), "anna", ltitest.LaunchOptions{})
	for _, language := range []string{"en", "fr", "de"} {
		browser := newChrome(t, `{"intl":{"accept_languages":"`+language+`","selected_languages":"`+language+`"}}`)
		desk := browser.open(w.url + "/admin/sign-in")
		desk.typed("email", "operator@school.example")
		desk.typed("password", deskPassword)
		desk.click("form button.primary")
		desk.until("be in", `document.querySelector("nav") !== null`)
		for _, path := range []string{
			"/admin/", "/admin/start", "/admin/platforms", "/admin/platforms/new", "/admin/platforms/new/moodle", "/admin/platforms/links", "/admin/platforms/keys",
			"/admin/servers", "/admin/servers/new", "/admin/failures", "/admin/deliveries", "/admin/courses", "/admin/people", "/admin/people/new", "/admin/audit", "/admin/account",
		} {
			desk.goTo(path)
			desk.until(path+" speaks "+language, `document.readyState === "complete" && document.documentElement.lang === "`+language+`"`)
			desk.do("a phone", chromedp.EmulateViewport(400, 900))
			wide, err := chromedp.Run(desk.ctx, chromedp.Evaluate[string](`[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > 400.5 && !e.closest(".scroll, .vh, pre")).map(e => e.outerHTML.slice(0, 120)).slice(0, 3).join("\n")`))
			if err != nil || wide != "" {
				t.Errorf("%s in %s is wider than a phone: %v\n%s", path, language, err, wide)
			}
			desk.shot("desk-" + language + strings.ReplaceAll(path, "/", "-"))
		}
	}
}
