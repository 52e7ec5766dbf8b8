package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// answer is what the service says to one request of no browser.
type answer struct {
	*http.Response
	body string
}

func (w *world) ask(method, path, contentType, body string) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	once := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := once.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{res, string(text)}
}

const formType = "application/x-www-form-urlencoded"

// loginForm is a good login initiation.
func (w *world) loginForm() url.Values {
	r := w.lms.Registration(w.tool)
	return url.Values{
		"iss": {r.Issuer}, "client_id": {r.ClientID}, "login_hint": {"5"}, "lti_message_hint": {`{"cmid":27,"a":"b+c%"}`},
		"lti_deployment_id": {r.DeploymentID}, "target_link_uri": {w.url + "/lti/launch"},
	}
}

func TestLTILogin(t *testing.T) {
	w := newWorld(t, worldOptions{})
	good := w.loginForm().Encode()
	t.Run("L1_get_and_post", func(t *testing.T) {
		for _, a := range []answer{w.ask("GET", "/lti/login?"+good, "", ""), w.ask("POST", "/lti/login", formType+"; charset=utf-8", good)} {
			to, err := a.Location()
			if a.StatusCode != http.StatusFound || err != nil || !strings.HasPrefix(to.String(), w.lms.Registration(w.tool).AuthURL) {
				t.Fatalf("%d to %v: %v", a.StatusCode, to, err)
			}
			if got := to.Query().Get("lti_message_hint"); got != `{"cmid":27,"a":"b+c%"}` {
				t.Errorf("message hint came back as %s", got)
			}
			if got := to.Query().Get("redirect_uri"); got != w.url+"/lti/launch" {
				t.Errorf("redirect_uri %s", got)
			}
		}
	})
	for _, test := range []struct {
		name, method, contentType, body string
		want                            int
	}{
		{"L1_method", "PUT", formType, good, http.StatusMethodNotAllowed},
		{"L1_content_type", "POST", "application/json", `{}`, http.StatusUnsupportedMediaType},
		{"L1_no_content_type", "POST", "", good, http.StatusUnsupportedMediaType},
		{"L1_too_large", "POST", formType, good + "&x=" + strings.Repeat("x", 33<<10), http.StatusRequestEntityTooLarge},
		{"L1_not_a_form", "POST", formType, "%zz", http.StatusBadRequest},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := w.ask(test.method, "/lti/login", test.contentType, test.body); got.StatusCode != test.want {
				t.Errorf("status %d, want %d", got.StatusCode, test.want)
			}
		})
	}
	t.Run("L11_cookie", func(t *testing.T) {
		cookies := w.ask("POST", "/lti/login", formType, good).Cookies()
		if len(cookies) != 1 {
			t.Fatalf("%d cookies", len(cookies))
		}
		wantCookie(t, cookies[0], "__Host-lti_")
		if cookies[0].MaxAge != 600 {
			t.Errorf("the cookie lives %d s, want as long as the state: 600", cookies[0].MaxAge)
		}
	})
	t.Run("L12_headers", func(t *testing.T) {
		h := w.ask("POST", "/lti/login", formType, good).Header
		if h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "origin" {
			t.Errorf("headers %v", h)
		}
	})
	t.Run("unknown_platform", func(t *testing.T) {
		form := w.loginForm()
		form.Set("iss", "https://nobody.example")
		got := w.ask("POST", "/lti/login", formType, form.Encode())
		if got.StatusCode != http.StatusNotFound || !strings.Contains(got.body, "login_unknown_platform") {
			t.Errorf("%d %s", got.StatusCode, got.body)
		}
	})
}

// wantCookie holds a cookie to what survives in a frame of another site.
func wantCookie(t *testing.T, c *http.Cookie, prefix string) {
	t.Helper()
	if !strings.HasPrefix(c.Name, prefix) || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteNoneMode ||
		!c.Partitioned || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %s", c.Raw)
	}
}

func TestLTILogin_L9_rate(t *testing.T) {
	w := newWorld(t, worldOptions{config: func(c *configs.Config) { c.LoginRate = 100 }})
	good := w.loginForm().Encode()
	for range 400 {
		if got := w.ask("POST", "/lti/login", formType, good); got.StatusCode == http.StatusTooManyRequests {
			other := w.loginForm()
			other.Set("iss", "https://other.example")
			if got := w.ask("POST", "/lti/login", formType, other.Encode()); got.StatusCode != http.StatusNotFound {
				t.Errorf("another issuer: %d", got.StatusCode)
			}
			return
		}
	}
	t.Error("400 logins in a burst were taken")
}

func TestLTILaunch(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	for _, test := range []struct {
		name, method, contentType, body string
		want                            int
	}{
		{"V1_method", "GET", "", "", http.StatusMethodNotAllowed},
		{"V1_content_type", "POST", "text/plain", "state=x", http.StatusUnsupportedMediaType},
		{"V1_too_large", "POST", formType, "state=" + strings.Repeat("x", 257<<10), http.StatusRequestEntityTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := w.ask(test.method, "/lti/launch", test.contentType, test.body); got.StatusCode != test.want {
				t.Errorf("status %d, want %d", got.StatusCode, test.want)
			}
		})
	}
	t.Run("V2_platform_error", func(t *testing.T) {
		got := w.ask("POST", "/lti/launch", formType, "error=login_required&error_description=%3Cb%3Eno%3C%2Fb%3E")
		if got.StatusCode != http.StatusBadRequest || strings.Contains(got.body, "<b>no") || strings.Contains(got.body, "login_required") || !strings.Contains(got.body, "platform_error") {
			t.Errorf("%d %s", got.StatusCode, got.body)
		}
	})
	t.Run("V4_window_without_proof", func(t *testing.T) {
		got := w.ask("POST", "/lti/window", formType, "state=x&id_token=y")
		if got.StatusCode != http.StatusForbidden || !strings.Contains(got.body, "state_mismatch") {
			t.Errorf("%d %s", got.StatusCode, got.body)
		}
	})
	t.Run("V14_nonce_replayed", func(t *testing.T) {
		page := w.launch(link, "ben", ltitest.LaunchOptions{Stop: ltitest.StopAfterPost})
		again, err := page.Reload()
		if err != nil || again.Status != http.StatusUnauthorized || !strings.Contains(again.Body, "nonce_replayed") {
			t.Errorf("%v %d %s", err, again.Status, again.Text)
		}
	})
	t.Run("V25_new_visit_and_303", func(t *testing.T) {
		b := ltitest.NewBrowser()
		visits := map[string]bool{}
		for range 2 {
			page := w.launchIn(b, link, "ben", ltitest.LaunchOptions{Stop: ltitest.StopAfterPost})
			to, ok := page.Location()
			if page.Status != http.StatusSeeOther || !ok || !strings.HasPrefix(to.String(), w.url+"/rooms/") {
				t.Fatalf("%d to %v", page.Status, to)
			}
			visits[to.Query().Get("v")] = true
			for _, c := range (&http.Response{Header: page.Header}).Cookies() {
				wantCookie(t, c, "__Host-")
			}
		}
		if len(visits) != 2 {
			t.Errorf("two launches began %d visits", len(visits))
		}
	})
}

func TestCrossSitePosts(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	anna := w.launch(link, "anna", ltitest.LaunchOptions{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, strings.Replace(anna.URL.String(), "?", "/start?", 1), strings.NewReader("ticket=x"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", formType)
	req.Header.Set("Origin", "https://evil.example")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("a form of another site: %d", res.StatusCode)
	}
}

// What a person reads out from a page finds its line in the log.
func TestRefusalHasOneNumber(t *testing.T) {
	var lines logText
	w := newWorld(t, worldOptions{log: slog.NewJSONHandler(&lines, nil)})
	page := w.launch(w.link(), "ben", ltitest.LaunchOptions{Sign: ltitest.SignBroken})
	number := regexp.MustCompile(`[A-Z2-7]{4}-[A-Z2-7]{4}`).FindString(page.Text)
	for line := range strings.Lines(lines.String()) {
		if strings.Contains(line, `"request":"`+number+`"`) && strings.Contains(line, `"code":"jwt_signature_invalid"`) && number != "" {
			return
		}
	}
	t.Errorf("request %q of the page isn't in the log:\n%s", number, lines.String())
}

// A platform that changes its key and keeps the kid is followed at once, and
// whoever forges signatures costs it one look a minute at its key set. What is
// of no use in there is in the log.
func TestKeysOfAPlatformOverHTTP(t *testing.T) {
	var lines logText
	w := newWorld(t, worldOptions{log: slog.NewJSONHandler(&lines, nil)})
	link := w.link()
	launch := func(status int, o ltitest.LaunchOptions) {
		t.Helper()
		if page := w.launch(link, "ben", o); page.Status != status {
			t.Errorf("%d %s", page.Status, page.Text)
		}
	}
	launch(http.StatusOK, ltitest.LaunchOptions{})
	w.lms.ReplaceKey()
	launch(http.StatusOK, ltitest.LaunchOptions{})
	for range 20 {
		launch(http.StatusUnauthorized, ltitest.LaunchOptions{Sign: ltitest.SignOtherKey})
	}
	launch(http.StatusOK, ltitest.LaunchOptions{})
	if got := w.lms.KeySetFetches(); got != 2 {
		t.Errorf("the key set was fetched %d times, want 2", got)
	}
	if log := lines.String(); strings.Count(log, "are left out") != 1 || !strings.Contains(log, "its use is") || !strings.Contains(log, `"platform":"Test LMS"`) {
		t.Errorf("the log doesn't say once which keys are left out:\n%s", log)
	}
}

// A logText is read while the service still writes.
type logText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestEachRefusalIsOnAPage(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	for _, test := range []struct {
		code    string
		status  int
		options ltitest.LaunchOptions
	}{
		{"jwt_signature_invalid", 401, ltitest.LaunchOptions{Sign: ltitest.SignBroken}},
		{"jwt_alg_not_allowed", 401, ltitest.LaunchOptions{Sign: ltitest.SignNone}},
		{"jwt_alg_not_allowed", 401, ltitest.LaunchOptions{Sign: ltitest.SignHS256}},
		{"jwt_kid_missing", 401, ltitest.LaunchOptions{Sign: ltitest.SignNoKid}},
		{"jwt_kid_unknown", 401, ltitest.LaunchOptions{Sign: ltitest.SignUnknownKid}},
		{"jwt_aud_mismatch", 401, ltitest.LaunchOptions{Claims: func(c map[string]any) { c["aud"] = "somebody" }}},
		{"jwt_iss_mismatch", 401, ltitest.LaunchOptions{Claims: func(c map[string]any) { c["iss"] = "https://evil.example" }}},
		{"nonce_mismatch", 401, ltitest.LaunchOptions{Claims: func(c map[string]any) { c["nonce"] = "another" }}},
		{"state_unknown", 400, ltitest.LaunchOptions{Form: func(f url.Values) { f.Set("state", "forged") }}},
		{"claim_missing:roles", 400, ltitest.LaunchOptions{Claims: func(c map[string]any) { delete(c, "https://purl.imsglobal.org/spec/lti/claim/roles") }}},
		{"deployment_unknown", 403, ltitest.LaunchOptions{
			Login:  func(f url.Values) { f.Del("lti_deployment_id") },
			Claims: func(c map[string]any) { c["https://purl.imsglobal.org/spec/lti/claim/deployment_id"] = "99" },
		}},
	} {
		t.Run(test.code, func(t *testing.T) {
			page := w.launch(link, "ben", test.options)
			if page.Status != test.status || !strings.Contains(page.Text, test.code) {
				t.Errorf("%d %s", page.Status, page.Text)
			}
		})
	}
}
