package bbbtest_test

import (
	"encoding/xml"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
)

// elements lists the paths of all elements, without what people name.
func elements(t *testing.T, text string) []string {
	t.Helper()
	paths := map[string]bool{}
	var at []string
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if err != nil {
			break
		}
		switch token := token.(type) {
		case xml.StartElement:
			at = append(at, token.Name.Local)
			if parent := at[max(len(at)-2, 0)]; parent != "metadata" && parent != "customdata" {
				paths[strings.Join(at, "/")] = true
			}
		case xml.EndElement:
			at = at[:len(at)-1]
		}
	}
	return slices.Sorted(maps.Keys(paths))
}

// Our answers have the elements that BigBlueButton's own templates write.
func TestSameElementsAsBigBlueButton(t *testing.T) {
	b := start(t, bbbtest.Options{RecordingDelay: -1, EndDelay: -1})
	create := b.create("&record=true&meta_bbb-origin=LTI")
	duplicate := b.create("")
	empty := b.call("getMeetingInfo", "meetingID=room-a")
	b.comeIn("t1", "MODERATOR", "&userdata-bbb_custom_language=fr")
	b.Person("room-a", "t1").Record()
	info, list := b.call("getMeetingInfo", "meetingID=room-a"), b.call("getMeetings", "")
	join := b.call("join", "meetingID=room-a&fullName=A&role=VIEWER&redirect=false")
	running := b.call("isMeetingRunning", "meetingID=room-a")
	insert := b.do(http.MethodPost, b.sign("insertDocument", "meetingID=room-a"), "text/xml", "<modules/>")
	end := b.call("end", "meetingID=room-a")
	for name, r := range map[string]reply{
		"create": create, "create-duplicate": duplicate, "getMeetingInfo-created-nobody-joined": empty,
		"getMeetingInfo-running": info, "getMeetings-two": list, "join-redirect-false": join,
		"isMeetingRunning-true": running, "end": end, "api-root": b.get(b.URL() + "/api/"),
		"getMeetings-none": b.call("getMeetings", ""), "insertDocument": insert,
		"getRecordings-none":                b.call("getRecordings", "meetingID=other"),
		"error-03-notFound":                 b.call("end", "meetingID=room-a"),
		"getRecordings-one-three-formats":   b.call("getRecordings", "meetingID=room-a"),
		"error-08-unsupportedContentType":   b.do(http.MethodPost, b.sign("end", "meetingID=ab"), "text/plain", "x"),
		"create-without-passwords":          b.call("create", "meetingID=second&name=Second"),
		"error-04-missingParamMeetingID":    b.call("end", ""),
		"errors-list":                       b.get(b.URL() + "/api/getRecordings"),
		"insertDocument-not-found":          b.do(http.MethodPost, b.sign("insertDocument", "meetingID=nope"), "text/xml", "<modules/>"),
		"error-11-invalidMeetingIdentifier": b.call("join", "meetingID=nope&fullName=A&role=VIEWER&redirect=false"),
	} {
		real := string(shared(t, "bbb/official/"+name+".xml"))
		if diff := cmp.Diff(elements(t, real), elements(t, r.body)); diff != "" {
			t.Errorf("%s (-BigBlueButton +ours):\n%s\n%s", name, diff, r.body)
		}
		if want := (reply{body: real}).key(); name != "errors-list" && r.key() != want {
			t.Errorf("%s: key %q, want %q", name, r.key(), want)
		}
	}
}
