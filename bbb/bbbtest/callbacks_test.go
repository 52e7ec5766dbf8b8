package bbbtest_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
)

// A tool takes callbacks and answers them with what answer says.
type tool struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer func(*http.Request) int
}

type received struct {
	method, target, body string
	header               http.Header
}

func startTool(t testing.TB, answer func(*http.Request) int) *tool {
	x := &tool{answer: answer}
	x.Server = httptest.NewServer(http.HandlerFunc(x.take))
	t.Cleanup(x.Close)
	return x
}

func (x *tool) take(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	x.mu.Lock()
	x.got = append(x.got, received{r.Method, r.URL.RequestURI(), string(body), r.Header.Clone()})
	x.mu.Unlock()
	status := http.StatusOK
	if x.answer != nil {
		status = x.answer(r)
	}
	if status == http.StatusFound {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(status)
}

func (x *tool) taken() []received {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.got)
}

// meta names the tool's addresses to create.
func (x *tool) meta() string {
	return "&meta_endCallbackUrl=" + url.QueryEscape(x.URL+"/ended?room=7&sig=a%2Fb") +
		"&meta_analytics-callback-url=" + url.QueryEscape(x.URL+"/events?t=1")
}

const keep = "&meetingKeepEvents=true"

// signedWith checks an HS512 token with code of this test's own.
func signedWith(t *testing.T, header, secret string) (exp time.Time) {
	t.Helper()
	token, ok := strings.CutPrefix(header, "Bearer ")
	text, sum, cut := strings.Cut(token, ".")
	if !ok || !cut {
		t.Fatalf("Authorization: %q", header)
	}
	payload, sum, _ := strings.Cut(sum, ".")
	mac := hmac.New(sha512.New, []byte(secret))
	mac.Write([]byte(text + "." + payload))
	if base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) != sum {
		return time.Time{}
	}
	head, _ := base64.RawURLEncoding.DecodeString(text)
	claims, _ := base64.RawURLEncoding.DecodeString(payload)
	var c map[string]int64
	if err := json.Unmarshal(claims, &c); err != nil || len(c) != 1 || string(head) != `{"typ":"JWT","alg":"HS512"}` {
		t.Fatalf("token %s . %s: %v", head, claims, err)
	}
	return time.Unix(c["exp"], 0)
}

func TestCallbacksInOrder(t *testing.T) {
	x := startTool(t, nil)
	b := start(t, bbbtest.Options{EndDelay: 2 * time.Second, AnalyticsDelay: 10 * time.Second})
	b.create(keep + x.meta())
	b.comeIn("u1", "VIEWER", "")
	b.pass(time.Hour)
	b.call("end", "meetingID=room-a&password=moderator-pw")
	if len(x.taken()) != 0 {
		t.Fatal("end called back by itself")
	}
	deliver := func() []received {
		t.Helper()
		if err := b.DeliverCallbacks(t.Context()); err != nil {
			t.Fatal(err)
		}
		return x.taken()
	}
	got := deliver()
	if len(got) != 1 || got[0].method != http.MethodGet ||
		got[0].target != "/ended?room=7&sig=a%2Fb&recordingmarks=false&meetingID=room-a" {
		t.Fatalf("end callback: %+v", got)
	}
	b.pass(12*time.Second - 1)
	if got = deliver(); len(got) != 1 {
		t.Fatal("analytics came early")
	}
	b.pass(1)
	got = deliver()
	if len(got) != 2 || got[1].method != http.MethodPost || got[1].target != "/events?t=1" {
		t.Fatalf("analytics: %+v", got)
	}
	head := got[1].header
	if head.Get("Content-Type") != "application/json" || head.Get("User-Agent") != "BigBlueButton Analytics Callback" {
		t.Errorf("header: %v", head)
	}
	want := noon.Add(time.Hour + 12*time.Second + 24*time.Hour).Truncate(time.Second)
	if exp := signedWith(t, head.Get("Authorization"), b.Server.Secret()); !exp.Equal(want) {
		t.Errorf("exp = %v, want %v", exp, want)
	}
	if got[1].body != string(b.AnalyticsBody("room-a")) {
		t.Error("the body isn't AnalyticsBody")
	}
	b.pass(48 * time.Hour)
	if got = deliver(); len(got) != 2 {
		t.Errorf("something came twice: %+v", got)
	}
}

func TestWhatFiresAnalytics(t *testing.T) {
	for _, test := range []struct {
		name, create string
		options      bbbtest.Options
		want         int
	}{
		{"events kept and an address", keep, bbbtest.Options{}, 1},
		{"events not kept", "", bbbtest.Options{}, 0},
		{"recorded, but events not kept", "&record=true", bbbtest.Options{}, 0},
		{"dropped", keep, bbbtest.Options{DropAnalytics: true}, 0},
		{"doubled", keep, bbbtest.Options{DuplicateAnalytics: true}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := startTool(t, nil)
			test.options.EndDelay, test.options.AnalyticsDelay = -1, -1
			b := start(t, test.options)
			b.create(test.create + x.meta())
			b.EndNow("room-a")
			if err := b.DeliverCallbacks(t.Context()); err != nil {
				t.Fatal(err)
			}
			posts := slices.DeleteFunc(x.taken(), func(r received) bool { return r.method != http.MethodPost })
			if len(posts) != test.want {
				t.Errorf("%d analytics, want %d", len(posts), test.want)
			}
			if test.want == 2 && posts[0].body != posts[1].body {
				t.Error("the doubles differ")
			}
		})
	}
}

func TestEndCallbackIsTriedAgain(t *testing.T) {
	x := startTool(t, func(*http.Request) int { return http.StatusInternalServerError })
	b := start(t, bbbtest.Options{})
	b.create(x.meta() + "&meetingEndedURL=" + url.QueryEscape(x.URL+"/bare"))
	b.EndNow("room-a")
	attempts := func() int { return len(x.taken()) / 2 }
	if err := b.DeliverCallbacks(t.Context()); err == nil || !strings.Contains(err.Error(), "status 500") {
		t.Errorf("err = %v", err)
	}
	for i, wait := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute} {
		b.pass(wait - 1)
		if _ = b.DeliverCallbacks(t.Context()); attempts() != i+1 {
			t.Fatalf("%d attempts before %v were over", attempts(), wait)
		}
		b.pass(1)
		if _ = b.DeliverCallbacks(t.Context()); attempts() != i+2 {
			t.Fatalf("%d attempts after %v", attempts(), wait)
		}
	}
	b.pass(24 * time.Hour)
	if err := b.DeliverCallbacks(t.Context()); err != nil || attempts() != 5 {
		t.Errorf("%d attempts in all: %v", attempts(), err)
	}
	if bare := x.taken()[1]; bare.target != "/bare" {
		t.Errorf("meetingEndedURL got %s", bare.target)
	}
}

func TestEndCallbackThatIsTakenLater(t *testing.T) {
	calls := 0
	x := startTool(t, func(*http.Request) int {
		calls++
		if calls == 1 {
			return http.StatusFound // a redirect is no success
		}
		return http.StatusNoContent
	})
	b := start(t, bbbtest.Options{})
	b.create("&meta_endCallbackUrl=" + url.QueryEscape(x.URL))
	b.EndNow("room-a")
	if err := b.DeliverCallbacks(t.Context()); err == nil {
		t.Error("a redirect was followed")
	}
	b.pass(30 * time.Second)
	if err := b.DeliverCallbacks(t.Context()); err != nil {
		t.Error(err)
	}
	b.pass(time.Hour)
	if err := b.DeliverCallbacks(t.Context()); err != nil || calls != 2 {
		t.Errorf("%d calls: %v", calls, err)
	}
	if got := x.taken()[0].target; got != "/?recordingmarks=false&meetingID=room-a" {
		t.Errorf("target = %s", got)
	}
	var log []int
	for _, d := range b.Deliveries() {
		log = append(log, d.Attempt, d.Status)
	}
	if diff := cmp.Diff([]int{1, 302, 2, 204}, log); diff != "" {
		t.Error(diff)
	}
}

func TestAnalyticsAreTriedOnce(t *testing.T) {
	x := startTool(t, func(*http.Request) int { return http.StatusServiceUnavailable })
	b := start(t, bbbtest.Options{EndDelay: -1, AnalyticsDelay: -1})
	b.create(keep + "&meta_analytics-callback-url=" + url.QueryEscape(x.URL))
	b.EndNow("room-a")
	if err := b.DeliverCallbacks(t.Context()); err == nil {
		t.Error("no error")
	}
	b.pass(24 * time.Hour)
	if err := b.DeliverCallbacks(t.Context()); err != nil || len(x.taken()) != 1 {
		t.Errorf("%d attempts: %v", len(x.taken()), err)
	}
}

func TestRecordingMarks(t *testing.T) {
	x := startTool(t, nil)
	b := start(t, bbbtest.Options{})
	b.create("&record=true" + x.meta())
	b.comeIn("t1", "MODERATOR", "")
	b.Person("room-a", "t1").Record()
	b.EndNow("room-a")
	if err := b.DeliverCallbacks(t.Context()); err != nil || !strings.Contains(x.taken()[0].target, "recordingmarks=true") {
		t.Errorf("%v %+v", err, x.taken())
	}
}

func TestScaleliteSignsAgain(t *testing.T) {
	x := startTool(t, nil)
	x.answer = func(r *http.Request) int {
		if signedWith(t, r.Header.Get("Authorization"), "the second").IsZero() {
			return http.StatusUnauthorized
		}
		return http.StatusOK
	}
	b := start(t, bbbtest.Options{Mode: bbbtest.Scalelite, Secrets: []string{"the second", "the third"}, EndDelay: -1, AnalyticsDelay: -1})
	b.create(keep + "&meta_analytics-callback-url=" + url.QueryEscape(x.URL+"/events"))
	if got := b.call("getMeetingInfo", "meetingID=room-a").value("analytics-callback-url"); got != b.URL()+"/api/analytics_callback" {
		t.Errorf("the metadata shows %s", got)
	}
	b.EndNow("room-a")
	if err := b.DeliverCallbacks(t.Context()); err != nil {
		t.Error(err)
	}
	if n := len(x.taken()); n != 2 {
		t.Fatalf("%d attempts, want until the first that is taken", n)
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(x.taken()[1].body), &body); err != nil {
		t.Fatal(err)
	}
	meta := body["data"].(map[string]any)["metadata"].(map[string]any)
	if body["customer"] == nil || body["controller"] == nil || body["meeting_id"] != "room-a" || meta["analytics_callback_url"] != b.URL()+"/api/analytics_callback" {
		t.Errorf("body = %v", body)
	}
}

func TestB3scaleLeavesItToTheNode(t *testing.T) {
	x := startTool(t, nil)
	b := start(t, bbbtest.Options{Mode: bbbtest.B3scale, NodeSecret: "of the node", EndDelay: -1, AnalyticsDelay: -1})
	b.create(keep + x.meta())
	b.EndNow("room-a")
	if err := b.DeliverCallbacks(t.Context()); err != nil {
		t.Fatal(err)
	}
	end, post := x.taken()[0], x.taken()[1]
	if !strings.Contains(end.target, "meetingID=room-a") {
		t.Errorf("end callback: %s", end.target)
	}
	token := post.header.Get("Authorization")
	if signedWith(t, token, "of the node").IsZero() || !signedWith(t, token, b.Server.Secret()).IsZero() {
		t.Error("it isn't signed with the node's secret")
	}
	var body struct {
		MeetingID string `json:"meeting_id"`
	}
	if err := json.Unmarshal([]byte(post.body), &body); err != nil {
		t.Fatal(err)
	}
	id, err := base64.RawURLEncoding.DecodeString(body.MeetingID)
	if err != nil || string(id) != `["frontend","room-a","b3scl"]` {
		t.Errorf("meeting_id = %s: %v", id, err)
	}
}

func TestAuthorizationIsStripped(t *testing.T) {
	x := startTool(t, nil)
	b := start(t, bbbtest.Options{StripAuthorization: true, EndDelay: -1, AnalyticsDelay: -1})
	b.create(keep + "&meta_analytics-callback-url=" + url.QueryEscape(x.URL))
	b.EndNow("room-a")
	if err := b.DeliverCallbacks(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := x.taken()[0].header["Authorization"]; ok {
		t.Error("there is an Authorization")
	}
}

func TestCallbacksOverTLS(t *testing.T) {
	x := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	x.Config.ErrorLog = log.New(io.Discard, "", 0) // of the refused handshake
	x.StartTLS()
	defer x.Close()
	for name, test := range map[string]struct {
		client *http.Client
		fails  bool
	}{
		"with its root":     {x.Client(), false},
		"unknown authority": {&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{}}}, true},
	} {
		b := start(t, bbbtest.Options{CallbackClient: test.client})
		b.create("&meta_endCallbackUrl=" + url.QueryEscape(x.URL))
		b.EndNow("room-a")
		if err := b.DeliverCallbacks(t.Context()); (err != nil) != test.fails {
			t.Errorf("%s: %v", name, err)
		}
		test.client.CloseIdleConnections()
	}
}

// Run does by itself what tests do by hand, and ends with its context.
func TestRun(t *testing.T) {
	came := make(chan struct{}, 2)
	x := startTool(t, func(*http.Request) int {
		came <- struct{}{}
		return http.StatusOK
	})
	b := start(t, bbbtest.Options{EndDelay: -1, AnalyticsDelay: -1})
	b.create(keep + x.meta())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- b.Run(ctx) }()
	b.call("end", "meetingID=room-a&password=moderator-pw")
	<-came
	<-came
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
