package ltitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// scored is the body of a good score.
func scored(given, maximum int) string {
	return fmt.Sprintf(`%s,"scoreGiven":%d,"scoreMaximum":%d`, full, given, maximum)
}

// As Moodle 4.5.6: a grade by hand stays in the column of an activity, and is
// replaced by a later score in one that the tool made.
func TestGradesByHand(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 30, 0, time.UTC)
	for _, test := range []struct {
		name    string
		profile string
		byTool  bool
		earlier int // status of a score from before
		later   any // the grade after a later score, which is taken
	}{
		{"an activity's own", "moodle", false, 409, 3.0},
		{"one that the tool made", "moodle", true, 409, 7.0},
		{"a platform without such a mark", "plain", false, 409, 7.0},
	} {
		t.Run(test.name, func(t *testing.T) {
			y := newToy(t, Options{Profile: test.profile, Now: func() time.Time { return now }})
			link := y.link()
			y.l.mu.Lock()
			y.l.book.items[0].ByTool = test.byTool
			y.l.mu.Unlock()
			if !y.l.SetGrade(link.ID, "ben", 3) || y.l.SetGrade(link.ID, "nobody", 3) {
				t.Fatal("SetGrade")
			}
			y.score(link, testScore{0, "ben", scored(7, 10), test.earlier, 3.0})
			y.score(link, testScore{31000, "ben", scored(7, 10), 200, test.later})
		})
	}
}

// As Chamilo 1.11.32: who looks makes a 0 for everybody without a result, with
// the time of looking. The same second passes, and nothing is capped.
func TestLook(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 5, 300_000_000, time.UTC)
	y := newToy(t, Options{Profile: "chamilo", Now: func() time.Time { return now }})
	link := y.link()
	post := func(ms int, person string, want int) {
		t.Helper()
		p, _ := y.l.FindPerson(person)
		r, body := y.do("POST", y.scoreURL(*link.LineItem), map[string]string{
			"Authorization": "Bearer " + y.token(scopeScore), "Content-Type": typeScore, "Accept": typeScore,
		}, fmt.Sprintf(`{"userId":%q,"timestamp":%q,%s}`, p.ID, at(ms), scored(12, 10)))
		if r.StatusCode != want {
			t.Errorf("score of %s: %d %s, want %d", person, r.StatusCode, body, want)
		}
	}
	post(0, "ben", 201)
	y.l.Look(link.ID)
	if points, _, ok := y.l.Grade(link.ID, "chloe"); !ok || points != 0 {
		t.Errorf("Chloe has %v, %v", points, ok)
	}
	if points, _, _ := y.l.Grade(link.ID, "ben"); points != 12 {
		t.Errorf("Ben has %v", points)
	}
	post(4000, "chloe", 409)
	post(5000, "chloe", 200) // the same second
	plain := newToy(t, Options{Profile: "plain"})
	other := plain.link()
	plain.l.Look(other.ID)
	if _, _, ok := plain.l.Grade(other.ID, "ben"); ok {
		t.Error("who looks at another platform makes a grade")
	}
}

// As Chamilo 1.11.32: a result without a score is listed with null.
func TestEmptyResults(t *testing.T) {
	y := newToy(t, Options{Profile: "chamilo"})
	link := y.link()
	ben, _ := y.l.FindPerson("ben")
	for i, members := range []string{scored(7, 10), `"activityProgress":"Started","gradingProgress":"NotReady"`} {
		y.do("POST", y.scoreURL(*link.LineItem), map[string]string{
			"Authorization": "Bearer " + y.token(scopeScore), "Content-Type": typeScore, "Accept": typeScore,
		}, fmt.Sprintf(`{"userId":%q,"timestamp":%q,%s}`, ben.ID, at(i*1000), members))
	}
	_, body := y.service("GET", strings.Replace(y.scoreURL(*link.LineItem), "/scores", "/results", 1), typeResults, "")
	if !strings.Contains(body, `"resultScore":null`) {
		t.Error(body)
	}
}

// As Chamilo 1.11.32: its line items by link, by id, and one alone.
func TestChamiloLineItems(t *testing.T) {
	y := newToy(t, Options{Profile: "chamilo"})
	link := y.link()
	r, body := y.service("POST", y.container(), typeLineItem, `{"label":"A","scoreMaximum":1,"resourceId":"r","tag":"t","resourceLinkId":"`+link.ID+`"}`)
	if r.StatusCode != http.StatusCreated || !strings.Contains(body, `"resourceLinkId":"tool-`+y.tool.ID) {
		t.Fatalf("%d %s", r.StatusCode, body)
	}
	for query, want := range map[string]int{"": 2, "&resource_link_id=" + link.ID: 0, "&tag=t": 1, "&resource_id=x": 0} {
		_, body := y.service("GET", y.container()+query, typeLineItems, "")
		var list []any
		if err := json.Unmarshal([]byte(body), &list); err != nil || len(list) != want {
			t.Errorf("%q: %s, want %d", query, body, want)
		}
	}
	if r, _ := y.service("GET", y.container()+"&resource_id=r", typeLineItems, ""); r.StatusCode != 500 {
		t.Errorf("by an id that is there: %d", r.StatusCode)
	}
	if r, _ := y.service("GET", y.container(), "*/*", ""); r.StatusCode != 415 {
		t.Errorf("any type: %d", r.StatusCode)
	}
	item := y.l.LineItemURL(*link.LineItem)
	for scope, want := range map[string]int{scopeLineItem: 200, scopeLineItemRead: 403} {
		if got := y.get(y.token(scope), item, typeLineItem); got != want {
			t.Errorf("one, with %s: %d, want %d", scope, got, want)
		}
	}
}

// As Open edX with lti_consumer 9.14.4.
func TestLinkFilterThatFails(t *testing.T) {
	y := newToy(t, Options{Profile: "plain"})
	link := y.link()
	y.l.Change(func(b *Behaviour) { b.LinkFilterStatus = 500 })
	for query, want := range map[string]int{"": 200, "&resource_link_id=" + link.ID: 500, "&tag=t": 200} {
		if r, _ := y.service("GET", y.container()+query, typeLineItems, ""); r.StatusCode != want {
			t.Errorf("%q: %d, want %d", query, r.StatusCode, want)
		}
	}
}

func TestColumnsThatFail(t *testing.T) {
	y := newToy(t, Options{})
	link := y.link()
	item := link.LineItem.ID
	y.l.FailScores(item, true)
	y.score(link, testScore{0, "ben", scored(7, 10), 500, nil})
	y.l.FailScores(item, false)
	y.score(link, testScore{0, "ben", scored(7, 10), 200, 7.0})
	y.l.ResetGrades("law")
	if _, _, ok := y.l.Grade(link.ID, "ben"); ok {
		t.Error("the gradebook isn't empty")
	}
	y.l.KeepNoPoints(item)
	y.score(link, testScore{2000, "ben", scored(7, 10), 200, nil})
	y.l.CloseGradebook("law", true)
	create := func() int {
		r, _ := y.service("POST", y.container(), typeLineItem, `{"label":"A","scoreMaximum":1}`)
		return r.StatusCode
	}
	if list, _ := y.service("GET", y.container(), typeLineItems, ""); list.StatusCode != 500 || create() != 500 {
		t.Errorf("a closed gradebook: %d", list.StatusCode)
	}
	y.l.CloseGradebook("law", false)
	if got := create(); got != 201 {
		t.Errorf("an opened one: %d", got)
	}
}

// A column that is switched off isn't named any more, and one that is switched
// on is.
func TestColumnOffAndOn(t *testing.T) {
	y := newToy(t, Options{})
	link := y.link()
	named := func() any {
		t.Helper()
		endpoint, _ := y.mustLaunch(link.ID, "anna", LaunchOptions{})[agsClaim].(map[string]any)
		return endpoint["lineitem"]
	}
	if got := named(); got != y.l.LineItemURL(*link.LineItem) {
		t.Errorf("%v", got)
	}
	y.l.RemoveLineItem(link.LineItem.ID)
	if got := named(); got != nil {
		t.Errorf("switched off: %v", got)
	}
	item := y.l.AddLineItem(link.ID, LineItem{ScoreMaximum: 20})
	want := LineItem{ID: item.ID, Course: "law", Tool: y.tool.ID, Link: link.ID, Label: "Lecture", ScoreMaximum: 20}
	if diff := cmp.Diff(want, item); diff != "" || named() != y.l.LineItemURL(item) {
		t.Errorf("switched on: %v %s", named(), diff)
	}
}
