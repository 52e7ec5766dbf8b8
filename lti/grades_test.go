package lti

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	moodleItems = "https://m.example/mod/lti/services.php/2/lineitems?type_id=13"
	moodleItem  = "https://m.example/mod/lti/services.php/2/lineitems/23/lineitem?type_id=13"
)

var allScopes = Endpoint{Scopes: []string{AGSLineItem, AGSLineItemReadOnly, AGSResultReadOnly, AGSScore}, LineItems: moodleItems, LineItem: moodleItem}

// newGrades has a token endpoint that always works beside the service.
func newGrades(t testing.TB, answers ...fakeAnswer) (*Grades, *fakeService, *fakeService) {
	t.Helper()
	tokens, tokenService, _ := newTokens(t, fakeAnswer{status: 200, body: goodToken})
	s := &fakeService{answers: answers}
	return &Grades{HTTP: &http.Client{Transport: s}, Tokens: tokens, Now: tokens.Now}, s, tokenService
}

func (g *Grades) post(address string, s Score) error {
	return g.PostScore(context.Background(), testRegistration, "dep-1", allScopes, address, s)
}

func wantStatus(t *testing.T, err error, want ServiceError, final bool) {
	t.Helper()
	var got *ServiceError
	if !errors.As(err, &got) || *got != want || got.Final() != final {
		t.Errorf("got %v, want %+v, final: %v", err, want, final)
	}
}

// wantRequest compares all that a platform may look at.
func wantRequest(t *testing.T, got asked, method, address, accept, contentType, body string) {
	t.Helper()
	want := asked{method: method, url: address, body: body, header: http.Header{"Authorization": {"Bearer tok-1"}, "Accept": {accept}}}
	if contentType != "" {
		want.header.Set("Content-Type", contentType)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(asked{})); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func scopeAsked(t *testing.T, tokens *fakeService) string {
	t.Helper()
	form, err := url.ParseQuery(tokens.asked[len(tokens.asked)-1].body)
	if err != nil {
		t.Fatal(err)
	}
	return form.Get("scope")
}

func TestPostScore(t *testing.T) {
	g, s, tokens := newGrades(t, fakeAnswer{status: 200})
	err := g.post(moodleItem, Score{UserID: "5", Timestamp: time.Date(2026, 11, 21, 11, 42, 7, 318_999_999, time.FixedZone("", 3600)),
		ScoreGiven: 42.5, ScoreMaximum: 60, Comment: "Attended 51\nof 60 minutes"})
	if err != nil {
		t.Fatal(err)
	}
	wantRequest(t, s.asked[0], "POST", "https://m.example/mod/lti/services.php/2/lineitems/23/lineitem/scores?type_id=13",
		"application/vnd.ims.lis.v1.score+json", "application/vnd.ims.lis.v1.score+json",
		`{"activityProgress":"Completed","comment":"Attended 51\nof 60 minutes","gradingProgress":"FullyGraded","scoreGiven":42.5,"scoreMaximum":60,`+
			`"timestamp":"2026-11-21T10:42:07.318Z","userId":"5"}`)
	if strings.Contains(s.asked[0].body, "\n") {
		t.Error("Moodle takes a line break for a success")
	}
	if got := scopeAsked(t, tokens); got != AGSScore {
		t.Errorf("scope %q, want that of scores alone", got)
	}
}

func TestScoreBody(t *testing.T) {
	for _, test := range []struct {
		name   string
		score  Score
		canvas bool
		want   string // empty: refused
	}{
		{"zero is a score", Score{UserID: "5", ScoreMaximum: 1}, false,
			`{"activityProgress":"Completed","gradingProgress":"FullyGraded","scoreGiven":0,"scoreMaximum":1,"timestamp":"2026-11-21T09:00:00.000Z","userId":"5"}`},
		{"no score", Score{UserID: "5", ActivityProgress: Started, GradingProgress: NotReady}, false,
			`{"activityProgress":"Started","gradingProgress":"NotReady","timestamp":"2026-11-21T09:00:00.000Z","userId":"5"}`},
		{"Canvas", Score{UserID: "5", ScoreGiven: 1, ScoreMaximum: 1}, true,
			`{"activityProgress":"Completed","gradingProgress":"FullyGraded","https://canvas.instructure.com/lti/submission":{"new_submission":false},` +
				`"scoreGiven":1,"scoreMaximum":1,"timestamp":"2026-11-21T09:00:00.000Z","userId":"5"}`},
		{"extra credit", Score{UserID: "5", ScoreGiven: 2, ScoreMaximum: 1}, false,
			`{"activityProgress":"Completed","gradingProgress":"FullyGraded","scoreGiven":2,"scoreMaximum":1,"timestamp":"2026-11-21T09:00:00.000Z","userId":"5"}`},
		{"nobody", Score{ScoreMaximum: 1}, false, ""},
		{"negative", Score{UserID: "5", ScoreGiven: -1, ScoreMaximum: 1}, false, ""},
		{"negative maximum", Score{UserID: "5", ScoreMaximum: -1}, false, ""},
		{"not a number", Score{UserID: "5", ScoreGiven: math.NaN(), ScoreMaximum: 1}, false, ""},
		{"maximum not a number", Score{UserID: "5", ScoreMaximum: math.NaN()}, false, ""},
		{"infinite", Score{UserID: "5", ScoreMaximum: math.Inf(1)}, false, ""},
	} {
		got, err := test.score.body(testNow, test.canvas)
		if string(got) != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%s: %s, %v, want %s", test.name, got, err, test.want)
		}
	}
}

// TestScoreAddress: the query of a line item stays behind the path.
func TestScoreAddress(t *testing.T) {
	for address, want := range map[string]string{
		moodleItem: "https://m.example/mod/lti/services.php/2/lineitems/23/lineitem/scores?type_id=13",
		"https://c.example/api/lti/courses/55/line_items/902": "https://c.example/api/lti/courses/55/line_items/902/scores",
		"https://x.example/api/lti/courses/5/items/1":         "https://x.example/api/lti/courses/5/items/1/scores",
		"https://x.example/lti/line_items/1":                  "https://x.example/lti/line_items/1/scores",
		"https://x.example/item/?t=7&u=a%2Fb":                 "https://x.example/item/scores?t=7&u=a%2Fb",
		"https://x.example/a%2Fb/item?":                       "https://x.example/a%2Fb/item/scores?",
	} {
		g, s, _ := newGrades(t, fakeAnswer{status: 204})
		if err := g.post(address, Score{UserID: "5", ScoreMaximum: 1}); err != nil {
			t.Fatal(err)
		}
		if got := s.asked[0].url; got != want {
			t.Errorf("score of %s goes to %s, want %s", address, got, want)
		}
		if got := strings.Contains(s.asked[0].body, "new_submission"); got != strings.HasPrefix(address, "https://c.example/") {
			t.Errorf("%s: extension of Canvas: %v", address, got)
		}
	}
}

func TestScoreAnswers(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer fakeAnswer
		want   *ServiceError // nil: taken
		final  bool
	}{
		{"200 without a body (Moodle)", fakeAnswer{status: 200}, nil, false},
		{"200 with a body (Canvas)", fakeAnswer{status: 200, body: `{"resultUrl":"https://c.example/1"}`}, nil, false},
		{"201 (Chamilo)", fakeAnswer{status: 201, body: `{}`}, nil, false},
		{"202", fakeAnswer{status: 202}, nil, false},
		{"204", fakeAnswer{status: 204}, nil, false},
		{"200 with [] (Moodle refuses)", fakeAnswer{status: 200, body: "[]\n"}, &ServiceError{"score", 200, "refused without a reason", 0}, true},
		{"400 with the score in the phrase (Moodle)", fakeAnswer{status: 400, body: "[]", phrase: `Incorrect score received{"userId": "6", "scoreGiven": 5}`},
			&ServiceError{"score", 400, "Incorrect score received", 0}, true},
		{"409 (Moodle)", fakeAnswer{status: 409, body: "[]", phrase: "Refusing score with an earlier timestamp for item 23 and user 6"},
			&ServiceError{"score", 409, "Refusing score with an earlier timestamp for item 23 and user 6", 0}, true},
		{"403 with a reason", fakeAnswer{status: 403, body: `{"status":403,"reason":"Forbidden","request":{"method":"POST"}}`}, &ServiceError{"score", 403, "Forbidden", 0}, true},
		{"404", fakeAnswer{status: 404}, &ServiceError{"score", 404, "Not Found", 0}, true},
		{"422 (Canvas)", fakeAnswer{status: 422, body: `{"errors":{"type":"unprocessable_entity","message":"User not found in course"}}`},
			&ServiceError{"score", 422, "User not found in course", 0}, true},
		{"400 with a list (Canvas)", fakeAnswer{status: 400, body: `{"errors":[{"message":"timestamp is invalid"},{"message":"x"}]}`}, &ServiceError{"score", 400, "timestamp is invalid", 0}, true},
		{"429", fakeAnswer{status: 429, header: http.Header{"Retry-After": {"120"}}}, &ServiceError{"score", 429, "Too Many Requests", 2 * time.Minute}, false},
		{"503 with a date", fakeAnswer{status: 503, body: "<html>", header: http.Header{"Retry-After": {"Sat, 21 Nov 2026 09:05:00 GMT"}}},
			&ServiceError{"score", 503, "Service Unavailable", 5 * time.Minute}, false},
		{"503 with a date that is past", fakeAnswer{status: 503, header: http.Header{"Retry-After": {"Sat, 21 Nov 2026 08:00:00 GMT"}}}, &ServiceError{"score", 503, "Service Unavailable", 0}, false},
		{"503 for ever", fakeAnswer{status: 503, header: http.Header{"Retry-After": {"2000000000"}}}, &ServiceError{"score", 503, "Service Unavailable", 24 * time.Hour}, false},
		{"500 with text", fakeAnswer{status: 500, body: "database\x00 is\r\ndown"}, &ServiceError{"score", 500, "database is  down", 0}, false},
		{"500 with much text", fakeAnswer{status: 500, body: strings.Repeat("x", 5000)}, &ServiceError{"score", 500, strings.Repeat("x", 300), 0}, false},
		{"the same words twice", fakeAnswer{status: 400, body: `{"reason":"no","error":"no","message":"really"}`}, &ServiceError{"score", 400, "no: really", 0}, true},
		{"words too deep", fakeAnswer{status: 400, body: `{"errors":[{"errors":[{"errors":"no"}]}]}`}, &ServiceError{"score", 400, "Bad Request", 0}, true},
		{"words just not too deep", fakeAnswer{status: 400, body: `{"errors":[{"errors":{"message":"no"}}]}`}, &ServiceError{"score", 400, "no", 0}, true},
		{"425", fakeAnswer{status: 425}, &ServiceError{"score", 425, "Too Early", 0}, false},
		{"408", fakeAnswer{status: 408}, &ServiceError{"score", 408, "Request Timeout", 0}, false},
		{"302 that leads nowhere", fakeAnswer{status: 304}, &ServiceError{"score", 304, "Not Modified", 0}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			g, _, _ := newGrades(t, test.answer)
			err := g.post(moodleItem, Score{UserID: "5", ScoreMaximum: 1})
			if test.want == nil {
				if err != nil {
					t.Errorf("PostScore = %v", err)
				}
				return
			}
			wantStatus(t, err, *test.want, test.final)
			if got := errors.Is(err, ErrOutdated); got != (test.want.Status == 409) || errors.Is(err, ErrNotGranted) {
				t.Errorf("ErrOutdated: %v, of %v", got, err)
			}
		})
	}
}

// TestScoreAnswerTooLarge: what we can't read may have been a refusal.
func TestScoreAnswerTooLarge(t *testing.T) {
	g, _, _ := newGrades(t, fakeAnswer{status: 200, body: strings.Repeat(" ", maxAnswer+1)})
	if err := g.post(moodleItem, Score{UserID: "5", ScoreMaximum: 1}); !errors.Is(err, errTooLarge) {
		t.Errorf("PostScore = %v, want errTooLarge", err)
	}
}

func TestServiceErrorText(t *testing.T) {
	for want, e := range map[string]ServiceError{
		"score: the platform answers 404":     {Call: "score", Status: 404},
		"token: the platform answers 400: no": {Call: "token", Status: 400, Reason: "no"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestMoodleScores: a real Moodle's answers to odd scores, as we would take
// them.
func TestMoodleScores(t *testing.T) {
	type call struct {
		Name    string `json:"name"`
		Request struct {
			Method, URL string
			ContentType string `json:"content_type"`
		} `json:"request"`
		Status int             `json:"status"`
		Reason string          `json:"reason"`
		Body   json.RawMessage `json:"body"`
	}
	var calls []call
	readJSON(t, "moodle/ags_edge_cases.json", &calls)
	seen := 0
	for _, c := range calls {
		if c.Request.Method != http.MethodPost || !strings.Contains(c.Request.URL, "/scores") || !strings.HasPrefix(c.Request.ContentType, typeScore) {
			continue
		}
		seen++
		body := string(c.Body)
		if body == "null" {
			body = ""
		}
		g, _, _ := newGrades(t, fakeAnswer{status: c.Status, phrase: c.Reason, body: body})
		err := g.post(moodleItem, Score{UserID: "6", ScoreMaximum: 10})
		if c.Status == 200 {
			if err != nil {
				t.Errorf("%s: %v", c.Name, err)
			}
			continue
		}
		var refused *ServiceError
		if !errors.As(err, &refused) || refused.Status != c.Status || refused.Reason == "" || strings.Contains(refused.Reason, "scoreGiven") {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	if seen < 20 {
		t.Errorf("only %d scores in the file", seen)
	}
}

// TestServiceTokenRefused: a token that a service doesn't take is dropped, and
// a new one is tried once.
func TestServiceTokenRefused(t *testing.T) {
	g, s, tokens := newGrades(t, fakeAnswer{status: 401}, fakeAnswer{status: 200})
	tokens.answers = []fakeAnswer{{status: 200, body: goodToken}, {status: 200, body: strings.Replace(goodToken, "tok-1", "tok-2", 1)}}
	if err := g.post(moodleItem, Score{UserID: "5", ScoreMaximum: 1}); err != nil {
		t.Fatal(err)
	}
	if tokens.count() != 2 || s.asked[1].header.Get("Authorization") != "Bearer tok-2" || s.asked[1].body != s.asked[0].body {
		t.Errorf("%d tokens, second post %+v", tokens.count(), s.asked[1])
	}
	s.answers = []fakeAnswer{{status: 401, body: `{"reason":"Unauthorized"}`}}
	err := g.post(moodleItem, Score{UserID: "5", ScoreMaximum: 1})
	wantStatus(t, err, ServiceError{"score", 401, "Unauthorized", 0}, false)
	if s.count() != 4 || tokens.count() != 3 {
		t.Errorf("%d posts and %d tokens, want 4 and 3", s.count(), tokens.count())
	}
}

// TestServiceErrorHasNoToken: a service that repeats what it was sent tells
// our log no secret.
func TestServiceErrorHasNoToken(t *testing.T) {
	g, _, _ := newGrades(t, fakeAnswer{status: 403, body: `{"reason":"Bearer tok-1 is not enough"}`})
	wantStatus(t, g.post(moodleItem, Score{UserID: "5", ScoreMaximum: 1}), ServiceError{"score", 403, "Bearer [redacted] is not enough", 0}, true)
}

// TestDropKeepsNewer: whoever comes late with a refused token doesn't take the
// new one away.
func TestDropKeepsNewer(t *testing.T) {
	tokens, s, _ := newTokens(t, fakeAnswer{status: 200, body: goodToken})
	s.wantToken(t, tokens, testRegistration, "dep-1", 1, "a")
	tokens.drop(testRegistration, "dep-1", []string{"a"}, "tok-0")
	s.wantToken(t, tokens, testRegistration, "dep-1", 1, "a")
	tokens.drop(testRegistration, "dep-1", []string{"a"}, "tok-1")
	s.wantToken(t, tokens, testRegistration, "dep-1", 2, "a")
}

// TestTokenRefusalIsNotFinal: a class's grades aren't given up because a clock
// was wrong.
func TestTokenRefusalIsNotFinal(t *testing.T) {
	g, s, tokens := newGrades(t, fakeAnswer{status: 200})
	tokens.answers = []fakeAnswer{{status: 400, body: `{"error":"invalid_client"}`}}
	wantStatus(t, g.post(moodleItem, Score{UserID: "5", ScoreMaximum: 1}), ServiceError{"token", 400, "invalid_client", 0}, false)
	if s.count() != 0 {
		t.Error("a score was posted without a token")
	}
}

// TestGradesNetworkError comes as it is.
func TestGradesNetworkError(t *testing.T) {
	down := errors.New("connection refused")
	g, _, _ := newGrades(t, fakeAnswer{err: down})
	if err := g.post(moodleItem, Score{UserID: "5", ScoreMaximum: 1}); !errors.Is(err, down) {
		t.Errorf("PostScore = %v", err)
	}
	if err := g.post("https://m.example/%zz", Score{UserID: "5", ScoreMaximum: 1}); err == nil {
		t.Error("a score was posted to no address")
	}
	g, s, tokens := newGrades(t, fakeAnswer{status: 200})
	if err := g.post(moodleItem, Score{}); err == nil || s.count()+tokens.count() != 0 {
		t.Errorf("PostScore of nobody = %v after %d requests", err, s.count())
	}
}

// TestNotGranted: nothing is asked that the launch didn't list.
func TestNotGranted(t *testing.T) {
	ctx := t.Context()
	for _, test := range []struct {
		name   string
		scopes []string
		call   func(*Grades, Endpoint) error
	}{
		{"score", []string{AGSLineItem, AGSLineItemReadOnly, AGSResultReadOnly}, func(g *Grades, e Endpoint) error {
			return g.PostScore(ctx, testRegistration, "", e, moodleItem, Score{UserID: "5", ScoreMaximum: 1})
		}},
		{"score, without a token URL", []string{AGSScore}, func(g *Grades, e Endpoint) error {
			return g.PostScore(ctx, Registration{ClientID: "client-1"}, "", e, moodleItem, Score{UserID: "5", ScoreMaximum: 1})
		}},
		{"results", []string{AGSLineItem, AGSScore}, func(g *Grades, e Endpoint) error {
			_, err := g.Results(ctx, testRegistration, "", e, moodleItem, "")
			return err
		}},
		{"line item", []string{AGSScore}, func(g *Grades, e Endpoint) error {
			_, err := g.LineItem(ctx, testRegistration, "", e, moodleItem)
			return err
		}},
		{"create", []string{AGSLineItemReadOnly, AGSScore}, func(g *Grades, e Endpoint) error {
			_, err := g.CreateLineItem(ctx, testRegistration, "", e, LineItem{ResourceLinkID: "26", ScoreMaximum: 1})
			return err
		}},
		{"find", []string{AGSResultReadOnly, AGSScore}, func(g *Grades, e Endpoint) error {
			_, err := g.FindLineItem(ctx, testRegistration, "", e, LineItem{ResourceLinkID: "26"})
			return err
		}},
		{"create without a list", []string{AGSLineItem}, func(g *Grades, _ Endpoint) error {
			_, err := g.CreateLineItem(ctx, testRegistration, "", Endpoint{Scopes: []string{AGSLineItem}}, LineItem{ResourceLinkID: "26", ScoreMaximum: 1})
			return err
		}},
		{"find without a list", []string{AGSLineItem}, func(g *Grades, _ Endpoint) error {
			_, err := g.FindLineItem(ctx, testRegistration, "", Endpoint{Scopes: []string{AGSLineItem}}, LineItem{ResourceLinkID: "26"})
			return err
		}},
	} {
		g, s, tokens := newGrades(t, fakeAnswer{status: 200, body: "[]"})
		if err := test.call(g, Endpoint{Scopes: test.scopes, LineItems: moodleItems}); !errors.Is(err, ErrNotGranted) {
			t.Errorf("%s: %v, want ErrNotGranted", test.name, err)
		}
		if s.count() != 0 || tokens.count() != 0 {
			t.Errorf("%s: %d calls and %d tokens", test.name, s.count(), tokens.count())
		}
	}
}

// TestScopesAsked: one scope for each call. To read a line item it is the one
// that may write, if it is offered: Chamilo takes no other.
func TestScopesAsked(t *testing.T) {
	ctx := t.Context()
	read := func(g *Grades, e Endpoint) { _, _ = g.LineItem(ctx, testRegistration, "", e, moodleItem) }
	for _, test := range []struct {
		scopes []string
		call   func(*Grades, Endpoint)
		want   string
	}{
		{allScopes.Scopes, read, AGSLineItem},
		{[]string{AGSScore, AGSLineItemReadOnly}, read, AGSLineItemReadOnly},
		{allScopes.Scopes, func(g *Grades, e Endpoint) { _, _ = g.Results(ctx, testRegistration, "", e, moodleItem, "") }, AGSResultReadOnly},
		{allScopes.Scopes, func(g *Grades, e Endpoint) {
			_, _ = g.CreateLineItem(ctx, testRegistration, "", e, LineItem{ResourceLinkID: "26", ScoreMaximum: 1})
		}, AGSLineItem},
		{[]string{AGSLineItemReadOnly}, func(g *Grades, e Endpoint) {
			_, _ = g.FindLineItem(ctx, testRegistration, "", e, LineItem{ResourceLinkID: "26"})
		}, AGSLineItemReadOnly},
	} {
		g, _, tokens := newGrades(t, fakeAnswer{status: 200, body: "[]"})
		test.call(g, Endpoint{Scopes: test.scopes, LineItems: moodleItems})
		if got := scopeAsked(t, tokens); got != test.want {
			t.Errorf("scope %q, want %q", got, test.want)
		}
	}
}

func TestResults(t *testing.T) {
	g, s, _ := newGrades(t, fakeAnswer{status: 200, body: `[
		{"userId":"6","resultScore":1}, "odd", null,
		{"id":"https://m.example/r","userId":"5","resultScore":70,"resultMaximum":100,"comment":"ok","scoringUserId":"7","scoreOf":"x"},
		{"userId":"5","resultScore":1}]`})
	got, err := g.Results(t.Context(), testRegistration, "dep-1", allScopes, moodleItem, "5")
	if err != nil {
		t.Fatal(err)
	}
	want := []Result{{UserID: "5", Score: 70, Maximum: 100, Comment: "ok", Scorer: "7"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	wantRequest(t, s.asked[0], "GET", "https://m.example/mod/lti/services.php/2/lineitems/23/lineitem/results?type_id=13&user_id=5",
		"application/vnd.ims.lis.v2.resultcontainer+json", "", "")
}

// TestResultsOdd: what platforms write where they have nothing to say.
func TestResultsOdd(t *testing.T) {
	g, s, _ := newGrades(t, fakeAnswer{status: 200, body: `[
		{"userId":5,"resultScore":"0.5","resultMaximum":-1}, {"userId":"6","comment":null},
		{"userId":"7","resultScore":null,"resultMaximum":100,"comment":null}, {"userId":"8","resultScore":""}, {"userId":"9","resultScore":0}]`})
	got, err := g.Results(t.Context(), testRegistration, "dep-1", allScopes, "https://c.example/api/lti/courses/5/line_items/9", "")
	if err != nil {
		t.Fatal(err)
	}
	want := []Result{
		{UserID: "5", Score: 0.5, Maximum: 1}, {UserID: "6", Maximum: 1, Empty: true},
		{UserID: "7", Maximum: 100, Empty: true}, {UserID: "8", Maximum: 1, Empty: true}, {UserID: "9", Maximum: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if got, want := s.asked[0].url, "https://c.example/api/lti/courses/5/line_items/9/results?limit=100"; got != want {
		t.Errorf("Canvas is asked for %s, want %s", got, want)
	}
}

// TestListIsBoundedAsAWhole: pages that are fine one by one, and too much
// together.
func TestListIsBoundedAsAWhole(t *testing.T) {
	many := func(body string, pages int) []fakeAnswer {
		var answers []fakeAnswer
		for i := range pages {
			answers = append(answers, fakeAnswer{status: 200, body: body, header: http.Header{"Link": {fmt.Sprintf(`<?page=%d>; rel=next`, i)}}})
		}
		return answers
	}
	for _, test := range []struct {
		name     string
		answers  []fakeAnswer
		requests int
	}{
		{"bytes", many(`[]`+strings.Repeat(" ", maxList/4), 6), 4},
		{"members", many("[1"+strings.Repeat(",1", maxMembers/4)+"]", 6), 4},
		{"pages", many("[]", maxPages+5), maxPages},
	} {
		g, s, _ := newGrades(t, test.answers...)
		_, err := g.Results(t.Context(), testRegistration, "dep-1", allScopes, moodleItem, "")
		if !errors.Is(err, ErrTooMuch) || s.count() != test.requests {
			t.Errorf("%s: %v after %d pages, want ErrTooMuch after %d", test.name, err, s.count(), test.requests)
		}
	}
}

func TestGivesZeros(t *testing.T) {
	for address, want := range map[string]bool{
		"https://c.example/plugin/ims_lti/ags2.php/1/lineitems/3?t=7": true,
		"https://x.example/items/1":                                   true,
		moodleItem:                                                    false,
		"https://c.example/api/lti/courses/55/line_items/902":         false,
		"https://s.example/imsblis/lti13/lineitems/site/1":            false,
	} {
		if got := GivesZeros(address); got != want {
			t.Errorf("GivesZeros(%s) = %v", address, got)
		}
	}
}

func TestTokenRefusals(t *testing.T) {
	for _, test := range []struct {
		e          ServiceError
		key, scope bool
	}{
		{ServiceError{Call: "token", Status: 400, Reason: "invalid_client"}, true, false},
		{ServiceError{Call: "token", Status: 401, Reason: "invalid_client: the key is unknown"}, true, false},
		{ServiceError{Call: "token", Status: 400, Reason: "invalid_scope"}, false, true},
		{ServiceError{Call: "token", Status: 503}, false, false},
		{ServiceError{Call: "score", Status: 400, Reason: "invalid_client"}, false, false},
		{ServiceError{Call: "score", Status: 400, Reason: "invalid_scope"}, false, false},
	} {
		if key, scope := test.e.KeyRefused(), test.e.ScopeRefused(); key != test.key || scope != test.scope {
			t.Errorf("%v: key %v, scope %v", test.e.Error(), key, scope)
		}
	}
}

func TestResultsOfAll(t *testing.T) {
	g, s, _ := newGrades(t,
		fakeAnswer{status: 200, body: `[{"userId":"5","resultScore":1}]`, header: http.Header{"Link": {`<?type_id=13&from=1>; rel="next"`}}},
		fakeAnswer{status: 200, body: `["odd",{"userId":"6","resultScore":2}]`})
	got, err := g.Results(t.Context(), testRegistration, "dep-1", allScopes, moodleItem, "")
	if err != nil || len(got) != 2 {
		t.Errorf("Results = %v, %v", got, err)
	}
	for _, request := range s.asked {
		if strings.Contains(request.url, "limit") {
			t.Errorf("%s: Moodle fails on limit", request.url)
		}
	}
	if want := "https://m.example/mod/lti/services.php/2/lineitems/23/lineitem/results?type_id=13&from=1"; s.asked[1].url != want {
		t.Errorf("second page %s, want %s", s.asked[1].url, want)
	}
}

// TestPaging: lists that don't end, lead elsewhere or aren't lists.
func TestPaging(t *testing.T) {
	page := func(link string) fakeAnswer {
		return fakeAnswer{status: 200, body: "[]", header: http.Header{"Link": {link}}}
	}
	many := make([]fakeAnswer, maxPages+5)
	for i := range many {
		many[i] = page(`<?page=` + strings.Repeat("x", i) + `>; rel=next`)
	}
	for _, test := range []struct {
		name     string
		answers  []fakeAnswer
		requests int
		good     bool
	}{
		{"one page", []fakeAnswer{page("")}, 1, true},
		{"the same page again", []fakeAnswer{page(`</mod/lti/services.php/2/lineitems/23/lineitem/results?type_id=13>; rel="next"`)}, 1, false},
		{"endless", many, maxPages, false},
		{"another host", []fakeAnswer{page(`<https://evil.example/items>; rel="next"`)}, 1, false},
		{"without https", []fakeAnswer{page(`<http://m.example/items>; rel="next"`)}, 1, false},
		{"an object", []fakeAnswer{{status: 200, body: "{}"}}, 1, false},
		{"HTML", []fakeAnswer{{status: 200, body: "<html>"}}, 1, false},
		{"empty", []fakeAnswer{{status: 200}}, 1, false},
		{"404", []fakeAnswer{{status: 404}}, 1, false},
		{"too large", []fakeAnswer{{status: 200, body: strings.Repeat(" ", maxList+1)}}, 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			g, s, _ := newGrades(t, test.answers...)
			_, err := g.Results(t.Context(), testRegistration, "", allScopes, moodleItem, "")
			if got := err == nil; got != test.good {
				t.Errorf("Results = %v", err)
			}
			if got := s.count(); got != test.requests {
				t.Errorf("%d requests, want %d", got, test.requests)
			}
		})
	}
}

func TestNextPage(t *testing.T) {
	base, err := url.Parse(moodleItems)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		headers []string
		want    string
	}{
		{"none", nil, ""},
		{"usual", []string{`<https://m.example/a?b=1>; rel="next"`}, "https://m.example/a?b=1"},
		{"unquoted", []string{`<https://m.example/a>;rel=next`}, "https://m.example/a"},
		{"capitals", []string{`<https://m.example/a>; REL="NEXT"`}, "https://m.example/a"},
		{"several relations", []string{`<https://m.example/a>; rel="last next"`}, "https://m.example/a"},
		{"several links", []string{`<https://m.example/1>; rel="prev", <https://m.example/2>; title="x, y"; rel="next", <https://m.example/3>; rel="last"`}, "https://m.example/2"},
		{"several headers", []string{`<https://m.example/1>; rel="prev"`, `<https://m.example/2>; rel="next"`}, "https://m.example/2"},
		{"comma in the address", []string{`<https://m.example/a,b>; rel="next"`}, "https://m.example/a,b"},
		{"relative", []string{`<?page=2>; rel="next"`}, "https://m.example/mod/lti/services.php/2/lineitems?page=2"},
		{"relative path", []string{`</x>; rel="next"`}, "https://m.example/x"},
		{"not the next one", []string{`<https://m.example/a>; rel="nextish"; title="next"`}, ""},
		{"broken", []string{`https://m.example/a; rel="next"`, `<https://m.example/a; rel="next"`, `<%zz>; rel="next"`, `<>`, `;;,,`}, ""},
		{"Moodle's quotes", []string{`<https://m.example/a?type_id=13&amp;limit=1&amp;from=0>; rel=“first”, <https://m.example/a?type_id=13&amp;limit=1&amp;from=1>; rel=“next”`},
			"https://m.example/a?type_id=13&limit=1&from=1"},
		{"Moodle's other quotes", []string{`<https://m.example/a>; rel=”next”`}, "https://m.example/a"},
	} {
		if got := nextPage(test.headers, base); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestMoodleLink is the header of a real Moodle.
func TestMoodleLink(t *testing.T) {
	var calls []struct {
		Name    string `json:"name"`
		Link    string `json:"link"`
		Request struct {
			URL string `json:"url"`
		} `json:"request"`
	}
	readJSON(t, "moodle/ags_edge_cases.json", &calls)
	i := slices.IndexFunc(calls, func(c struct {
		Name    string `json:"name"`
		Link    string `json:"link"`
		Request struct {
			URL string `json:"url"`
		} `json:"request"`
	}) bool {
		return c.Name == "edge: list, limit=1"
	})
	base, err := url.Parse(calls[i].Request.URL)
	if err != nil {
		t.Fatal(err)
	}
	want := "http://127.0.0.1:8085/mod/lti/services.php/2/lineitems?type_id=13&limit=1&from=1"
	if got := nextPage([]string{calls[i].Link}, base); got != want {
		t.Errorf("next page %q, want %q", got, want)
	}
}
