package ltitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// service calls a service with a token of all scopes.
func (y *toyTool) service(method, address, mediaType, body string) (*http.Response, string) {
	y.t.Helper()
	access := y.token(scopeLineItem, scopeLineItemRead, scopeResultRead, scopeScore, scopeRoster)
	header := map[string]string{"Authorization": "Bearer " + access}
	if method == "GET" {
		header["Accept"] = mediaType
	} else if mediaType != "" {
		header["Content-Type"] = mediaType
	}
	return y.do(method, address, header, body)
}

func (y *toyTool) container() string {
	y.l.mu.Lock()
	defer y.l.mu.Unlock()
	return y.l.lineItemsURL("law", y.tool.ID)
}

// scoreURL is the line item's URL with /scores on its path (AGS 2.0, 3.4.1).
func (y *toyTool) scoreURL(item LineItem) string {
	path, query, _ := strings.Cut(y.l.LineItemURL(item), "?")
	if query != "" {
		query = "?" + query
	}
	return path + "/scores" + query
}

func TestLineItems(t *testing.T) {
	y := newToy(t, Options{})
	link := y.link()
	r, body := y.service("POST", y.container(), typeLineItem,
		`{"label":"Attendance","scoreMaximum":60,"resourceId":"res-1","tag":"attendance","resourceLinkId":"`+link.ID+`"}`)
	if r.StatusCode != 201 {
		t.Fatalf("create: %d %s", r.StatusCode, body)
	}
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(body), &made); err != nil {
		t.Fatal(err)
	}
	if r, body := y.service("PUT", made.ID, typeLineItem, `{"label":"Presence","scoreMaximum":120}`); r.StatusCode != 200 {
		t.Fatalf("update: %d %s", r.StatusCode, body)
	}
	want := []LineItem{*link.LineItem, {Course: "law", Tool: y.tool.ID, Label: "Presence", ScoreMaximum: 120, ByTool: true}}
	got := y.l.LineItems("law")
	want[1].ID = got[1].ID
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("line items (-want +got):\n%s", diff)
	}
	if r, _ := y.service("DELETE", made.ID, "", ""); r.StatusCode != 204 {
		t.Errorf("delete: %d", r.StatusCode)
	}
	if r, _ := y.service("GET", made.ID, typeLineItem, ""); r.StatusCode != 404 || !strings.Contains(r.Status, "404") {
		t.Errorf("get after delete: %s", r.Status)
	}
}

func TestLineItemFilters(t *testing.T) {
	y := newToy(t, Options{})
	link := y.link()
	y.service("POST", y.container(), typeLineItem, `{"label":"A","scoreMaximum":1,"resourceId":"r","tag":"t"}`)
	for query, want := range map[string]int{
		"": 2, "&tag=t": 1, "&resource_id=r": 1, "&resource_link_id=" + link.ID: 1, "&tag=other": 0,
	} {
		_, body := y.service("GET", y.container()+query, typeLineItems, "")
		var list []map[string]any
		if err := json.Unmarshal([]byte(body), &list); err != nil || len(list) != want {
			t.Errorf("%q: %s, want %d items", query, body, want)
		}
	}
}

func TestServiceRefuses(t *testing.T) {
	y := newToy(t, Options{})
	link := y.link()
	item := y.l.LineItemURL(*link.LineItem)
	noQuery, _, _ := strings.Cut(item, "?")
	for _, test := range []struct {
		name, method, address, mediaType, body string
		want                                   int
	}{
		{"list with */*", "GET", y.container(), "*/*", "", 400},
		{"list with application/json", "GET", y.container(), "application/json", "", 400},
		{"list with two types", "GET", y.container(), typeLineItems + ", application/json", "", 400},
		{"one with the list's type", "GET", item, typeLineItems, "", 400},
		{"one without its query", "GET", noQuery, typeLineItem, "", 404},
		{"one of another course", "GET", strings.Replace(item, "/law/", "/stats/", 1), typeLineItem, "", 404},
		{"list of no course", "GET", strings.Replace(y.container(), "/law/", "/none/", 1), typeLineItems, "", 404},
		{"create as JSON", "POST", y.container(), "application/json", `{"label":"x","scoreMaximum":1}`, 400},
		{"create without label", "POST", y.container(), typeLineItem, `{"scoreMaximum":10}`, 400},
		{"create without maximum", "POST", y.container(), typeLineItem, `{"label":"x"}`, 400},
		{"create for a foreign link", "POST", y.container(), typeLineItem, `{"label":"x","scoreMaximum":1,"resourceLinkId":"999"}`, 403},
		{"create with half of it", "POST", y.container(), typeLineItem, `{"label":`, 400},
		{"delete the list", "DELETE", y.container(), "", "", 405},
		{"post to a line item", "POST", item, typeLineItem, "{}", 405},
		{"read a score", "GET", y.scoreURL(*link.LineItem), typeScore, "", 405},
		{"post a result", "POST", strings.Replace(y.scoreURL(*link.LineItem), "/scores", "/results", 1), typeScore, "", 405},
	} {
		if r, body := y.service(test.method, test.address, test.mediaType, test.body); r.StatusCode != test.want {
			t.Errorf("%s: status %d, want %d: %s", test.name, r.StatusCode, test.want, body)
		}
	}
}

func TestAccept(t *testing.T) {
	y := newToy(t, Options{Profile: "plain"})
	y.link()
	for accept, want := range map[string]int{
		"": 200, typeLineItems: 200, "*/*": 200, "text/html, " + typeLineItems + ";q=0.9": 200, "application/json": 406,
	} {
		if r, _ := y.service("GET", y.container(), accept, ""); r.StatusCode != want {
			t.Errorf("Accept %q: %d, want %d", accept, r.StatusCode, want)
		}
	}
	if r, _ := y.service("POST", y.container(), "application/json", `{"label":"x","scoreMaximum":1}`); r.StatusCode != 415 {
		t.Errorf("create as JSON: %d, want 415", r.StatusCode)
	}
}

func TestServiceScopes(t *testing.T) {
	for profile, want := range map[string]int{"moodle": 401, "plain": 403} {
		y := newToy(t, Options{Profile: profile})
		item := y.l.LineItemURL(*y.link().LineItem)
		if status := y.get(y.token(scopeScore), item, typeLineItem); status != want {
			t.Errorf("%s: status %d, want %d", profile, status, want)
		}
		if status := y.get("nothing", item, typeLineItem); status != 401 {
			t.Errorf("%s: wrong token: status %d, want 401", profile, status)
		}
	}
	y := newToy(t, Options{}, func(tool *Tool) { tool.LineItems = LineItemsReadOnly })
	item := y.l.LineItemURL(*y.link().LineItem)
	access := y.token(scopeLineItem, scopeLineItemRead)
	if status := y.get(access, item, typeLineItem); status != 200 {
		t.Errorf("read only: status %d", status)
	}
	if r, _ := y.do("DELETE", item, map[string]string{"Authorization": "Bearer " + access}, ""); r.StatusCode != 401 {
		t.Errorf("delete with read only: status %d", r.StatusCode)
	}
}

// As testdata/moodle/ags_edge_cases.json, "list, limit=1".
func TestPagingOfMoodle(t *testing.T) {
	y := newToy(t, Options{})
	y.link()
	y.link()
	r, body := y.service("GET", y.container()+"&limit=1", typeLineItems, "")
	want := strings.ReplaceAll(fmt.Sprintf(
		"<%[1]s>; rel=“first”, <%[1]s>; rel=“canonical”, <%[2]s>; rel=“next”, <%[3]s>; rel=“last”",
		paged(y.container(), 0), paged(y.container(), 1), paged(y.container(), 2)), "&", "&amp;")
	if got := r.Header.Get("Link"); got != want {
		t.Errorf("Link:\n got %s\nwant %s", got, want)
	}
	if strings.Count(body, `"label"`) != 1 {
		t.Errorf("body: %s", body)
	}
}

func paged(address string, from int) string {
	u, _ := url.Parse(address)
	q := u.Query()
	q.Set("from", fmt.Sprint(from))
	q.Set("limit", "1")
	u.RawQuery = q.Encode()
	return u.String()
}

func TestPagingOfPlain(t *testing.T) {
	y := newToy(t, Options{Profile: "plain"})
	y.l.Change(func(b *Behaviour) { b.PageSize = 2 })
	for range 5 {
		y.link()
	}
	address, seen := y.container(), 0
	for pages := 0; address != "" && pages < 9; pages++ {
		r, body := y.service("GET", address, typeLineItems, "")
		seen += strings.Count(body, `"label"`)
		address, _, _ = strings.Cut(strings.TrimPrefix(r.Header.Get("Link"), "<"), `>; rel="next"`)
	}
	if seen != 5 {
		t.Errorf("%d line items seen, want 5", seen)
	}
}

// at is a moment of a fixed day, so many milliseconds after ten.
func at(ms int) string {
	return time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC).Add(time.Duration(ms) * time.Millisecond).
		Format("2006-01-02T15:04:05.000Z07:00")
}

type testScore struct {
	ms        int
	person    string // "" is Ben
	body      string // members besides userId and timestamp
	want      int
	wantGrade any // points, or nil for none
}

const full = `"activityProgress":"Completed","gradingProgress":"FullyGraded"`

func TestScores(t *testing.T) {
	scored := func(given, maximum int) string {
		return fmt.Sprintf(`%s,"scoreGiven":%d,"scoreMaximum":%d`, full, given, maximum)
	}
	unfinished := `"activityProgress":"Started","gradingProgress":"NotReady"`
	for _, test := range []struct {
		profile, name string
		scores        []testScore
	}{
		{"moodle", "rescaled to ten", []testScore{{0, "", scored(42, 60), 200, 7.0}}},
		{"moodle", "capped", []testScore{{0, "", scored(12, 10), 200, 10.0}}},
		{"moodle", "zero counts", []testScore{{0, "", scored(0, 10), 200, 0.0}}},
		{"moodle", "same second", []testScore{{0, "", scored(5, 10), 200, 5.0}, {900, "", scored(6, 10), 409, 5.0}, {1000, "", scored(7, 10), 200, 7.0}}},
		{"moodle", "earlier", []testScore{{5000, "", scored(5, 10), 200, 5.0}, {0, "", scored(6, 10), 409, 5.0}}},
		{"moodle", "unfinished erases", []testScore{{0, "", scored(5, 10), 200, 5.0}, {2000, "", unfinished, 200, nil}}},
		{"moodle", "no scoreGiven erases", []testScore{{0, "", scored(5, 10), 200, 5.0}, {2000, "", full, 200, nil}}},
		{"moodle", "unknown activity progress", []testScore{{0, "", strings.Replace(scored(5, 10), "Completed", "Odd", 1), 200, 5.0}}},
		{"moodle", "no maximum", []testScore{{0, "", full + `,"scoreGiven":5`, 400, nil}}},
		{"moodle", "no progress", []testScore{{0, "", `"gradingProgress":"FullyGraded"`, 400, nil}}},
		{"moodle", "negative", []testScore{{0, "", scored(-1, 10), 400, nil}}},
		{"moodle", "a teacher", []testScore{{0, "anna", scored(5, 10), 400, nil}}},
		{"moodle", "an assistant", []testScore{{0, "karim", scored(5, 10), 400, nil}}},
		{"moodle", "an observer", []testScore{{0, "ruth", scored(5, 10), 400, nil}}},
		{"moodle", "nobody", []testScore{{0, "?", scored(5, 10), 400, nil}}},
		{"moodle", "line break", []testScore{{0, "anna", "\n" + scored(5, 10), 200, nil}}},
		{"plain", "same second", []testScore{{0, "", scored(5, 10), 200, 5.0}, {1, "", scored(6, 10), 200, 6.0}, {1, "", scored(7, 10), 409, 6.0}}},
		{"plain", "extra credit", []testScore{{0, "", scored(12, 10), 200, 12.0}}},
		{"plain", "unfinished leaves", []testScore{{0, "", scored(5, 10), 200, 5.0}, {2000, "", unfinished, 200, 5.0}}},
		{"plain", "no scoreGiven clears", []testScore{{0, "", scored(5, 10), 200, 5.0}, {2000, "", full, 200, nil}}},
		{"plain", "unknown activity progress", []testScore{{0, "", strings.Replace(scored(5, 10), "Completed", "Odd", 1), 400, nil}}},
		{"canvas", "a teacher", []testScore{{0, "anna", scored(5, 10), 422, nil}}},
		{"canvas", "earlier", []testScore{{1000, "", scored(5, 10), 200, 5.0}, {0, "", scored(6, 10), 400, 5.0}}},
		{"canvas", "by hand", []testScore{{0, "", strings.Replace(scored(5, 10), "FullyGraded", "PendingManual", 1), 200, 5.0}}},
		{"openolat", "not rescaled", []testScore{{0, "", scored(42, 60), 200, 42.0}}},
	} {
		t.Run(test.profile+" "+test.name, func(t *testing.T) {
			y := newToy(t, Options{Profile: test.profile})
			link := y.link()
			for _, score := range test.scores {
				y.score(link, score)
			}
		})
	}
}

// score posts one score and looks at the answer and the gradebook.
func (y *toyTool) score(link Link, s testScore) {
	y.t.Helper()
	person, ok := y.l.FindPerson(either(s.person, "ben"))
	if !ok {
		person.ID = s.person
	}
	body := fmt.Sprintf(`{"userId":%q,"timestamp":%q,%s}`, person.ID, at(s.ms), s.body)
	r, answer := y.service("POST", y.scoreURL(*link.LineItem), typeScore, body)
	if r.StatusCode != s.want {
		y.t.Errorf("status %s, want %d: %s", r.Status, s.want, answer)
	}
	var grade any
	if points, maximum, ok := y.l.Grade(link.ID, person.ID); ok {
		grade = points
		if maximum != 10 {
			y.t.Errorf("maximum %v", maximum)
		}
	}
	if grade != s.wantGrade {
		y.t.Errorf("grade %v, want %v", grade, s.wantGrade)
	}
}

func TestAnswersToScores(t *testing.T) {
	good, stale := full+`,"scoreGiven":1,"scoreMaximum":1`, full+`,"scoreGiven":0,"scoreMaximum":1`
	for profile, want := range map[string][2]string{
		"moodle": {"", "[]"}, "canvas": {`"resultUrl"`, `"reason"`}, "plain": {"", `"reason"`},
	} {
		y := newToy(t, Options{Profile: profile})
		link := y.link()
		ben, _ := y.l.FindPerson("ben")
		for i, members := range []string{good, stale} {
			r, body := y.service("POST", y.scoreURL(*link.LineItem), typeScore,
				fmt.Sprintf(`{"userId":%q,"timestamp":%q,%s}`, ben.ID, at(0), members))
			if !strings.Contains(body, want[i]) || want[i] == "" && body != "" {
				t.Errorf("%s, score %d: %q, want %q", profile, i, body, want[i])
			}
			if profile == "moodle" && i == 1 && !strings.Contains(r.Status, "Refusing score with an earlier timestamp") {
				t.Errorf("status line %q has no reason", r.Status)
			}
		}
		posts := y.l.Scores(link.ID, "ben")
		if len(posts) != 2 || !posts[0].Accepted() || posts[1].Accepted() || len(y.l.AcceptedScores(link.LineItem.ID, "")) != 1 {
			t.Errorf("%s: posts %+v", profile, posts)
		}
	}
}

func TestChamiloScores(t *testing.T) {
	y := newToy(t, Options{Profile: "chamilo"})
	link := y.link()
	ben, _ := y.l.FindPerson("ben")
	for i, test := range []struct {
		accept string
		want   int
	}{{"", 415}, {"*/*", 415}, {typeScore, 201}, {typeScore, 200}} {
		r, body := y.do("POST", y.scoreURL(*link.LineItem), map[string]string{
			"Authorization": "Bearer " + y.token(scopeScore), "Content-Type": typeScore, "Accept": test.accept,
		}, fmt.Sprintf(`{"userId":%q,"timestamp":%q,%s,"scoreGiven":1,"scoreMaximum":1}`, ben.ID, at(i), full))
		if r.StatusCode != test.want {
			t.Errorf("post %d with Accept %q: %d, want %d: %s", i, test.accept, r.StatusCode, test.want, body)
		}
	}
}

func TestRefusedScoreWith200(t *testing.T) {
	y := newToy(t, Options{})
	link := y.link()
	r, body := y.service("POST", y.scoreURL(*link.LineItem), typeScore, "{\n\"userId\":\"nobody\"}")
	if r.StatusCode != 200 || body != "[]" {
		t.Errorf("%d %q, want 200 []", r.StatusCode, body)
	}
	if posts := y.l.Scores(link.ID, ""); len(posts) != 1 || posts[0].Accepted() {
		t.Errorf("posts: %+v", posts)
	}
}

func TestResults(t *testing.T) {
	y := newToy(t, Options{})
	link := y.link()
	y.score(link, testScore{0, "ben", full + `,"scoreGiven":7,"scoreMaximum":10,"comment":"51 min"`, 200, 7.0})
	y.l.SetGrade(link.ID, "chloe", 4)
	address := strings.Replace(y.scoreURL(*link.LineItem), "/scores", "/results", 1)
	ben, _ := y.l.FindPerson("ben")
	for query, want := range map[string]int{"": 2, "&user_id=" + ben.ID: 1, "&user_id=x": 0} {
		_, body := y.service("GET", address+query, typeResults, "")
		var list []map[string]any
		if err := json.Unmarshal([]byte(body), &list); err != nil || len(list) != want {
			t.Fatalf("%q: %s, want %d results", query, body, want)
		}
		if want == 1 && (list[0]["resultScore"] != 7.0 || list[0]["comment"] != "51 min" || list[0]["userId"] != ben.ID) {
			t.Errorf("result: %v", list[0])
		}
	}
	if r, body := y.service("GET", address+"&limit=1", typeResults, ""); r.StatusCode != 404 || !strings.Contains(body, "<html") {
		t.Errorf("limit: %d %s, want Moodle's error page", r.StatusCode, body)
	}
}

func TestRoster(t *testing.T) {
	y := newToy(t, Options{})
	claims := y.mustLaunch(y.link().ID, "anna", LaunchOptions{})
	address := claims[nrpsClaim].(map[string]any)["context_memberships_url"].(string)
	members, roles := 0, map[string]any{}
	for next := address + "?limit=3"; next != ""; {
		r, body := y.service("GET", next, typeRoster, "")
		var list struct {
			Members []struct {
				Name  string
				Roles []string
			}
		}
		if err := json.Unmarshal([]byte(body), &list); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		for _, m := range list.Members {
			members++
			roles[m.Name] = m.Roles[0]
		}
		next, _, _ = strings.Cut(strings.TrimPrefix(r.Header.Get("Link"), "<"), `>; rel="next"`)
	}
	if members != 8 || roles["Anna Moreau"] != "Instructor" || roles["Karim Benali"] != "Learner" {
		t.Errorf("%d members, %v", members, roles)
	}
	if _, body := y.service("GET", address+"?role="+url.QueryEscape(membership+"Instructor"), typeRoster, ""); strings.Count(body, "user_id") != 1 {
		t.Errorf("instructors: %s", body)
	}
	if status := y.get(y.token(scopeScore), address, typeRoster); status != 401 {
		t.Errorf("wrong scope: %d", status)
	}
	if r, _ := y.service("GET", address+"x", typeRoster, ""); r.StatusCode != 404 {
		t.Errorf("another tool: %d", r.StatusCode)
	}
}

func TestRosterWithoutNames(t *testing.T) {
	y := newToy(t, Options{Profile: "sakai"}, func(tool *Tool) { tool.ShareName, tool.ShareEmail = false, false })
	address := y.mustLaunch(y.link().ID, "anna", LaunchOptions{})[nrpsClaim].(map[string]any)["context_memberships_url"].(string)
	_, body := y.service("GET", address, typeRoster, "")
	if strings.Contains(body, "Ben") || strings.Contains(body, "@") || !strings.Contains(body, membership+"Learner,Learner") {
		t.Errorf("body: %s", body)
	}
	if _, body := y.service("GET", address+"?role=Nobody", typeRoster, ""); body != "" {
		t.Errorf("empty roster of Sakai: %q", body)
	}
}
