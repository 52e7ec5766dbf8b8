package main

import (
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// What the platform gets depends on what it takes (Deep Linking 2.0, 4.4.1).
func TestDeepLinkAnswers(t *testing.T) {
	w := newWorld(t, worldOptions{})
	var rooms []string
	for range 2 {
		room := w.launch(w.link(), "anna", ltitest.LaunchOptions{})
		rooms = append(rooms, strings.Split(room.URL.Path, "/")[2])
	}
	both := url.Values{"choice": {"existing"}, "room": rooms}
	made := url.Values{"choice": {"new"}, "title": {"Moot court"}, "measure": {"percent"}, "percent": {"60"},
		"counts": {"best"}, "award": {"all"}, "points": {"5"}}
	const data = "https://purl.imsglobal.org/spec/lti-dl/claim/data"
	for _, test := range []struct {
		name      string
		settings  map[string]any
		form      url.Values
		items     int
		lineItems int
		data      any
	}{
		{"several", map[string]any{"accept_multiple": true}, both, 2, 0, nil},
		{"one only", map[string]any{"accept_multiple": false}, both, 1, 0, nil},
		{"one only, by saying nothing", map[string]any{"accept_multiple": nil}, both, 1, 0, nil},
		{"with a column", nil, made, 1, 1, nil},
		{"with a column, said to be taken", map[string]any{"accept_lineitem": true}, made, 1, 1, nil},
		{"no columns", map[string]any{"accept_lineitem": false}, made, 1, 0, nil},
		{"data comes back", map[string]any{"data": "tool:7 <&> é"}, both, 2, 0, "tool:7 <&> é"},
		{"cancelled", map[string]any{"data": "x"}, url.Values{"cancel": {"yes"}}, 0, 0, "x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			picker := w.pickerOf("law", "anna", ltitest.LaunchOptions{Settings: func(s map[string]any) {
				for name, value := range test.settings {
					s[name] = value
				}
			}})
			w.submit(w.choose(picker, test.form), "/lms/")
			answer := w.answered()
			list, _ := answer.Claims[itemsClaim].([]any)
			columns := 0
			for _, item := range list {
				if item.(map[string]any)["lineItem"] != nil {
					columns++
				}
			}
			if len(list) != test.items || columns != test.lineItems {
				t.Errorf("%d items with %d columns, want %d with %d", len(list), columns, test.items, test.lineItems)
			}
			if diff := cmp.Diff(test.data, answer.Claims[data]); diff != "" {
				t.Errorf("data (-want +got):\n%s", diff)
			}
		})
	}
}

// The LMS can show what a link is: its icon is where the item says, as large as
// it says.
func TestDeepLinkHasAnIcon(t *testing.T) {
	w := newWorld(t, worldOptions{})
	picker := w.pickerOf("law", "anna", ltitest.LaunchOptions{})
	w.submit(w.choose(picker, url.Values{"choice": {"new"}, "title": {"Moot court"}, "measure": {"none"}}), "/lms/")
	list, _ := w.answered().Claims[itemsClaim].([]any)
	item, _ := list[0].(map[string]any)
	icon, _ := item["icon"].(map[string]any)
	address, _ := icon["url"].(string)
	path, ours := strings.CutPrefix(address, w.url)
	if !ours {
		t.Fatalf("icon %v isn't ours", icon)
	}
	picture := w.ask(http.MethodGet, path, "", "")
	size, err := png.DecodeConfig(strings.NewReader(picture.body))
	if err != nil || icon["width"] != float64(size.Width) || icon["height"] != float64(size.Height) {
		t.Errorf("icon %v is %+v: %v", icon, size, err)
	}
	if front := w.ask(http.MethodGet, "/", "", ""); !strings.Contains(front.body, address) {
		t.Error("the page with the addresses to paste doesn't name it")
	}
}
