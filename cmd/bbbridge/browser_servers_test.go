//go:build browser

package main

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb/bbbtest"
)

// What is typed of a server is tried when the field is left, and a test is shown
// while it goes on, without a reload.
func TestServersInABrowser(t *testing.T) {
	w := newWorld(t, worldOptions{host: "localhost"})
	_, link, err := w.svc.accounts.Add(admin.By(t.Context(), admin.Shell), admin.Shell, admin.Wish{Email: "op@school.example", Role: admin.Operator})
	if err != nil {
		t.Fatal(err)
	}
	b := newChrome(t, "{}").open(link)
	enter := func(field, text string) {
		t.Helper()
		b.do("type "+field, chromedp.WaitVisible(chromedp.CSS("#f-"+field)), chromedp.SendKeys(chromedp.CSS("#f-"+field), text))
	}
	enter("password", deskPassword)
	b.click("button.primary")
	b.until("signed in", says("Sign out"))

	b.do("add a server", chromedp.Navigate(w.url+"/admin/servers/new"))
	enter("server_name", "Another")
	enter("server_url", w.bbb.URL())
	enter("server_secret", "wrong\t")
	b.until("the field that was left is looked at", says("the secret is wrong"))
	b.shot("server-new")
	b.do("the right one", chromedp.Evaluate[chromedp.Void](`document.getElementById("f-server_secret").value = ""`))
	enter("server_secret", w.bbb.Secret()+"\t")
	b.until("it is looked at again", says("The server answers and takes the secret."))
	b.click("form[action='/admin/servers'] button.primary")
	b.until("it is added", says("Added."))
	b.shot("server")
	server, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.pathname`))
	if err != nil {
		t.Fatal(err)
	}

	b.do("register an LMS", chromedp.Navigate(w.url+"/admin/platforms/new/other"))
	enter("auth_url", "nonsense\t")
	b.until("it is said in place what is wrong", `document.querySelector("#f-auth_url").getAttribute("aria-describedby").includes("w-auth_url") && document.querySelector("#w-auth_url").parentElement === document.querySelector("#f-auth_url").parentElement`)
	b.until("what isn't typed isn't missing", `document.querySelectorAll(".wrong").length === 1`)
	b.shot("platform-mistyped")
	b.do("correct it", chromedp.Evaluate[chromedp.Void](`document.getElementById("f-auth_url").value = ""`))
	enter("auth_url", "https://lms.example/auth\t")
	b.until("nothing is wrong any more", `document.querySelectorAll(".wrong, [aria-invalid]").length === 0`)
	b.do("back to the server", chromedp.Navigate(w.url+server), chromedp.WaitVisible(chromedp.CSS("form[action$='/test'] button")))

	hold := w.bbb.Be(bbbtest.Fault{Call: "getMeetingInfo", Kind: bbbtest.Held})
	b.click("form[action$='/test'] button")
	b.until("the test goes on", `document.querySelectorAll("li.good").length === 6`)
	b.shot("server-test")
	b.do("mark the page", chromedp.Evaluate[chromedp.Void](`window.same = true`))
	hold()
	b.until("its class is ended, and the page is the same", `document.querySelectorAll("li.good").length >= 8 && window.same === true`)
	w.svc.servers.Stop()
	b.until("it says that the test is over", says("This test was broken off.")+` || `+says("Something needs you"))
	b.until("and asks for no more", `document.querySelector("[data-again]") === null && window.same === true`)
}
