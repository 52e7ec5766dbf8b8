package lti

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLineItem(t *testing.T) {
	g, s, _ := newGrades(t, fakeAnswer{status: 200, body: `{"id":"` + moodleItem + `","label":"Room, graded","scoreMaximum":100,"resourceId":"","tag":"","resourceLinkId":26,"ltiLinkId":"26"}`})
	got, err := g.LineItem(t.Context(), testRegistration, "dep-1", allScopes, moodleItem)
	want := LineItem{URL: moodleItem, Label: "Room, graded", ScoreMaximum: 100, ResourceLinkID: "26"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("LineItem: %v (-want +got):\n%s", err, diff)
	}
	wantRequest(t, s.asked[0], "GET", moodleItem, "application/vnd.ims.lis.v2.lineitem+json", "", "")
}

func TestLineItemOdd(t *testing.T) {
	for _, test := range []struct {
		name, body string
		maximum    float64
		good       bool
	}{
		{"without id", `{"scoreMaximum":5}`, 5, true},
		{"maximum as text", `{"scoreMaximum":"7.5"}`, 7.5, true},
		{"maximum missing", `{}`, 0, true},
		{"maximum endless", `{"scoreMaximum":"Inf"}`, 0, true},
		{"maximum odd", `{"scoreMaximum":"NaN"}`, 0, true},
		{"a list", `[1]`, 0, false},
		{"empty", ``, 0, false},
	} {
		g, _, _ := newGrades(t, fakeAnswer{status: 200, body: test.body})
		got, err := g.LineItem(t.Context(), testRegistration, "", allScopes, moodleItem)
		if (err == nil) != test.good || got.ScoreMaximum != test.maximum || test.good && got.URL != moodleItem {
			t.Errorf("%s: %+v, %v", test.name, got, err)
		}
	}
	g, _, _ := newGrades(t, fakeAnswer{status: 404, body: `{"status":404,"reason":"Not Found: Grade item 25 doesn't exist"}`})
	_, err := g.LineItem(t.Context(), testRegistration, "", allScopes, moodleItem)
	wantStatus(t, err, ServiceError{"line item", 404, "Not Found: Grade item 25 doesn't exist", 0}, true)
}

// findAmong is FindLineItem for a platform that tests use.
func (g *Grades) findAmong(e Endpoint, want LineItem) (LineItem, error) {
	return g.FindLineItem(context.Background(), testRegistration, "dep-1", e, want)
}

// TestFindLineItem looks through the list that a real Moodle answered with,
// whatever filter it was asked with.
func TestFindLineItem(t *testing.T) {
	var file struct {
		Calls []struct {
			Name string          `json:"name"`
			Body json.RawMessage `json:"body"`
		} `json:"calls"`
	}
	readJSON(t, "moodle/ags.json", &file)
	list := ""
	for _, call := range file.Calls {
		if call.Name == "list after update" {
			list = string(call.Body)
		}
	}
	const prefix = "http://127.0.0.1:8085/mod/lti/services.php/2/lineitems/"
	for _, test := range []struct {
		name  string
		want  LineItem
		query string
		found string
	}{
		{"the link's own, which isn't ours", LineItem{ResourceLinkID: "26", Tag: "other"}, "&resource_link_id=26", "23"},
		{"ours before the link's own", LineItem{ResourceLinkID: "26", Tag: "attendance", ResourceID: "res-1"}, "&resource_link_id=26", "25"},
		{"our tag, our id of the original course", LineItem{ResourceLinkID: "28", ResourceID: "other", Tag: "attendance"}, "&resource_link_id=28", "24"},
		{"without a link", LineItem{ResourceID: "weekly-1", Tag: "attendance"}, "&tag=attendance", "24"},
		{"of another link, ours by tag and id", LineItem{ResourceLinkID: "99", ResourceID: "res-1", Tag: "attendance"}, "&resource_link_id=99", "25"},
		{"of another link, with our tag alone", LineItem{ResourceLinkID: "99", ResourceID: "nowhere", Tag: "attendance"}, "&resource_link_id=99", ""},
		{"of another link, with no id of ours", LineItem{ResourceLinkID: "99", Tag: "attendance"}, "&resource_link_id=99", ""},
		{"of another resource", LineItem{ResourceID: "nowhere", Tag: "attendance"}, "&tag=attendance", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			g, s, _ := newGrades(t, fakeAnswer{status: 200, body: list})
			local := Endpoint{Scopes: allScopes.Scopes, LineItems: strings.Replace(moodleItems, "https", "http", 1)}
			got, err := g.findAmong(local, test.want)
			want := ""
			if test.found != "" {
				want = prefix + test.found + "/lineitem?type_id=13"
			}
			if got.URL != want || errors.Is(err, ErrNoLineItem) != (want == "") {
				t.Errorf("find = %q, %v, want %q", got.URL, err, want)
			}
			wantRequest(t, s.asked[0], "GET", local.LineItems+test.query, "application/vnd.ims.lis.v2.lineitemcontainer+json", "", "")
		})
	}
}

// TestFindLineItemWithoutLink: platforms that don't tell the link are matched
// by what is ours.
func TestFindLineItemWithoutLink(t *testing.T) {
	g, _, _ := newGrades(t, fakeAnswer{status: 200, body: `[7, {"id":""}, {"id":"","resourceId":"b"}, {"resourceId":"b"}, {"id":"https://m.example/1","resourceId":"a"}, {"id":"https://m.example/2","resourceId":"b"}]`})
	got, err := g.findAmong(allScopes, LineItem{ResourceLinkID: "26", ResourceID: "b"})
	if err != nil || got.URL != "https://m.example/2" {
		t.Errorf("find = %+v, %v", got, err)
	}
	if _, err := g.findAmong(allScopes, LineItem{ResourceLinkID: "26"}); !errors.Is(err, ErrNoLineItem) {
		t.Errorf("find = %v, want ErrNoLineItem", err)
	}
	if _, err := g.findAmong(allScopes, LineItem{}); !errors.Is(err, ErrNoLineItem) {
		t.Errorf("find of anything = %v, want ErrNoLineItem", err)
	}
}

// TestFindLineItemOfSeveral: ours before others, and the first of equals. What
// can't be surpassed ends the search.
func TestFindLineItemOfSeveral(t *testing.T) {
	const (
		ours   = `{"id":"https://m.example/ours","resourceLinkId":"26","resourceId":"a","tag":"attendance"}`
		copied = `{"id":"https://m.example/copied","resourceLinkId":"26","resourceId":"x","tag":"attendance"}`
		first  = `{"id":"https://m.example/first","resourceLinkId":"26"}`
		second = `{"id":"https://m.example/second","resourceLinkId":"26","resourceId":"y"}`
	)
	for list, want := range map[string]string{
		first + "," + second: "first", ours + "," + first: "ours", first + "," + ours + "," + second: "ours",
		first + "," + copied: "copied", copied + "," + ours: "ours", first + "," + ours + "," + strings.Replace(ours, "ours", "again", 1): "ours",
	} {
		more := http.Header{"Link": {`<?page=2>; rel="next"`}}
		g, s, _ := newGrades(t, fakeAnswer{status: 200, body: "[" + list + "]", header: more}, fakeAnswer{status: 200, body: "[]"})
		got, err := g.findAmong(allScopes, LineItem{ResourceLinkID: "26", ResourceID: "a", Tag: "attendance"})
		if err != nil || got.URL != "https://m.example/"+want {
			t.Errorf("find = %q, %v, want %s", got.URL, err, want)
		}
		if ended := s.count() == 1; ended != (want == "ours") {
			t.Errorf("%s was found after %d pages", want, s.count())
		}
	}
}

// TestFindLineItemOddly: platforms that fail on a filter, or find nothing with
// one that they ought to.
func TestFindLineItemOddly(t *testing.T) {
	const (
		none    = `[]`
		own     = `[{"id":"https://m.example/other","resourceLinkId":"9"},{"id":"https://m.example/own","resourceLinkId":"26"}]`
		chamilo = `[{"id":"https://m.example/third","resourceLinkId":"5","tag":"attendance","resourceId":"somebody's"},{"id":"https://m.example/ours","resourceLinkId":"5","tag":"attendance","resourceId":"res-1"}]`
	)
	list := func(body string) fakeAnswer { return fakeAnswer{status: 200, body: body} }
	for _, test := range []struct {
		name    string
		answers []fakeAnswer
		asked   []string // what is added to the address
		want    string   // empty: none
		err     error
	}{
		{"there is none", []fakeAnswer{list(none), list(none)}, []string{"&resource_link_id=26", "&tag=attendance"}, "", ErrNoLineItem},
		{"Chamilo: nothing by the link, ours by tag", []fakeAnswer{list(none), list(chamilo)}, []string{"&resource_link_id=26", "&tag=attendance"}, "ours", nil},
		{"Open edX: 500 by the link, none of ours", []fakeAnswer{{status: 500}, list(none), list(none)},
			[]string{"&resource_link_id=26", "&tag=attendance", ""}, "", ErrNoLineItem},
		{"Open edX: 500 by the link, its own among all", []fakeAnswer{{status: 500}, list(none), list(own)},
			[]string{"&resource_link_id=26", "&tag=attendance", ""}, "own", nil},
		{"500 whatever is asked", []fakeAnswer{{status: 500}}, []string{"&resource_link_id=26", "&tag=attendance"}, "", &ServiceError{"line item", 500, "Internal Server Error", 0}},
		{"not now", []fakeAnswer{{status: 503}}, []string{"&resource_link_id=26"}, "", &ServiceError{"line item", 503, "Service Unavailable", 0}},
		{"we may not", []fakeAnswer{{status: 403}}, []string{"&resource_link_id=26"}, "", &ServiceError{"line item", 403, "Forbidden", 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			g, s, _ := newGrades(t, test.answers...)
			got, err := g.findAmong(allScopes, wantedItem)
			want := ""
			if test.want != "" {
				want = "https://m.example/" + test.want
			}
			var refused *ServiceError
			if got.URL != want || errors.As(test.err, &refused) && err.Error() != refused.Error() || refused == nil && !errors.Is(err, test.err) {
				t.Errorf("find = %q, %v; want %q, %v", got.URL, err, want, test.err)
			}
			var asked []string
			for _, request := range s.asked {
				asked = append(asked, strings.TrimPrefix(request.url, moodleItems))
			}
			if diff := cmp.Diff(test.asked, asked); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFoundLineItem: the token goes to the address of what is found, so that
// must be as good as a new item's. One that isn't makes no second column.
func TestFoundLineItem(t *testing.T) {
	for _, test := range []struct{ name, id, want string }{ // want empty: refused
		{"absolute", "https://m.example/1", "https://m.example/1"},
		{"relative", "/items/3?t=1", "https://m.example/items/3?t=1"},
		{"without https", "http://m.example/1", ""},
		{"no URL", "%zz", ""},
	} {
		g, s, _ := newGrades(t, fakeAnswer{status: 200, body: `[{"id":"` + test.id + `","resourceLinkId":"26","tag":"attendance"}]`})
		got, err := g.FindLineItem(t.Context(), testRegistration, "", allScopes, wantedItem)
		if got.URL != test.want || (err == nil) != (test.want != "") || errors.Is(err, ErrNoLineItem) || s.count() != 1 {
			t.Errorf("%s: %q, %v after %d requests, want %q", test.name, got.URL, err, s.count(), test.want)
		}
	}
}

var wantedItem = LineItem{Label: "Attendance", ScoreMaximum: 60, ResourceID: "res-1", Tag: "attendance", ResourceLinkID: "26"}

func TestCreateLineItem(t *testing.T) {
	t.Run("made", func(t *testing.T) {
		g, s, tokens := newGrades(t, fakeAnswer{status: 201, body: `{"id":"https://m.example/10","label":"Attendance","scoreMaximum":60}`})
		got, err := g.CreateLineItem(t.Context(), testRegistration, "", allScopes, wantedItem)
		if err != nil || got.URL != "https://m.example/10" || got.ScoreMaximum != 60 {
			t.Errorf("%+v, %v", got, err)
		}
		wantRequest(t, s.asked[0], "POST", moodleItems, "application/vnd.ims.lis.v2.lineitem+json", "application/vnd.ims.lis.v2.lineitem+json",
			`{"label":"Attendance","scoreMaximum":60,"resourceId":"res-1","tag":"attendance","resourceLinkId":"26"}`)
		if tokens.count() != 1 {
			t.Errorf("%d tokens, want 1", tokens.count())
		}
	})
	t.Run("refused", func(t *testing.T) {
		g, _, _ := newGrades(t, fakeAnswer{status: 403, body: `{"reason":"Forbidden"}`})
		_, err := g.CreateLineItem(t.Context(), testRegistration, "", allScopes, wantedItem)
		wantStatus(t, err, ServiceError{"line item", 403, "Forbidden", 0}, true)
	})
	t.Run("no maximum", func(t *testing.T) {
		for _, maximum := range []float64{0, -1, math.NaN(), math.Inf(1)} {
			g, s, _ := newGrades(t, fakeAnswer{status: 200, body: `[]`})
			if _, err := g.CreateLineItem(t.Context(), testRegistration, "", allScopes, LineItem{Label: "x", ScoreMaximum: maximum}); err == nil || s.count() != 0 {
				t.Errorf("maximum %v: %v after %d requests", maximum, err, s.count())
			}
		}
	})
}

// TestCreatedLineItem: the address of the new item must be usable.
func TestCreatedLineItem(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer fakeAnswer
		want   string // empty: refused
	}{
		{"200", fakeAnswer{status: 200, body: `{"id":"https://m.example/1"}`}, "https://m.example/1"},
		{"only a Location", fakeAnswer{status: 201, body: `{}`, header: http.Header{"Location": {"https://m.example/2"}}}, "https://m.example/2"},
		{"relative", fakeAnswer{status: 201, body: `{"id":"/items/3?t=1"}`}, "https://m.example/items/3?t=1"},
		{"no address", fakeAnswer{status: 201, body: `{}`}, ""},
		{"without https", fakeAnswer{status: 201, body: `{"id":"http://m.example/1"}`}, ""},
		{"no URL", fakeAnswer{status: 201, body: `{"id":"%zz"}`}, ""},
		{"no JSON", fakeAnswer{status: 201, body: `created`}, ""},
	} {
		g, _, _ := newGrades(t, test.answer)
		got, err := g.CreateLineItem(t.Context(), testRegistration, "", allScopes, wantedItem)
		if got.URL != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s: %q, %v, want %q", test.name, got.URL, err, test.want)
		}
	}
	g, _, _ := newGrades(t, fakeAnswer{status: 201, body: `{"id":"http://127.0.0.1/1"}`})
	local := Endpoint{Scopes: allScopes.Scopes, LineItems: strings.Replace(moodleItems, "https", "http", 1)}
	if got, err := g.CreateLineItem(t.Context(), testRegistration, "", local, wantedItem); err != nil || got.URL != "http://127.0.0.1/1" {
		t.Errorf("on loopback: %+v, %v", got, err)
	}
}
