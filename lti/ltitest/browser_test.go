package ltitest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// a browser meets a server that sets cookies and says what it got.
func cookieServer(t *testing.T, set ...string) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/set", func(w http.ResponseWriter, r *http.Request) {
		for _, line := range set {
			w.Header().Add("Set-Cookie", line)
		}
	})
	mux.HandleFunc("/show", func(w http.ResponseWriter, r *http.Request) {
		var names []string
		for _, k := range r.Cookies() {
			names = append(names, k.Name)
		}
		slices.Sort(names)
		fmt.Fprint(w, strings.Join(names, " "))
	})
	mux.HandleFunc("/to", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		method, address := r.URL.Query().Get("method"), r.URL.Query().Get("url")
		fmt.Fprintf(w, `<form method=%s action="%s"><button>Go</button></form><a href="%s">Link</a>`, method, address, address)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv
}

const (
	hostCookie = "__Host-p=1; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"
	noneCookie = "none=1; Path=/; Secure; SameSite=None"
	laxCookie  = "lax=1; Path=/"
	strict     = "strict=1; Path=/; SameSite=Strict"
)

func TestCookiesInFrames(t *testing.T) {
	for _, test := range []struct {
		name                   string
		policy                 FrameCookies
		setFramed, framed, top string
	}{
		{"third-party cookies blocked", FrameCookiesPartitioned, "here", "__Host-p", ""},
		{"set at the top, blocked", FrameCookiesPartitioned, "", "", "__Host-p lax none strict"},
		{"all allowed", FrameCookiesAll, "here", "__Host-p none", "none"},
		{"none allowed", FrameCookiesNone, "here", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			srv := cookieServer(t, hostCookie, noneCookie, laxCookie, strict)
			b := NewBrowser()
			b.FrameCookies = test.policy
			lms, other := "http://127.0.0.1:1/course", "http://127.0.0.1:2/course"
			if test.setFramed != "" {
				must(b.GetFramed(lms, srv.URL+"/set"))(t)
			} else {
				must(b.Get(srv.URL + "/set"))(t)
			}
			if got := must(b.GetFramed(lms, srv.URL+"/show"))(t).Body; got != test.framed {
				t.Errorf("framed: %q, want %q", got, test.framed)
			}
			if got := must(b.Get(srv.URL + "/show"))(t).Body; got != test.top {
				t.Errorf("at the top: %q, want %q", got, test.top)
			}
			elsewhere := must(b.GetFramed(other, srv.URL+"/show"))(t).Body
			if strings.Contains(elsewhere, "__Host-p") {
				t.Errorf("framed by another site: %q has the partitioned cookie", elsewhere)
			}
		})
	}
}

func must(p *Page, err error) func(*testing.T) *Page {
	return func(t *testing.T) *Page {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
}

func TestSameSite(t *testing.T) {
	srv := cookieServer(t, noneCookie, laxCookie, strict)
	lms := cookieServer(t)
	b := NewBrowser()
	must(b.Get(srv.URL + "/set"))(t)
	to := "/to?url=" + url.QueryEscape(srv.URL+"/show") + "&method="
	for _, test := range []struct{ name, page, click, want string }{
		{"link from another site", lms.URL + to, "Link", "lax none"},
		{"post from another site", lms.URL + to + "post", "Go", "none"},
		{"link from the same site", srv.URL + to, "Link", "lax none strict"},
		{"post from the same site", srv.URL + to + "post", "Go", "lax none strict"},
	} {
		if got := must(must(b.Get(test.page))(t).Click(test.click))(t).Body; got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestRefusedCookies(t *testing.T) {
	for line, reason := range map[string]string{
		"__Host-a=1; Secure":                           "__Host-",
		"__Host-a=1; Path=/":                           "__Host-",
		"__Host-a=1; Path=/; Secure; Domain=127.0.0.1": "__Host-",
		"__Secure-a=1":                                 "__Secure-",
		"a=1; SameSite=None":                           "SameSite=None",
		"a=1; Partitioned; Path=/":                     "Partitioned",
		"a=1; Domain=other.example":                    "Domain",
	} {
		srv := cookieServer(t, line)
		b := NewBrowser()
		must(b.Get(srv.URL + "/set"))(t)
		refused := b.RefusedCookies()
		if len(refused) != 1 || !strings.Contains(refused[0], reason) || len(b.Cookies(srv.URL)) != 0 {
			t.Errorf("%s: refused %v", line, refused)
		}
	}
	context := cookieContext{url: &url.URL{Scheme: "http", Host: "lms.example"}}
	if refuseCookie(&http.Cookie{Name: "a", Secure: true}, context) == "" {
		t.Error("Secure over http to a host that isn't loopback")
	}
}

func TestCookieEnds(t *testing.T) {
	b := NewBrowser()
	srv := cookieServer(t, "a=1; Max-Age=60", "gone=1; Max-Age=0", "c=1; Path=/other")
	now := b.Now()
	must(b.Get(srv.URL + "/set"))(t)
	if got := must(b.Get(srv.URL + "/show"))(t).Body; got != "a" {
		t.Errorf("cookies %q, want a", got)
	}
	b.Now = func() time.Time { return now.Add(61 * time.Second) }
	if got := must(b.Get(srv.URL + "/show"))(t).Body; got != "" {
		t.Errorf("after a minute: %q", got)
	}
}

func TestHeadersOfNavigations(t *testing.T) {
	var got http.Header
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		if r.URL.Path == "/private" {
			w.Header().Set("Referrer-Policy", "no-referrer")
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<form method=post action=/post><button>Go</button></form>`)
	}))
	defer srv.Close()
	lms := cookieServer(t)
	b := NewBrowser()
	header := func(names ...string) string {
		var values []string
		for _, name := range names {
			values = append(values, got.Get(name))
		}
		return strings.Join(values, " ")
	}
	page := must(b.Get(srv.URL + "/"))(t)
	if h := header("Sec-Fetch-Site", "Sec-Fetch-Dest", "Origin"); h != "none document " {
		t.Errorf("typed: %s", h)
	}
	must(page.Press("Go"))(t)
	if h := header("Sec-Fetch-Site", "Origin"); h != "same-origin "+srv.URL {
		t.Errorf("own form: %s", h)
	}
	must(must(b.Get(srv.URL + "/private"))(t).Press("Go"))(t)
	if h := header("Sec-Fetch-Site", "Origin"); h != "same-origin null" {
		t.Errorf("own form of a page with no-referrer: %s", h)
	}
	must(b.GetFramed(lms.URL, srv.URL))(t)
	if h := header("Sec-Fetch-Site", "Sec-Fetch-Dest"); h != "cross-site iframe" {
		t.Errorf("framed: %s", h)
	}
	must(must(b.Get(lms.URL + "/to?method=post&url=" + url.QueryEscape(srv.URL)))(t).Press("Go"))(t)
	if h := header("Sec-Fetch-Site", "Origin"); h != "cross-site "+lms.URL {
		t.Errorf("form of another site: %s", h)
	}
}

func TestFraming(t *testing.T) {
	for _, test := range []struct {
		header, value string
		allowed       bool
	}{
		{"Content-Security-Policy", "default-src 'self'", true},
		{"Content-Security-Policy", "frame-ancestors 'none'", false},
		{"Content-Security-Policy", "frame-ancestors 'self'", false},
		{"Content-Security-Policy", "frame-ancestors 'self' http://127.0.0.1:1", true},
		{"Content-Security-Policy", "default-src 'none'; frame-ancestors http://127.0.0.1:*", true},
		{"Content-Security-Policy", "frame-ancestors http://127.0.0.1:2", false},
		{"Content-Security-Policy", "frame-ancestors 127.0.0.1:1", true},
		{"Content-Security-Policy", "frame-ancestors http:", true},
		{"Content-Security-Policy", "frame-ancestors https:", false},
		{"Content-Security-Policy", "frame-ancestors *, frame-ancestors 'none'", false},
		{"X-Frame-Options", "DENY", false},
		{"X-Frame-Options", "SAMEORIGIN", false},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(test.header, test.value)
		}))
		page := must(NewBrowser().GetFramed("http://127.0.0.1:1/", srv.URL))(t)
		srv.Close()
		if (page.Blocked == "") != test.allowed {
			t.Errorf("%s: %s: blocked %q", test.header, test.value, page.Blocked)
		}
	}
}

// Chrome holds the redirects of a form to form-action, too.
func TestFormAction(t *testing.T) {
	elsewhere := cookieServer(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/post" {
			http.Redirect(w, r, elsewhere.URL+"/show", http.StatusSeeOther)
			return
		}
		w.Header().Set("Content-Security-Policy", "form-action 'self'"+r.URL.Query().Get("more"))
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<form method=post action=/post><button>Go</button></form>`)
	}))
	defer srv.Close()
	b := NewBrowser()
	if _, err := must(b.Get(srv.URL))(t).Press("Go"); err == nil || !strings.Contains(err.Error(), "form-action") {
		t.Errorf("redirect to another site: %v", err)
	}
	if _, err := must(b.Get(srv.URL + "?more=+" + url.QueryEscape(elsewhere.URL)))(t).Press("Go"); err != nil {
		t.Errorf("allowed: %v", err)
	}
}

func TestTargets(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<a href=/a>Self</a><a href=/a target=_top>Top</a>
			<form action=/a target=_blank><button>New window</button><button formtarget=_self>Here</button></form>`)
	}))
	defer srv.Close()
	page := must(NewBrowser().GetFramed("http://127.0.0.1:1/", srv.URL))(t)
	for text, framed := range map[string]bool{"Self": true, "Top": false, "New window": false, "Here": true} {
		if got := must(page.Click(text))(t); got.Framed() != framed {
			t.Errorf("%s: framed %v, want %v", text, got.Framed(), framed)
		}
	}
	if _, err := page.Click("Nowhere"); err == nil {
		t.Error("a link that isn't there was clicked")
	}
	if page.InNewWindow().Framed() {
		t.Error("InNewWindow is framed")
	}
}

func TestRedirects(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/303":
			http.Redirect(w, r, "/end", http.StatusSeeOther)
		case "/307":
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, `%s %s<form id=a method=post action=/303><input name=x value=1></form><form id=b method=post action=/307><input name=x value=1></form>`,
				r.Method, r.FormValue("x"))
		}
	}))
	defer srv.Close()
	b := NewBrowser()
	page := must(b.Get(srv.URL))(t)
	for id, want := range map[string]string{"a": "GET", "b": "POST 1"} {
		f, err := page.Form(id)
		if err != nil {
			t.Fatal(err)
		}
		got := must(page.Submit(f))(t)
		if got.Text != want || len(got.Steps) != 2 {
			t.Errorf("form %s ends with %q after %v, want %q", id, got.Text, got.Steps, want)
		}
		if again := must(got.Reload())(t); again.Text != want {
			t.Errorf("reloaded: %q", again.Text)
		}
	}
	if _, err := b.Get(srv.URL + "/loop"); err == nil {
		t.Error("an endless redirect ends")
	}
}

func TestPageGoesOn(t *testing.T) {
	srv := cookieServer(t, laxCookie)
	b := NewBrowser()
	if must(b.Get(srv.URL + "/set"))(t); len(b.Cookies(srv.URL)) != 1 {
		t.Errorf("cookies: %v", b.Cookies(srv.URL))
	}
	page := must(b.Get(srv.URL + "/to?url=/show"))(t)
	if got := must(page.Open("/show"))(t).Body; got != "lax" {
		t.Errorf("opened: %q", got)
	}
	if got := must(page.In(NewBrowser()).Click("Link"))(t).Body; got != "" {
		t.Errorf("in another browser: %q", got)
	}
	b.ForgetCookies()
	if got := must(page.Click("Link"))(t).Body; got != "" {
		t.Errorf("after ForgetCookies: %q", got)
	}
	if _, err := page.FollowRedirect(); err == nil {
		t.Error("a page that redirects nowhere was followed")
	}
}

func TestScan(t *testing.T) {
	doc := scan(`<!DOCTYPE html><title>A &amp; B</title><!-- <form action=no> --><style>a > b {}</style>
<script>document.write("<form action=never>")</script>
<h1>Hello&nbsp;you</h1><p>One<br>two 1 < 2</p>
<form id="f" METHOD="post" action='/a?x=1&amp;y=2' target=_blank>
 <input type=hidden name=h value="&quot;v&quot;"><input name=t><input type=checkbox name=c1><input type=checkbox name=c2 checked>
 <input type=radio name=r value=1><input type=radio name=r value=2 checked><input name=off disabled value=1><input type=file name=up>
 <select name=s><option value=a>A<option value=b selected>B</select><select name=s2><option value=a>A</option></select>
 <textarea name=ta>long
text</textarea>
 <button name=go value=1 formaction=/b>Go <b>now</b></button><button type=button>No</button><input type=submit value=Send>
</form>
<input name=late value=1 form=f><button form=f>Outside</button>
<a href="/x?a=1&amp;b=2" target="_top">Away</a><iframe src="/frame"></iframe>`)
	form := Form{
		ID: "f", Method: "POST", Action: "/a?x=1&y=2", Target: "_blank",
		Fields: url.Values{
			"h": {`"v"`}, "t": {""}, "c2": {"on"}, "r": {"2"}, "s": {"b"}, "s2": {"a"}, "ta": {"long\ntext"}, "late": {"1"},
		},
		Buttons: []Button{
			{Text: "Go now", Name: "go", Value: "1", Action: "/b"}, {Text: "Send", Value: "Send"}, {Text: "Outside"},
		},
	}
	if diff := cmp.Diff([]*Form{&form}, doc.forms); diff != "" {
		t.Errorf("forms (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Anchor{{"Away", "/x?a=1&b=2", "_top"}}, doc.anchors); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if doc.title != "A & B" || !strings.HasPrefix(doc.text, "Hello you One two 1 < 2") || doc.frames[0] != "/frame" {
		t.Errorf("title %q, text %q, frames %v", doc.title, doc.text, doc.frames)
	}
}

func FuzzScan(f *testing.F) {
	f.Add(`<form action=/a><input name=x value="1"><button>Go</button></form>`)
	f.Add(`<a href='x`)
	f.Add(`<textarea name=a></form><select><option`)
	f.Fuzz(func(t *testing.T, page string) {
		for _, form := range scan(page).forms {
			if form.Method != "GET" && form.Method != "POST" {
				t.Errorf("method %q", form.Method)
			}
		}
	})
}
