package bbb

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// An envelope is what went with an answer.
type envelope struct {
	File, Location string
	Status         int
}

func envelopes(t *testing.T) map[string]envelope {
	all := map[string]envelope{}
	for _, folder := range []string{"plugnmeet", "b3scale"} {
		var index []envelope
		sharedJSON(t, "bbb/"+folder+"/index.json", &index)
		for _, e := range index {
			all[folder+"/"+e.File] = e
		}
	}
	return all
}

// ask makes the call that an answer's file is named after.
func ask(ctx context.Context, c *Client, file string) (any, error) {
	name, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), "-")
	ids := []string{"rec-1"}
	switch name {
	case "create":
		return c.Create(ctx, CreateRequest{MeetingID: "room", Name: "Room"})
	case "join":
		joined, err := c.Join(ctx, JoinRequest{MeetingID: "room", FullName: "A"})
		return []string{joined.UserID, joined.GuestStatus, string(joined.URL)}, err
	case "isMeetingRunning":
		return c.IsMeetingRunning(ctx, "room")
	case "getMeetings", "short":
		return c.Meetings(ctx)
	case "end":
		return nil, c.End(ctx, "room", "mp")
	case "getRecordings":
		return c.Recordings(ctx, RecordingsRequest{MeetingIDs: []string{"room"}})
	case "publishRecordings":
		return nil, c.PublishRecordings(ctx, ids, true)
	case "deleteRecordings":
		return nil, c.DeleteRecordings(ctx, ids)
	case "updateRecordings":
		return nil, c.UpdateRecordings(ctx, ids, map[string]string{"name": "x"})
	case "api":
		return c.Version(ctx)
	}
	return c.MeetingInfo(ctx, "room")
}

// Every answer of a real server is read to what the golden file says: the
// value, or the error with its cause. The address is the test server's.
func TestAnswersOfRealServers(t *testing.T) {
	known := envelopes(t)
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	err := filepath.WalkDir(filepath.Join("..", "testdata", "bbb"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) == ".json" {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file := filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)
		e := known[file]
		client, _ := server(t, cmp.Or(e.Status, http.StatusOK), string(body), "Location", e.Location)
		value, err := ask(t.Context(), client, path)
		fmt.Fprintf(&out, "== %s\n", file)
		if err != nil {
			fmt.Fprintf(&out, "error %s: %s\n", outcome(err), strings.ReplaceAll(err.Error(), client.Server.URL, "API"))
			return nil
		}
		return encoder.Encode(value)
	})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "answers.golden", out.String())
}

func TestMeetingInfo(t *testing.T) {
	client, _ := server(t, http.StatusOK, string(shared(t, "bbb/official/getMeetingInfo-running.xml")))
	got, err := client.MeetingInfo(t.Context(), "lti:platform-1:course-101:link-7")
	if err != nil {
		t.Fatal(err)
	}
	want := Meeting{
		MeetingID:         "lti:platform-1:course-101:link-7",
		InternalMeetingID: "4dd71ea81f20f60f852a554f96f33f4cd85512b8-1767603600123",
		Name:              "Course 101: Übung “3” & <more> 東京",
		CreateTime:        time.Date(2026, 1, 5, 9, 0, 0, 123e6, time.UTC),
		CreateTimeMillis:  1767603600123,
		Start:             time.Date(2026, 1, 5, 9, 0, 5, 123e6, time.UTC),
		Duration:          time.Hour,
		Running:           true, HasUserJoined: true, Recording: true,
		ParticipantCount: 2, ModeratorCount: 1, ListenerCount: 1, VoiceCount: 2, VideoCount: 1,
		Attendees: []Participant{
			{
				UserID: "student/2?x=1&y", FullName: "Zoë “S” <Sample> & Söhne", ListeningOnly: true, Voice: true,
				ClientType: "HTML5", UserData: map[string]string{"bbb_custom_language": "fr"},
			},
			{
				UserID: "29b2e3a1-c3d4-11ee-b962-0242ac120002", FullName: "Teacher Example", Moderator: true,
				Voice: true, Video: true, ClientType: "HTML5",
			},
		},
		Metadata: map[string]string{
			"analytics-callback-url": "https://tool.example.test/hooks/analytics?t=a%20b&u=1",
			"bbb-context-label":      `C101 <Ü> & "q"`,
			"bbb-origin":             "LTI",
			"endcallbackurl":         "https://tool.example.test/hooks/end",
		},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("MeetingInfo (-want +got):\n%s", diff)
	}
}

func TestRecordings(t *testing.T) {
	client, _ := server(t, http.StatusOK, string(shared(t, "bbb/official/getRecordings-many.xml")))
	got, err := client.Recordings(t.Context(), RecordingsRequest{MeetingIDs: []string{"room"}})
	if err != nil || len(got) != 5 {
		t.Fatalf("%d recordings, %v", len(got), err)
	}
	const id = "4dd71ea81f20f60f852a554f96f33f4cd85512b8-1767603600123"
	const thumb = "https://bbb.example.test/presentation/" + id + "/presentation/p1/thumbnails/thumb-"
	want := Recording{
		ID: id, MeetingID: "lti:platform-1:course-101:link-7", InternalMeetingID: id,
		Name: "Course 101: Übung “3” & <more>", Published: true, State: Published,
		Start:        time.Date(2026, 1, 5, 9, 0, 0, 123e6, time.UTC),
		End:          time.Date(2026, 1, 5, 10, 0, 0, 123e6, time.UTC),
		Participants: 60, Size: 22020096, RawSize: 52428800,
		Metadata: map[string]string{
			"bbb-recording-name": "Week 3 & 4", "bbb-context-label": "C101", "meetingName": "Course 101: Übung “3” & <more>",
			"meetingId":                 "lti:platform-1:course-101:link-7",
			"analytics-callback-url":    "https://tool.example.test/hooks/analytics?t=a%20b&u=1",
			"bbb-recording-description": "", "gl-listed": "false", "bbb-origin": "LTI", "isBreakout": "false",
		},
		Formats: []Format{
			{
				Type: "presentation", URL: "https://bbb.example.test/playback/presentation/2.3/" + id, Length: 59 * time.Minute, Size: 1048576,
				Images: []Image{{thumb + "1.png", "Welcome “Ü” & <b>", 176, 136}, {thumb + "2.png", "", 176, 136}},
			},
			{Type: "video", URL: "https://bbb.example.test/playback/video/" + id + "/", Length: 59 * time.Minute, Size: 20971520},
		},
	}
	if diff := gocmp.Diff(want, got[0]); diff != "" {
		t.Errorf("first recording (-want +got):\n%s", diff)
	}
	if title := got[0].Title(); title != "Week 3 & 4" {
		t.Errorf("Title = %q", title)
	}
	if last := got[4]; last.State != Processing || last.Published || len(last.Formats) != 0 || last.Title() != "Still processing" {
		t.Errorf("one in processing: %+v", last)
	}
}

func TestRecordingsOddities(t *testing.T) {
	const many = `<response><returncode>SUCCESS</returncode><recordings>
		<recording><error><recordID>broken</recordID></error></recording>
		<recording><recordID>a-1</recordID><name>Tom &amp;amp; Ann</name><protected>true</protected>
			<playback><format><type>statistics</type><url> https://h.example/s?token=1
			</url><length></length></format></playback></recording>
		<recording><recordID>b-1</recordID><name><![CDATA[ A &lt; B ]]></name><protected>false</protected><endTime></endTime>
			<data><format><type>notes</type></format></data></recording>
	</recordings></response>`
	client, _ := server(t, http.StatusOK, many)
	got, err := client.Recordings(t.Context(), RecordingsRequest{RecordIDs: []string{"a-1", "b-1"}})
	want := []Recording{
		{ID: "a-1", Name: "Tom & Ann", Protected: pointer(true), Formats: []Format{
			{Type: "statistics", URL: "https://h.example/s?token=1", ModeratorsOnly: true},
		}},
		{ID: "b-1", Name: "A < B", Protected: pointer(false), Formats: []Format{{Type: "notes", ModeratorsOnly: true}}},
	}
	if diff := gocmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

const found = `<meetingID>room</meetingID>`

// What servers and what stands before them answer besides what they should.
var tolerances = []struct {
	name, body string
	status     int
	is         error // nil: a meeting is found
	cause      Cause
	key        string
}{
	{"byte order mark, declaration", "\ufeff<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response><returncode>SUCCESS</returncode>" + found + "</response>", 200, nil, "", ""},
	{"SUCCESS in another case", "<response><returncode>\n success </returncode>" + found + "</response>", 200, nil, "", ""},
	{"elements in another case", "<Response><returnCode>SUCCESS</returnCode><meetingid>room</meetingid></Response>", 200, nil, "", ""},
	{"CDATA, comments, unknown elements", "<response><!-- x --><returncode><![CDATA[SUCCESS]]></returncode><new><er/></new><meetingID> <![CDATA[room]]></meetingID></response>", 200, nil, "", ""},
	{"a lone &", "<response><returncode>SUCCESS</returncode><meetingName>Q&A & more</meetingName>" + found + "</response>", 200, nil, "", ""},
	{"Latin-1, declared", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><response><returncode>SUCCESS</returncode><meetingName>\xfcbung</meetingName>" + found + "</response>", 200, nil, "", ""},
	{"UTF-8, declared as something else", "<?xml version=\"1.0\" encoding=\"windows-1252\"?><response><returncode>SUCCESS</returncode><meetingName>ü</meetingName>" + found + "</response>", 200, nil, "", ""},
	{"bytes that are no UTF-8, a control character", "<response><returncode>SUCCESS</returncode><meetingName>\xff\x08</meetingName>" + found + "</response>", 200, nil, "", ""},
	{"numbers that are none", "<response><returncode>SUCCESS</returncode><createTime></createTime><participantCount>many</participantCount><maxUsers>-1</maxUsers>" + found + "</response>", 200, nil, "", ""},
	{"success with an error status", "<response><returncode>SUCCESS</returncode>" + found + "</response>", 500, nil, "", ""},
	{"JSON", `{"response":{"returncode":"SUCCESS","meetingID":"room","attendees":[],"createTime":1}}`, 200, nil, "", ""},

	{"error, singular", "<response><returncode>FAILED</returncode><messageKey>notFound</messageKey><message>m</message></response>", 200, ErrNotFound, CauseFailed, "notFound"},
	{"error, plural", "<response><returncode>FAILED</returncode><errors><error><key>checksumError</key><message>m</message></error><error><key>b</key></error></errors></response>", 200, ErrChecksum, CauseChecksum, "checksumError"},
	{"error as JSON", `{"response":{"returncode":"FAILED","messageKey":"checksumError","message":"m"}}`, 200, ErrChecksum, CauseChecksum, "checksumError"},
	{"error as JSON, plural", `{"response":{"returncode":"FAILED","errors":[{"key":"notFound","message":"m"}]}}`, 200, ErrNotFound, CauseFailed, "notFound"},
	{"error with HTTP 500", "<response><returncode>FAILED</returncode><messageKey>checksumError</messageKey></response>", 500, ErrChecksum, CauseChecksum, "checksumError"},
	{"error in another case", "<response><returncode>failed</returncode><messageKey>CHECKSUMERROR</messageKey></response>", 403, ErrChecksum, CauseChecksum, "CHECKSUMERROR"},
	{"b3scale's ERROR", "<response><returncode>ERROR</returncode><messageKey>b3scale_server_error</messageKey></response>", 500, ErrUnavailable, CauseServerError, "b3scale_server_error"},
	{"key that nobody knows", "<response><returncode>FAILED</returncode><messageKey>brandNew</messageKey></response>", 200, nil, CauseFailed, "brandNew"},
	{"API switched off", "<response><returncode>FAILED</returncode><messageKey>apiNotEnabled</messageKey></response>", 200, ErrAPIDisabled, CauseAPIDisabled, "apiNotEnabled"},

	{"empty", " \n", 200, ErrNotBBB, CauseNotBBB, ""},
	{"plain HTTP at nginx's port of TLS", "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head>", 400, ErrTLSExpected, CauseTLSExpected, ""},
	{"the same at Apache", "<!DOCTYPE HTML><html><head><title>400 Bad Request</title></head><body>Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />", 400, ErrTLSExpected, CauseTLSExpected, ""},
	{"another bad request", "<html><title>400 Bad Request</title></html>", 400, ErrHTML, CauseHTML, ""},
	{"empty, 502", "", 502, ErrUnavailable, CauseServerError, ""},
	{"cut off", "<response><returncode>SUCCESS</returncode><meetingID>room", 200, ErrNotBBB, CauseNotBBB, ""},
	{"another XML", "<rss><returncode>SUCCESS</returncode></rss>", 200, ErrNotBBB, CauseNotBBB, ""},
	{"no returncode", "<response><version>2.0</version></response>", 200, ErrNotBBB, CauseNotBBB, ""},
	{"plain text", "It works!", 200, ErrNotBBB, CauseNotBBB, ""},
	{"another JSON", `{"ok":true}`, 200, ErrNotBBB, CauseNotBBB, ""},
	{"broken JSON", `{"response":`, 200, ErrNotBBB, CauseNotBBB, ""},
	{"login page", "<!-- x --><!DOCTYPE HTML><html><head><title>Log in</title>", 200, ErrHTML, CauseHTML, ""},
	{"XHTML", "<?xml version=\"1.0\"?>\n<html xmlns=\"x\"><title>y</title></html>", 200, ErrHTML, CauseHTML, ""},
	{"page that isn't there", "<html><title>404</title></html>", 404, ErrNoSuchPath, CauseNotFoundPath, ""},
	{"basic auth", "who?", 401, ErrAccessDenied, CauseAccessDenied, ""},
	{"IP list", "<html><h1>Forbidden", 403, ErrAccessDenied, CauseAccessDenied, ""},
	{"bad gateway", "<html><title>502 Bad Gateway</title></html>", 502, ErrUnavailable, CauseServerError, ""},
	{"too many requests", "slow down", 429, ErrUnavailable, CauseServerError, ""},
	{"elements without end", strings.Repeat("<response>", 100), 200, ErrNotBBB, CauseNotBBB, ""},
	{"too deep", strings.Repeat("<response>", 100) + strings.Repeat("</response>", 100), 200, ErrNotBBB, CauseNotBBB, ""},
}

func TestTolerance(t *testing.T) {
	for _, test := range tolerances {
		t.Run(test.name, func(t *testing.T) {
			client, _ := server(t, test.status, test.body)
			got, err := client.MeetingInfo(t.Context(), "room")
			if test.cause == "" {
				if err != nil || got.MeetingID != "room" {
					t.Errorf("MeetingInfo = %+v, %v", got, err)
				}
				return
			}
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("error is %T %v", err, err)
			}
			if test.is != nil && !errors.Is(err, test.is) || Explain(err) != test.cause || e.Key != test.key || e.Status != test.status {
				t.Errorf("error %v: cause %s, key %q, status %d; want %v, %s, %q, %d", err, Explain(err), e.Key, e.Status, test.is, test.cause, test.key, test.status)
			}
		})
	}
}

func TestBreakoutRooms(t *testing.T) {
	const body = `<response><returncode>SUCCESS</returncode><meetingID>r</meetingID><isBreakout>true</isBreakout><parentMeetingID>p-1</parentMeetingID>
		<breakoutRooms><breakout>b-1</breakout><breakout>b-2</breakout></breakoutRooms></response>`
	client, _ := server(t, http.StatusOK, body)
	m, err := client.MeetingInfo(t.Context(), "r")
	if err != nil || !m.Breakout || m.ParentMeetingID != "p-1" || !slices.Equal(m.BreakoutRooms, []string{"b-1", "b-2"}) {
		t.Errorf("MeetingInfo = %+v, %v", m, err)
	}
}

func TestNamesInOtherEncodings(t *testing.T) {
	for _, test := range []struct{ name, declaration, bytes, want string }{
		{"Latin-1, declared", `<?xml version="1.0" encoding="ISO-8859-1"?>`, "\xdcbung", "Übung"},
		{"UTF-8, declared as something else", `<?xml version="1.0" encoding="windows-1252"?>`, "Übung", "Übung"},
		{"declared as UTF-8, but isn't", `<?xml version="1.0" encoding="UTF-8"?>`, "a\xffb", "a\ufffdb"},
		{"not declared", "", "a\xffb\x08c", "a\ufffdb c"},
		{"a lone &", "", "Q&A & more &amp; &unknown;", "Q&A & more & &unknown;"},
	} {
		body := test.declaration + "<response><returncode>SUCCESS</returncode><meetingName>" + test.bytes + "</meetingName></response>"
		root, err := parseAnswer(t.Context(), []byte(body))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := root.meeting().Name; got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// A key has one sentinel, and only that.
func TestErrorIs(t *testing.T) {
	all := []error{ErrNotFound, ErrChecksum, ErrIDNotUnique, ErrForciblyEnded, ErrMismatchCreateTime, ErrFull, ErrGuestDenied,
		ErrPassword, ErrInvalid, ErrUnavailable, ErrAPIDisabled, ErrUnsupported, ErrRedirect, ErrNoSuchPath, ErrAccessDenied,
		ErrHTML, ErrNotBBB, ErrTooLarge, ErrTLSExpected}
	for _, test := range []struct {
		e    Error
		want error
	}{
		{Error{Key: "idNotUnique"}, ErrIDNotUnique},
		{Error{Key: "NotUniqueMeetingID"}, ErrIDNotUnique},
		{Error{Key: "invalidMeetingIdentifier"}, ErrNotFound},
		{Error{Key: "meetingForciblyEnded"}, ErrForciblyEnded},
		{Error{Key: "mismatchCreateTimeParam"}, ErrMismatchCreateTime},
		{Error{Key: "maxParticipantsReached"}, ErrFull},
		{Error{Key: "maxConcurrent"}, ErrFull},
		{Error{Key: "guestDeny"}, ErrGuestDenied},
		{Error{Key: "Params required"}, ErrPassword},
		{Error{Key: "serverUnavailable"}, ErrUnavailable},
		{Error{Key: "unsupportedRequest"}, ErrUnsupported},
		{Error{Key: "missingParamMeetingID"}, ErrInvalid},
		{Error{Key: "error", Message: "room not found or not active"}, ErrNotFound},
		{Error{Key: "error", Message: "password missing"}, nil},
		{Error{Message: "Meeting with id [nope] not found."}, ErrNotFound},
		{Error{Key: "brandNew", Message: "not found"}, nil},
		{Error{}, nil},
	} {
		err := fmt.Errorf("doing: %w", &test.e)
		got := slices.DeleteFunc(slices.Clone(all), func(target error) bool { return !errors.Is(err, target) })
		if test.want == nil && len(got) != 0 || test.want != nil && !slices.Equal(got, []error{test.want}) {
			t.Errorf("%+v is %v, want %v", test.e, got, test.want)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, name := range []string{"getMeetingInfo-running", "getRecordings-many", "errors-list", "getMeetings-two", "create-duplicate"} {
		f.Add(shared(f, "bbb/official/"+name+".xml"))
	}
	f.Add([]byte(`{"response":{"returncode":"FAILED","errors":[{"key":"a"}],"x":[[1],{"y":null}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		root, err := parseAnswer(t.Context(), body)
		if err != nil {
			if !errors.Is(err, ErrHTML) && !errors.Is(err, ErrNotBBB) && !errors.Is(err, ErrTooLarge) {
				t.Errorf("error %v", err)
			}
			_ = scrub(noAnswer(200, body, err).Message, "x")
			return
		}
		if e := refusal(root); e != nil && Explain(e) == "" {
			t.Errorf("no cause for %v", e)
		}
		created(root)
		root.recordings()
		m := root.meeting()
		if m.ParticipantCount < 0 || m.Duration < 0 || m.CreateTime.Year() > 9999 {
			t.Errorf("meeting %+v", m)
		}
	})
}
