package bbbtest_test

import (
	"crypto/sha1"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
)

func TestCreateValidates(t *testing.T) {
	long := strings.Repeat("m", 256)
	for _, test := range []struct{ name, query, key string }{
		{"no meeting id", "name=Law", "missingParamMeetingID"},
		{"empty meeting id", "name=Law&meetingID=", "missingParamMeetingID"},
		{"id of one character", "name=Law&meetingID=x", "sizeError"},
		{"id of 256", "name=Law&meetingID=" + long, ""},
		{"id of 257", "name=Law&meetingID=m" + long, "sizeError"},
		{"comma in the id", "name=Law&meetingID=a%2Cb", "validationError"},
		{"control character in the id", "name=Law&meetingID=ab%09c", "validationError"},
		{"blank around the id", "name=Law&meetingID=+abc", "validationError"},
		{"no name", "meetingID=abc", "nullError"},
		{"empty name", "meetingID=abc&name=", "emptyError"},
		{"name of one character", "meetingID=abc&name=x", "sizeError"},
		{"name of 256 letters, not bytes", "meetingID=abc&name=" + strings.Repeat("%C3%9C", 256), ""},
		{"name of 257", "meetingID=abc&name=" + long + "x", "sizeError"},
		{"attendee password of one", "meetingID=abc&name=Law&attendeePW=x", "invalidPassword"},
		{"moderator password of 65", "meetingID=abc&name=Law&moderatorPW=" + long[:65], "invalidPassword"},
		{"empty passwords", "meetingID=abc&name=Law&attendeePW=&moderatorPW=", ""},
		{"record isn't a boolean", "meetingID=abc&name=Law&record=yes", "validationError"},
		{"record as a digit", "meetingID=abc&name=Law&record=1", ""},
		{"voiceBridge isn't a number", "meetingID=abc&name=Law&voiceBridge=7x", "validationError"},
		{"external upload isn't an address", "meetingID=abc&name=Law&presentationUploadExternalUrl=files", "validationError"},
		{"an unknown boolean is lenient", "meetingID=abc&name=Law&muteOnStart=yes&duration=soon", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, bbbtest.Options{})
			r := b.call("create", test.query)
			b.wantKey(r, test.key)
			if r.ok() != (test.key == "") {
				t.Error(r.body)
			}
		})
	}
}

func TestCreateTwice(t *testing.T) {
	const base = "meetingID=room-a&name=Law"
	const both, one = "&attendeePW=aaaa&moderatorPW=mmmm", "&moderatorPW=mmmm"
	for _, test := range []struct{ name, release, first, second, key string }{
		{"3.0, both passwords again", "3.0", both, both, "duplicateWarning"},
		{"2.5, both passwords again", "2.5", both, both, "duplicateWarning"},
		{"3.0, never a password", "3.0", "", "", "duplicateWarning"},
		{"2.5, never a password", "2.5", "", "", "idNotUnique"},
		{"3.0, one password, twice", "3.0", one, one, "idNotUnique"},
		{"2.5, one password, twice", "2.5", one, one, "idNotUnique"},
		{"3.0, another password", "3.0", both, "&attendeePW=aaaa&moderatorPW=xxxx", "idNotUnique"},
		{"2.5, another password", "2.5", both, "&attendeePW=xxxx&moderatorPW=mmmm", "idNotUnique"},
		{"3.0, one of the two", "3.0", both, one, "idNotUnique"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, bbbtest.Options{Release: test.release})
			if r := b.call("create", base+test.first); !r.ok() || r.key() != "" {
				t.Fatal(r.body)
			}
			b.wantKey(b.call("create", base+test.second), test.key)
		})
	}
}

func TestCreateAgainChangesNothing(t *testing.T) {
	b := start(t, bbbtest.Options{})
	first := b.create("&record=true&meta_bbb-origin=one")
	was := b.meeting()
	again := b.do(http.MethodPost, b.sign("create", "meetingID=room-a&name=Other&attendeePW=attendee-pw&moderatorPW=moderator-pw&record=false&meta_bbb-origin=two&duration=9"),
		"application/xml", `<modules><module name="presentation"><document url="https://tool.example/b.pdf"/></module></modules>`)
	if again.key() != "duplicateWarning" || again.value("createTime") != first.value("createTime") ||
		again.value("internalMeetingID") != first.value("internalMeetingID") {
		t.Error(again.body)
	}
	if diff := cmp.Diff(was, b.meeting()); diff != "" {
		t.Errorf("the meeting has changed (-was +is):\n%s", diff)
	}
}

func TestCreatedIDs(t *testing.T) {
	b := start(t, bbbtest.Options{})
	r := b.create("")
	sum := sha1.Sum([]byte("room-a"))
	want := hex.EncodeToString(sum[:]) + "-" + strconv.FormatInt(noon.UnixMilli(), 10)
	if r.value("internalMeetingID") != want || r.value("createTime") != strconv.FormatInt(noon.UnixMilli(), 10) {
		t.Errorf("internal id %s, want %s", r.value("internalMeetingID"), want)
	}
	other := b.call("create", "meetingID=room-b&name=Other")
	if other.value("createTime") <= r.value("createTime") {
		t.Errorf("create times don't grow: %s, then %s", r.value("createTime"), other.value("createTime"))
	}
	if other.value("attendeePW") != "" || strings.Contains(other.body, "attendeePW") {
		t.Errorf("3.0 makes no passwords: %s", other.body)
	}
	b.Change(func(o *bbbtest.Options) { o.Release = "2.5" })
	if old := b.call("create", "meetingID=room-c&name=Old"); len(old.value("attendeePW")) != 8 || len(old.value("moderatorPW")) != 8 {
		t.Errorf("2.5 makes passwords: %s", old.body)
	}
}

func TestMetadataNames(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("&meta_endCallbackUrl=https%3A%2F%2Fx%3Fa%3D1&meta_course_id=7&meta_9a=x&meta_=x&meta_a.b=x&meta_bbb-Origin=o&meta_empty=&xmeta_a=x")
	want := map[string]string{"endcallbackurl": "https://x?a=1", "bbb-origin": "o", "empty": ""}
	if diff := cmp.Diff(want, b.meeting().Metadata); diff != "" {
		t.Error(diff)
	}
	r := b.call("getMeetingInfo", "meetingID=room-a")
	if r.value("bbb-origin") != "o" || strings.Contains(r.body, "course_id") {
		t.Error(r.body)
	}
}

func TestFirstOfRepeatedAndCleanValues(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.call("create", "meetingID=room-a&name=+First%0D%0A+&name=Second&name=x")
	if got := b.meeting().Name; got != "First" {
		t.Errorf("name = %q", got)
	}
}

func TestDocuments(t *testing.T) {
	b := start(t, bbbtest.Options{})
	const body = `<?xml version="1.0" encoding="UTF-8"?><modules><module name="presentation">
		<document url="https://tool.example/files/42?sig=a&amp;b=c" filename="week1.pdf" downloadable="true" removable="false" current="true"/>
		<document name="handout.txt">aGVs
			bG8=</document></module></modules>`
	for _, kind := range []string{"application/xml", "text/xml"} {
		b.Change(func(o *bbbtest.Options) { o.EndDelay = -1 })
		r := b.do(http.MethodPost, b.sign("create", "meetingID=room-a&name=Law"), kind, body)
		if !r.ok() {
			t.Fatal(r.body)
		}
		want := []bbbtest.Document{
			{URL: "https://tool.example/files/42?sig=a&b=c", Name: "week1.pdf", Current: "true", Downloadable: "true", Removable: "false", Data: []byte{}},
			{Name: "handout.txt", Data: []byte("hello")},
		}
		if diff := cmp.Diff(want, b.meeting().Documents); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
		b.EndNow("room-a")
	}
	b.do(http.MethodPost, b.sign("create", "meetingID=room-a&name=Law"), "text/xml", "<modules")
	if got := b.meeting().Documents; len(got) != 1 || got[0].Name != "default.pdf" {
		t.Errorf("with a body that's no XML: %v", got)
	}
	if r := b.do(http.MethodPost, b.sign("insertDocument", "meetingID=room-a"), "text/xml", body); !r.ok() {
		t.Error(r.body)
	}
	if got := b.meeting().Documents; len(got) != 3 {
		t.Errorf("after insertDocument: %v", got)
	}
	if r := b.do(http.MethodPost, b.sign("insertDocument", "meetingID=nope"), "text/xml", body); r.ok() || r.value("message") == "" || r.key() != "" {
		t.Error(r.body)
	}
}
