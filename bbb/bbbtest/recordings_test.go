package bbbtest_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
)

// record holds a recorded class of an hour in a room and returns its id.
func (b *bench) record(room, more string) string {
	b.t.Helper()
	if r := b.call("create", "meetingID="+url.QueryEscape(room)+"&name=R+%26+D&attendeePW=aaaa&moderatorPW=mmmm&record=true&meta_bbb-origin=LTI"+more); !r.ok() {
		b.t.Fatal(r.body)
	}
	b.get(b.call("join", "meetingID="+url.QueryEscape(room)+"&fullName=T&userID=t1&role=MODERATOR").location)
	b.Person(room, "t1").Record()
	b.pass(time.Hour)
	b.EndNow(room)
	m, _ := b.Meeting(room)
	return m.InternalID
}

func TestWhatIsRecorded(t *testing.T) {
	for _, test := range []struct {
		name, create string
		press        bool
		want         bool
	}{
		{"pressed", "&record=true", true, true},
		{"not pressed", "&record=true", false, false},
		{"not allowed", "", true, false},
		{"starts by itself", "&record=true&autoStartRecording=true", false, true},
		{"starts by itself without leave to stop", "&record=true&autoStartRecording=true&allowStartStopRecording=false", false, true},
		{"no button and no start", "&record=true&allowStartStopRecording=false", true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, bbbtest.Options{RecordingDelay: -1})
			b.create(test.create)
			b.comeIn("t1", "MODERATOR", "")
			b.comeIn("s1", "VIEWER", "")
			if test.press {
				b.Person("room-a", "t1").Record()
			}
			b.Person("room-a", "s1").Record() // a viewer's press is nothing
			b.EndNow("room-a")
			r := b.call("getRecordings", "meetingID=room-a")
			if got := r.value("recordID") != ""; got != test.want || !r.ok() {
				t.Errorf("recorded = %v: %s", got, r.body)
			}
		})
	}
}

func TestRecordingStates(t *testing.T) {
	b := start(t, bbbtest.Options{RecordingDelay: time.Minute})
	id := b.record("room-a", "")
	state := func() string { return b.call("getRecordings", "recordID="+id+"&state=any").value("state") }
	if r := b.call("getRecordings", "meetingID=room-a"); r.key() != "noRecordings" {
		t.Errorf("by default one that is processed is listed: %s", r.body)
	}
	r := b.call("getRecordings", "meetingID=room-a&state=processing")
	if r.value("state") != "processing" || r.value("published") != "false" || strings.Contains(r.body, "<format>") {
		t.Error(r.body)
	}
	b.pass(time.Minute)
	if state() != "published" {
		t.Errorf("after a minute: %s", state())
	}
	if r := b.call("publishRecordings", "recordID="+id+"&publish=false"); r.value("published") != "false" || !r.ok() || state() != "unpublished" {
		t.Errorf("%s: %s", state(), r.body)
	}
	if r := b.call("getRecordings", "meetingID=room-a&state=published"); r.key() != "noRecordings" {
		t.Error(r.body)
	}
	b.call("publishRecordings", "recordID="+id+"&publish=true")
	if r := b.call("deleteRecordings", "recordID=nothing%2C"+id); r.value("deleted") != "true" || state() != "deleted" {
		t.Errorf("%s: %s", state(), r.body)
	}
	if r := b.call("getRecordings", "meetingID=room-a"); r.key() != "noRecordings" {
		t.Errorf("a deleted one is listed by default: %s", r.body)
	}
	b.wantKey(b.call("deleteRecordings", "recordID="+id), "notFound")
}

func TestRecordingErrors(t *testing.T) {
	b := start(t, bbbtest.Options{})
	for query, key := range map[string]string{
		"publishRecordings?publish=true":            "missingParamRecordID",
		"publishRecordings?recordID=x":              "missingParamPublish",
		"publishRecordings?recordID=x&publish=true": "notFound",
		"deleteRecordings?":                         "missingParamRecordID",
		"deleteRecordings?recordID=x":               "notFound",
		"updateRecordings?meta_name=x":              "missingParamRecordID",
		"updateRecordings?recordID=x&meta_name=x":   "notFound",
	} {
		call, rest, _ := strings.Cut(query, "?")
		b.wantKey(b.call(call, rest), key)
	}
	if r := b.call("getRecordings", "meta_name="); r.status != http.StatusInternalServerError {
		t.Errorf("an empty filter: %d", r.status)
	}
}

func TestNoRecordings(t *testing.T) {
	b := start(t, bbbtest.Options{})
	if r := b.call("getRecordings", ""); !r.ok() || r.key() != "noRecordings" || !strings.Contains(r.body, "<recordings></recordings>") {
		t.Error(r.body)
	}
	b.Change(func(o *bbbtest.Options) { o.Release = "2.5" })
	if r := b.call("getRecordings", ""); strings.Contains(r.body, "<recordings") {
		t.Error(r.body)
	}
}

func TestRecordingFields(t *testing.T) {
	b := start(t, bbbtest.Options{RecordingDelay: -1})
	id := b.record("room-a", "")
	r := b.call("getRecordings", "meetingID=room-a")
	if got := r.value("name"); got != "R &amp; D" {
		t.Errorf("name = %q: it's escaped twice", got)
	}
	if got := r.value("meetingName"); got != "R & D" {
		t.Errorf("meetingName = %q: it's escaped once", got)
	}
	if diff := cmp.Diff([]string{"presentation", "video"}, r.values("type")); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{
		"recordID": id, "internalMeetingID": id, "meetingID": "room-a", "length": "60", "participants": "1",
		"bbb-origin": "LTI", "meetingId": "room-a", "startTime": "1767614400123", "endTime": "1767618000123",
	} {
		if r.value(name) != want {
			t.Errorf("%s = %q, want %q", name, r.value(name), want)
		}
	}
	for _, address := range r.values("url") {
		if page := b.get(address); page.status != http.StatusOK || !strings.Contains(page.body, "R &amp; D") {
			t.Errorf("%s: %d", address, page.status)
		}
	}
	b.call("publishRecordings", "recordID="+id+"&publish=false")
	if page := b.get(r.value("url")); page.status != http.StatusNotFound {
		t.Errorf("unpublished: %d", page.status)
	}
}

func TestUpdateRecordings(t *testing.T) {
	b := start(t, bbbtest.Options{RecordingDelay: -1})
	id := b.record("room-a", "")
	if r := b.call("updateRecordings", "recordID="+id+"&meta_Name=Week+1&meta_bbb-origin=&meta_a_b=x"); r.value("updated") != "true" {
		t.Error(r.body)
	}
	r := b.call("getRecordings", "recordID="+id)
	if r.value("metadata") == "" || !strings.Contains(r.body, "<name>Week 1</name>") || strings.Contains(r.body, "bbb-origin") || strings.Contains(r.body, "a_b") {
		t.Error(r.body)
	}
}

func TestFilters(t *testing.T) {
	b := start(t, bbbtest.Options{RecordingDelay: -1, EndDelay: -1})
	one := b.record("room-a", "&meta_term=autumn")
	two := b.record("room-b", "&meta_term=spring")
	both := "meetingID=room-a%2Croom-b"
	for _, test := range []struct {
		name, query string
		mode        bbbtest.Mode
		want        []string
	}{
		{"all", "", "", []string{one, two}},
		{"a list", both, "", []string{one, two}},
		{"one", "meetingID=room-b", "", []string{two}},
		{"the start of a record id", "recordID=" + two[:20], "", []string{two}},
		{"recordID wins", "meetingID=room-a&recordID=" + two, "", []string{two}},
		{"Scalelite wants both", "meetingID=room-a&recordID=" + two, bbbtest.Scalelite, nil},
		{"metadata", "meta_term=spring", "", []string{two}},
		{"metadata, % at the end", "meta_term=spr%25", "", []string{two}},
		{"metadata, % at both", "meta_term=%25rin%25", "", []string{two}},
		{"metadata, all must fit", "meta_term=spring&meta_bbb-origin=other", "", nil},
		{"metadata, Scalelite wants any", "meta_term=spring&meta_bbb-origin=other", bbbtest.Scalelite, []string{two}},
		{"metadata, Scalelite knows lists", "meta_term=spring%2Cautumn", bbbtest.Scalelite, []string{one, two}},
		{"metadata nobody has", "meta_nothing=x", "", nil},
		{"states", both + "&state=unpublished%2Cpublished", "", []string{one, two}},
		{"other states", both + "&state=deleted%2Cprocessing", "", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			b.Change(func(o *bbbtest.Options) { o.Mode = test.mode })
			if diff := cmp.Diff(test.want, b.call("getRecordings", test.query).values("recordID")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Ids are decoded twice: one with a plus or a percent sign is never found.
func TestIDsAreDecodedTwice(t *testing.T) {
	for id, found := range map[string]bool{"room-a": true, "a+b": false, "a%2Bc": false} {
		b := start(t, bbbtest.Options{RecordingDelay: -1})
		b.record(id, "")
		if got := b.call("getRecordings", "meetingID="+url.QueryEscape(id)).value("recordID") != ""; got != found {
			t.Errorf("%q found = %v", id, got)
		}
	}
}

// A page counts formats, so it may split a recording.
func TestPaging(t *testing.T) {
	b := start(t, bbbtest.Options{RecordingDelay: -1, EndDelay: -1})
	one, two := b.record("room-a", ""), b.record("room-b", "")
	r := b.call("getRecordings", "limit=3&offset=0")
	if diff := cmp.Diff([]string{one, two}, r.values("recordID")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"presentation", "video", "presentation"}, r.values("type")); diff != "" {
		t.Error(diff)
	}
	if r.value("totalElements") != "4" || r.value("limit") != "3" {
		t.Error(r.body)
	}
	if r := b.call("getRecordings", "limit=3&offset=3"); len(r.values("type")) != 1 || r.value("recordID") != two {
		t.Error(r.body)
	}
	if r := b.call("getRecordings", "limit=3&offset=9"); r.key() != "noRecordings" {
		t.Error(r.body)
	}
	if r := b.call("getRecordings", "limit=-5&offset=-5"); r.value("limit") != "1" || r.value("offset") != "0" {
		t.Error(r.body)
	}
	if r := b.call("getRecordings", "offset=1"); strings.Contains(r.body, "pagination") || len(r.values("type")) != 4 {
		t.Error(r.body)
	}
	b.Change(func(o *bbbtest.Options) { o.Mode = bbbtest.Scalelite })
	if r := b.call("getRecordings", "limit=1"); len(r.values("recordID")) != 2 {
		t.Errorf("Scalelite pages: %s", r.body)
	}
}

func TestProtectedRecordings(t *testing.T) {
	b := start(t, bbbtest.Options{Mode: bbbtest.Scalelite, ProtectRecordings: true, RecordingDelay: -1})
	id := b.record("room-a", "")
	first, second := b.call("getRecordings", "recordID="+id), b.call("getRecordings", "recordID="+id)
	if first.value("protected") != "true" || strings.Contains(first.body, "<preview>") || first.value("url") == second.value("url") {
		t.Error(first.body)
	}
	address := html.UnescapeString(first.value("url"))
	if r := b.get(address); r.status != http.StatusOK {
		t.Errorf("first visit: %d", r.status)
	}
	if r := b.get(address); r.status != http.StatusNotFound {
		t.Errorf("second visit: %d", r.status)
	}
	plain := strings.TrimSuffix(b.URL(), "/bigbluebutton") + "/playback/presentation/2.3/" + id
	if r := b.get(plain); r.status != http.StatusNotFound {
		t.Errorf("without a ticket: %d", r.status)
	}
	b.call("updateRecordings", "recordID="+id+"&protect=false")
	if r := b.get(plain); r.status != http.StatusOK {
		t.Errorf("no longer protected: %d", r.status)
	}
	if r := b.call("updateRecordings", "recordID=other"); r.value("updated") != "false" || !r.ok() {
		t.Error(r.body)
	}
}

// Some servers list a recording once for each of its formats, and a format
// without an address.
func TestRecordingInSeveralElements(t *testing.T) {
	b := start(t, bbbtest.Options{RecordingDelay: -1, SplitRecordings: true, NoAddress: []string{"video"}})
	id := b.record("room-a", "")
	r := b.call("getRecordings", "meetingID=room-a")
	address := "http://" + strings.SplitN(b.URL(), "/", 4)[2] + "/playback/presentation/2.3/" + id
	for element, want := range map[string][]string{
		"recordID": {id, id}, "type": {"presentation", "video"}, "url": {address, ""},
	} {
		if diff := cmp.Diff(want, r.values(element)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", element, diff)
		}
	}
}
