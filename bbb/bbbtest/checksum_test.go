package bbbtest_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
)

type vector struct {
	Call, Method, Query, Secret, Note string
	Algorithm, ServerSupports         string
	ContentType, Body                 *string
	Accepted, ChecksumAccepted        bool
	Violations                        map[string]string
}

// refusedBy is whether an answer has a key; join says it in its redirect.
func refusedBy(r reply, key string) bool { return r.key() == key || r.errors() == key }

func TestChecksumVectors(t *testing.T) {
	var vectors []vector
	if err := json.Unmarshal(shared(t, "checksum/vectors.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 70 {
		t.Fatalf("%d vectors", len(vectors))
	}
	for _, v := range vectors {
		t.Run(v.Call+" "+v.Algorithm+" "+v.Note, func(t *testing.T) {
			b := start(t, bbbtest.Options{Secret: v.Secret, Algorithms: strings.Split(v.ServerSupports, ",")})
			method := http.MethodGet
			if v.Call == "insertDocument" {
				method = http.MethodPost // its only method; the recorded run asked past the routes
			}
			r := b.do(method, b.URL()+"/api/"+v.Call+"?"+v.Query, "", "")
			if got := !refusedBy(r, "checksumError"); got != v.Accepted {
				t.Errorf("accepted = %v, want %v: %s %s", got, v.Accepted, r.body, r.location)
			}
			for key := range v.Violations {
				if !refusedBy(r, key) {
					t.Errorf("want %s: %s %s", key, r.body, r.location)
				}
			}
		})
	}
}

func TestPostedBodies(t *testing.T) {
	var vectors []vector
	if err := json.Unmarshal(shared(t, "checksum/post-content-types.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		if v.Call == "join" {
			continue // its route takes GET only: TestJoinByGetOnly
		}
		name := v.Call
		kind, body := "", ""
		if v.ContentType != nil {
			kind = *v.ContentType
		}
		if v.Body != nil {
			body = *v.Body
		}
		t.Run(name+" "+kind+" "+v.Note, func(t *testing.T) {
			b := start(t, bbbtest.Options{Secret: v.Secret})
			r := b.do(http.MethodPost, b.URL()+"/api/"+v.Call+"?"+v.Query, kind, body)
			if got := r.key() != "checksumError"; got != v.ChecksumAccepted {
				t.Errorf("checksum accepted = %v, want %v: %s", got, v.ChecksumAccepted, r.body)
			}
			_, unsupported := v.Violations["unsupportedContentType"]
			if got := r.key() == "unsupportedContentType"; got != unsupported {
				t.Errorf("content type refused = %v, want %v: %s", got, unsupported, r.body)
			}
		})
	}
}

// The vectors of the fact sheet that the recorded ones don't have.
func TestChecksumOfRepeatedAndEmptyParameters(t *testing.T) {
	const secret = "0123456789abcdefABCDEF-secret"
	for _, test := range []struct{ name, call, query, sum string }{
		{"V2a sha1", "getMeetingInfo", "meetingID=course-42", "5f7fa79f4ef2147d8aa7d5e199e27ecb45759c1d"},
		{"V2c sha384", "getMeetingInfo", "meetingID=course-42", "276c2dc897984b339de59d006da230c3c63465bdbd8bfb2b80835e4a6150e81d4d6642b6ca5b882e76a255afea0548d8"},
		{"V3a plus", "create", "meetingID=course-42&name=Intro+to+Law", "539c886bf8649697f2241e36e3387aaf9cbabc27867fdfc94310d70cd75e772d"},
		{"V6 nothing", "getMeetings", "", "e7ba0696d8aff0616288b57082b93403280b0bd9e9d5bcf67d6b6e5f3f39de80"},
		{"V7 empty value", "create", "meetingID=course-42&name=Intro+to+Law&welcome=", "ebf201ba04e994c6c08d15175653a53630f12cd631f773d50fa4a5ca6f391bf1"},
		{"V9a repeated", "create", "disabledFeatures=polls&disabledFeatures=chat&meetingID=course-42&name=Intro+to+Law", "adf7294e0f7dfcf1a9380d9a3b4b9542c41f9dc7900f26e7283f8ca71c6cdab1"},
		{"V10 list", "getRecordings", "meetingID=course-42%2Ccourse-43&offset=0&limit=25&state=any", "6d16a644667a14576c4cbd27b09eb238f947597d4b6a692a83b898a7515e7d89"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, bbbtest.Options{Secret: secret})
			if r := b.get(b.URL() + "/api/" + test.call + "?" + test.query + "&checksum=" + test.sum); refusedBy(r, "checksumError") {
				t.Errorf("refused: %s", r.body)
			}
			spoilt := strings.Replace(test.sum, test.sum[:4], "0000", 1)
			if r := b.get(b.URL() + "/api/" + test.call + "?" + test.query + "&checksum=" + spoilt); !refusedBy(r, "checksumError") {
				t.Errorf("a wrong checksum is accepted: %s", r.body)
			}
		})
	}
}

func TestAlgorithmsOfBalancers(t *testing.T) {
	const upper = "DA9185F7F333CFDFCD6EEAC32DCA3777510C4C436020D8B887BA5515BD1D189E"
	const sha384 = "891ac633df39d0a1b4f8d597f3e190833216c4b29c4fb51ea3ca72757eeb958d6e7b49a845cf29f5c6019c7d29d029d1"
	const query = "name=Test+Meeting&meetingID=abc123&attendeePW=111222&moderatorPW=333444&checksum="
	for _, test := range []struct {
		name   string
		mode   bbbtest.Mode
		sum    string
		status int
		want   bool
	}{
		{"plain takes upper case", bbbtest.Plain, upper, 200, true},
		{"scalelite compares exactly", bbbtest.Scalelite, upper, 200, false},
		{"scalelite has no sha384", bbbtest.Scalelite, sha384, 200, false},
		{"b3scale refuses with a 500", bbbtest.B3scale, sha384, 500, false},
		{"b3scale takes lower case", bbbtest.B3scale, strings.ToLower(upper), 200, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, bbbtest.Options{Secret: "639259d4-9dd8-4b25-bf01-95f9567eaf4b", Mode: test.mode})
			r := b.get(b.URL() + "/api/create?" + query + test.sum)
			if r.ok() != test.want || r.status != test.status {
				t.Errorf("status %d: %s", r.status, r.body)
			}
		})
	}
}

// Before 3.0 a form is hashed as a query with its keys in order.
func TestFormsBefore30(t *testing.T) {
	b := start(t, bbbtest.Options{Release: "2.5"})
	signed := b.sign("create", "attendeePW=a+b%7E*&meetingID=room-a&moderatorPW=mm&name=Intro")
	_, sum, _ := strings.Cut(signed, "checksum=")
	form := "name=Intro&meetingID=room-a&moderatorPW=mm&attendeePW=a%20b~*&checksum=" + sum
	r := b.do(http.MethodPost, b.URL()+"/api/create", "application/x-www-form-urlencoded", form)
	if !r.ok() {
		t.Error(r.body)
	}
	if b.meeting().AttendeePW != "a b~*" {
		t.Errorf("attendeePW = %q", b.meeting().AttendeePW)
	}
	b.Change(func(o *bbbtest.Options) { o.Release = "3.0" })
	b.wantKey(b.do(http.MethodPost, b.URL()+"/api/create", "application/x-www-form-urlencoded", form), "checksumError")
}

func TestSeveralSecrets(t *testing.T) {
	b := start(t, bbbtest.Options{Secrets: []string{"the old one"}})
	for secret, want := range map[string]bool{b.Server.Secret(): true, "the old one": true, "neither": false} {
		b.secret = secret
		if got := b.call("getMeetings", "").ok(); got != want {
			t.Errorf("secret %q: %v, want %v", secret, got, want)
		}
	}
	b.RotateSecret("the new one")
	for secret, want := range map[string]bool{"the old one": false, "the new one": true} {
		b.secret = secret
		if got := b.call("getMeetings", "").ok(); got != want {
			t.Errorf("after rotation, secret %q: %v, want %v", secret, got, want)
		}
	}
}

// Checksum comes before content type, that before validation, and that before
// the question whether the meeting exists.
func TestOrderOfChecks(t *testing.T) {
	b := start(t, bbbtest.Options{})
	bad := b.URL() + "/api/end?meetingID=a,b&checksum=00"
	b.wantKey(b.do(http.MethodPost, bad, "text/plain", "x"), "checksumError")
	b.wantKey(b.do(http.MethodPost, b.sign("end", "meetingID=a,b"), "text/plain", "x"), "unsupportedContentType")
	b.wantKey(b.call("end", "meetingID=a,b"), "validationError")
	b.wantKey(b.call("end", "meetingID=room-a"), "notFound")
}

func TestShapesOfErrors(t *testing.T) {
	b := start(t, bbbtest.Options{})
	for _, test := range []struct{ address, key, element string }{
		{"/api/getRecordings", "MissingParam", "<errors>"},
		{"/api/getRecordings?checksum=00", "checksumError", "<errors>"},
		{"/api/getMeetings", "checksumError", "<messageKey>"},
		{"/api/publishRecordings?recordID=x&publish=true", "checksumError", "<messageKey>"},
	} {
		r := b.get(b.URL() + test.address)
		b.wantKey(r, test.key)
		if !strings.Contains(r.body, test.element) || r.header.Get("Content-Type") != "text/xml" {
			t.Errorf("%s: %s %s", test.address, r.header.Get("Content-Type"), r.body)
		}
	}
	b.create("&voiceBridge=70000")
	r := b.call("create", "meetingID=room-b&name=Other&voiceBridge=70000")
	b.wantKey(r, "nonUniqueVoiceBridge")
	if !strings.Contains(r.body, "<errors>") {
		t.Error(r.body)
	}
}

func TestUnknownCallsAndMethods(t *testing.T) {
	b := start(t, bbbtest.Options{})
	if r := b.call("nonsense", ""); r.status != http.StatusNotFound {
		t.Errorf("nonsense: %d", r.status)
	}
	for _, call := range []string{"join", "publishRecordings", "deleteRecordings", "sendChatMessage"} {
		if r := b.do(http.MethodPost, b.sign(call, "meetingID=room-a"), "", ""); r.status != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %d", call, r.status)
		}
	}
	if r := b.do(http.MethodHead, b.sign("join", joinA+"&role=VIEWER"), "", ""); r.status != http.StatusMethodNotAllowed {
		t.Errorf("HEAD join: %d", r.status)
	}
	if r := b.call("insertDocument", "meetingID=room-a"); r.status != http.StatusMethodNotAllowed {
		t.Errorf("GET insertDocument: %d", r.status)
	}
	b.Change(func(o *bbbtest.Options) { o.Mode = bbbtest.Scalelite })
	b.wantKey(b.call("nonsense", ""), "unsupportedRequest")
	b.wantKey(b.call("sendChatMessage", "meetingID=room-a&message=x"), "unsupportedRequest")
}

func TestRoot(t *testing.T) {
	b := start(t, bbbtest.Options{})
	for _, address := range []string{"/api", "/api/"} {
		r := b.get(b.URL() + address)
		if !r.ok() || r.value("version") != "2.0" || r.value("graphqlWebsocketUrl") == "" || r.value("build") != "" {
			t.Error(r.body)
		}
	}
	b.Change(func(o *bbbtest.Options) { o.Release = "2.5" })
	if r := b.get(b.URL() + "/api/"); !r.ok() || r.value("graphqlWebsocketUrl") != "" {
		t.Error(r.body)
	}
	b.Change(func(o *bbbtest.Options) { o.Mode = bbbtest.Scalelite })
	if r := b.get(b.URL() + "/api/"); r.value("build") == "" {
		t.Error(r.body)
	}
}

func TestRequestsAreLogged(t *testing.T) {
	b := start(t, bbbtest.Options{})
	b.create("&meta_bbb-origin=bbbridge")
	b.call("getMeetings", "")
	b.do(http.MethodPost, b.sign("create", "meetingID=a&name=xy"), "application/xml; charset=utf-8", "<modules/>")
	all := b.Requests()
	if len(all) != 3 {
		t.Fatalf("%d requests", len(all))
	}
	first, last := all[0], all[2]
	if first.Call != "create" || first.Method != http.MethodGet || first.Failed || !first.At.Equal(noon) ||
		first.Params.Get("attendeePW") != "attendee-pw" || !strings.Contains(first.RawQuery, "name=Intro+to+Law") {
		t.Errorf("first = %+v", first)
	}
	if last.ContentType != "application/xml; charset=utf-8" || string(last.Body) != "<modules/>" || last.Key != "sizeError" || !last.Failed {
		t.Errorf("last = %+v", last)
	}
	calls := slices.Collect(func(yield func(string) bool) {
		for _, r := range b.Requests("create") {
			if !yield(r.Call) {
				return
			}
		}
	})
	if !slices.Equal(calls, []string{"create", "create"}) {
		t.Errorf("calls = %v", calls)
	}
}
