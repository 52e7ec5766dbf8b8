package bbb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fullCreate sets every field.
var fullCreate = CreateRequest{
	MeetingID: "rk3v9q2x7m1p8z4t6w0abcd", Name: "Intro to Law: “Übung” & <more>",
	AttendeePassword: "attendeepassword1234", ModeratorPassword: "moderatorpassword123",
	Welcome: "Hello <b>you</b>\n100% + more", ModeratorMessage: "help: +49 30 1", LogoutURL: "https://tool.example.org/rooms/1/left?a=1&b=2",
	MeetingEndedURL: "https://tool.example.org/bbb/ended/1", GuestPolicy: AskModerator, MaxParticipants: 30, DurationMinutes: 120,
	Record: pointer(true), AutoStartRecording: pointer(false), AllowStartStopRecording: pointer(true), NotifyRecordingIsOn: pointer(true),
	MuteOnStart: pointer(true), AllowModsToUnmuteUsers: pointer(false), WebcamsOnlyForModerator: pointer(false),
	ExpireIfNoUserJoined: 10 * time.Minute, ExpireWhenLastUserLeft: time.Second,
	EndWhenNoModerator: pointer(true), EndWhenNoModeratorDelay: 10*time.Minute + time.Second,
	KeepEvents: true, MeetingLayout: "SMART_LAYOUT", DisabledFeatures: []string{"polls", "chat"},
	Metadata: map[string]string{
		"bbb-origin": "bbbridge", EndCallback: "https://tool.example.org/bbb/ended/1", AnalyticsCallback: "https://tool.example.org/bbb/analytics/1?t=Ab-9_x",
	},
	Extra: url.Values{"bannerColor": {"#ff0000"}, "logo": {"https://tool.example.org/l.png"}},
}

var fullJoin = JoinRequest{
	MeetingID: "rk3v9q2x7m1p8z4t6w0abcd", FullName: "Élodie  Müller\t\x07", UserID: "u7f3a91c2", Moderator: true,
	Password: "moderatorpassword123", CreateTime: 1735689600123, Guest: pointer(false),
	LogoutURL: "https://tool.example.org/left", ErrorRedirectURL: "https://tool.example.org/left?v=1", Locale: "fr",
	ExcludeFromDashboard: true, UserData: map[string]string{"bbb_custom_style": ".a{color:red} ", "bbb_two-dashes": "x", "": "x"},
	AvatarURL: "https://tool.example.org/a.png",
}

// The signed requests as they go out. A changed line is a changed protocol:
// old servers and balancers are behind it.
func TestSignedRequests(t *testing.T) {
	var out strings.Builder
	ids := []string{"9d1e-1735689600123", "9d1e-1735689600124"}
	for _, test := range []struct {
		name string
		do   func(context.Context, *Client) error
	}{
		{"root", func(ctx context.Context, c *Client) error { _, err := c.Version(ctx); return err }},
		{"least create", func(ctx context.Context, c *Client) error {
			_, err := c.Create(ctx, CreateRequest{MeetingID: "room", Name: "A", ExpireWhenLastUserLeft: 0})
			return err
		}},
		{"full create", func(ctx context.Context, c *Client) error { _, err := c.Create(ctx, fullCreate); return err }},
		{"create with slides", func(ctx context.Context, c *Client) error {
			_, err := c.Create(ctx, CreateRequest{MeetingID: "room", Name: "Room", Slides: []Document{
				{Name: `week "1".pdf`, URL: "https://tool.example.org/files/42?sig=abc&x=<1>", Current: true, Downloadable: true},
				{Name: "handout.pdf", Data: []byte("%PDF-1.6\n"), Removable: true},
			}})
			return err
		}},
		{"least join", func(ctx context.Context, c *Client) error {
			_, err := c.Join(ctx, JoinRequest{MeetingID: "room", UserID: "u1"})
			return err
		}},
		{"full join", func(ctx context.Context, c *Client) error { _, err := c.Join(ctx, fullJoin); return err }},
		{"running", func(ctx context.Context, c *Client) error { _, err := c.IsMeetingRunning(ctx, "room 1"); return err }},
		{"info", func(ctx context.Context, c *Client) error { _, err := c.MeetingInfo(ctx, "room"); return err }},
		{"meetings", func(ctx context.Context, c *Client) error { _, err := c.Meetings(ctx); return err }},
		{"end", func(ctx context.Context, c *Client) error { return c.End(ctx, "room", "m+p") }},
		{"recordings of meetings", func(ctx context.Context, c *Client) error {
			_, err := c.Recordings(ctx, RecordingsRequest{MeetingIDs: []string{"room", "room2"}, States: []string{Published, Processing}})
			return err
		}},
		{"recordings by id", func(ctx context.Context, c *Client) error {
			_, err := c.Recordings(ctx, RecordingsRequest{RecordIDs: ids})
			return err
		}},
		{"publish", func(ctx context.Context, c *Client) error { return c.PublishRecordings(ctx, ids, true) }},
		{"unpublish", func(ctx context.Context, c *Client) error { return c.PublishRecordings(ctx, ids[:1], false) }},
		{"delete", func(ctx context.Context, c *Client) error { return c.DeleteRecordings(ctx, ids) }},
		{"update", func(ctx context.Context, c *Client) error {
			return c.UpdateRecordings(ctx, ids, map[string]string{"name": "Week 1", "description": ""})
		}},
	} {
		client, calls := server(t, http.StatusOK, "<response><returncode>SUCCESS</returncode><meetingID>room</meetingID></response>")
		if err := test.do(t.Context(), client); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		sent := (*calls)[0]
		if sent.Accept != "text/xml, application/xml" || sent.UserAgent != "test/1" {
			t.Errorf("%s: Accept %q, User-Agent %q", test.name, sent.Accept, sent.UserAgent)
		}
		fmt.Fprintf(&out, "== %s\n%s %s?%s\n%s\n%s\n", test.name, sent.Method, sent.Name,
			strings.ReplaceAll(sent.Query, "&", "\n&"), sent.ContentType, sent.Body)
	}
	golden(t, "requests.golden", out.String())
}

func TestJoinURLIsSignedAsItStands(t *testing.T) {
	for _, algorithm := range []Algorithm{SHA1, SHA256, SHA384, SHA512} {
		c := Client{Server: Server{URL: "https://bbb.example.org/bigbluebutton/api", Secret: testSecret, Algorithm: algorithm}}
		address := c.JoinURL(fullJoin)
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		query, sum, _ := strings.Cut(u.RawQuery, "&checksum=")
		if sum != checksum(string(algorithm), "join"+query+testSecret) || u.Path != "/bigbluebutton/api/join" {
			t.Errorf("%s: %s", algorithm, address)
		}
		if u.Query().Get("fullName") != "Élodie  Müller" {
			t.Errorf("fullName %q", u.Query().Get("fullName"))
		}
	}
}

func TestInvalidRequests(t *testing.T) {
	client, calls := server(t, http.StatusOK, "")
	good := CreateRequest{MeetingID: "room", Name: "Room"}
	for name, spoil := range map[string]func(*CreateRequest){
		"no meeting id":                  func(r *CreateRequest) { r.MeetingID = "" },
		"comma in the meeting id":        func(r *CreateRequest) { r.MeetingID = "a,b" },
		"meeting id too long":            func(r *CreateRequest) { r.MeetingID = strings.Repeat("m", 257) },
		"underscore in a metadata name":  func(r *CreateRequest) { r.Metadata = map[string]string{"course_id": "1"} },
		"metadata name with its prefix":  func(r *CreateRequest) { r.Metadata = map[string]string{"meta_x": "1"} },
		"no metadata name":               func(r *CreateRequest) { r.Metadata = map[string]string{"": "1"} },
		"metadata names that become one": func(r *CreateRequest) { r.Metadata = map[string]string{"a-B": "1", "a-b": "2"} },
		"extra checksum":                 func(r *CreateRequest) { r.Extra = url.Values{"checksum": {"1"}} },
		"extra without a name":           func(r *CreateRequest) { r.Extra = url.Values{"": {"1"}} },
		"extra that has a field":         func(r *CreateRequest) { r.Extra = url.Values{"name": {"1"}} },
		"slides without content":         func(r *CreateRequest) { r.Slides = []Document{{Name: "a.pdf"}} },
	} {
		r := good
		spoil(&r)
		if _, err := client.Create(t.Context(), r); !errors.Is(err, ErrInvalid) || Explain(err) != CauseFailed {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx := t.Context()
	_, all := client.Recordings(ctx, RecordingsRequest{States: []string{Published}})
	_, comma := client.Recordings(ctx, RecordingsRequest{RecordIDs: []string{"a,b"}})
	for name, err := range map[string]error{
		"everybody's recordings": all, "comma": comma,
		"publish none": client.PublishRecordings(ctx, nil, true), "delete none": client.DeleteRecordings(ctx, nil),
		"delete of a list":   client.DeleteRecordings(ctx, []string{"a,b"}),
		"update with a name": client.UpdateRecordings(ctx, []string{"a-1"}, map[string]string{"a_b": ""}),
	} {
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(*calls) != 0 {
		t.Errorf("sent all the same: %v", *calls)
	}
}

func TestUpdateOfAnothersRecording(t *testing.T) {
	client, _ := server(t, http.StatusOK, "<response><returncode>SUCCESS</returncode><updated>false</updated></response>")
	if err := client.UpdateRecordings(t.Context(), []string{"a-1"}, nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("error is %v", err)
	}
}

func TestCreateAnswers(t *testing.T) {
	at := time.Date(2026, 1, 5, 9, 0, 0, 123e6, time.UTC)
	for file, want := range map[string]Created{
		"official/create-duplicate.xml": {
			MeetingID: "lti:platform-1:course-101:link-7", InternalMeetingID: "4dd71ea81f20f60f852a554f96f33f4cd85512b8-1767603600123",
			AttendeePassword: "ap", ModeratorPassword: "mp", CreateTime: at, CreateTimeMillis: 1767603600123, Duplicate: true,
			Key: "duplicateWarning", Message: "This conference was already in existence and may currently be in progress.",
		},
		"plugnmeet/create-again-same.xml": {
			MeetingID: "lti-course-101", InternalMeetingID: "84e10b88-1d6e-41fb-b3b8-6893525edefe", AttendeePassword: "ap", ModeratorPassword: "mp",
			CreateTime: time.UnixMilli(1795228932000).UTC(), CreateTimeMillis: 1795228932000, Key: "success", Message: "success",
		},
	} {
		client, _ := server(t, http.StatusOK, string(shared(t, "bbb/"+file)))
		got, err := client.Create(t.Context(), CreateRequest{MeetingID: "room", Name: "Room"})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", file, err, diff)
		}
	}
}

func TestNames(t *testing.T) {
	for _, test := range []struct{ name, meeting, person string }{
		{"Law", "Law", "Law"},
		{" A ", "(A)", "A"},
		{"\x00\u0085\n", "()", "u1"},
		{"a\tb\nc", "a b c", "a b c"},
		{strings.Repeat("ü", 64), strings.Repeat("ü", 64), strings.Repeat("ü", 64)},
		{strings.Repeat("ü", 65), strings.Repeat("ü", 63) + "…", strings.Repeat("ü", 63) + "…"},
	} {
		if got := meetingName(test.name); got != test.meeting {
			t.Errorf("meetingName(%q) = %q, want %q", test.name, got, test.meeting)
		}
		if got := (JoinRequest{FullName: test.name, UserID: "u1"}).name(); got != test.person {
			t.Errorf("JoinRequest{%q}.name() = %q, want %q", test.name, got, test.person)
		}
	}
	if got := (JoinRequest{}).name(); got != "?" {
		t.Errorf("nameless: %q", got)
	}
}

func TestObserve(t *testing.T) {
	var seen []string
	for _, body := range []string{"official/getMeetingInfo-running.xml", "official/error-03-notFound.xml", "official/error-01-checksumError.xml"} {
		client, _ := server(t, http.StatusOK, string(shared(t, "bbb/"+body)))
		now := time.Unix(0, 0)
		client.Now = func() time.Time { now = now.Add(time.Second); return now }
		client.Observe = func(call, outcome string, d time.Duration) {
			seen = append(seen, fmt.Sprint(call, " ", outcome, " ", d))
		}
		_, _ = client.MeetingInfo(t.Context(), "room")
		_, _ = client.Join(t.Context(), JoinRequest{MeetingID: "room"})
		_, _ = client.Version(t.Context())
	}
	want := []string{
		"getMeetingInfo ok 1s", "join ok 1s", "root ok 1s",
		"getMeetingInfo not_found 1s", "join not_found 1s", "root not_found 1s",
		"getMeetingInfo checksum 1s", "join checksum 1s", "root checksum 1s",
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("observed (-want +got):\n%s", diff)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	for location, names := range map[string]string{
		"https://other.example.org/bigbluebutton/api/getMeetingInfo?meetingID=room&checksum=abc": "to https://other.example.org: fix the server's URL",
		"/login?next=checksum": "to its /login: fix the server's URL",
	} {
		client, calls := server(t, http.StatusMovedPermanently, "", "Location", location)
		_, err := client.MeetingInfo(t.Context(), "room")
		if !errors.Is(err, ErrRedirect) || Explain(err) != CauseRedirect || !strings.Contains(err.Error(), names) || strings.Contains(err.Error(), "checksum") {
			t.Errorf("error is %v", err)
		}
		if len(*calls) != 1 {
			t.Errorf("%d calls", len(*calls))
		}
	}
}

func TestJoinRefused(t *testing.T) {
	const to = "https://tool.example.org/left?v=1&errors=%5B%7B%22key%22%3A%22maxParticipantsReached%22%2C%22message%22%3A%22full%22%7D%5D"
	client, _ := server(t, http.StatusFound, "", "Location", to)
	if _, err := client.Join(t.Context(), JoinRequest{MeetingID: "room"}); !errors.Is(err, ErrFull) || strings.Contains(err.Error(), "v=1") {
		t.Errorf("error is %v", err)
	}
}

func TestAnswerTooLarge(t *testing.T) {
	const head, foot = "<response><returncode>SUCCESS</returncode><meetingID>r</meetingID><x>", "</x></response>"
	for extra, want := range map[int]error{0: nil, 1: ErrTooLarge} {
		client, _ := server(t, http.StatusOK, head+strings.Repeat("x", maxAnswer-len(head)-len(foot)+extra)+foot)
		if _, err := client.Recordings(t.Context(), RecordingsRequest{MeetingIDs: []string{"room"}}); !errors.Is(err, want) {
			t.Errorf("%d over the limit: %v", extra, err)
		}
	}
}

// stuck never answers, or never ends its answer.
type stuck struct{ body bool }

func (s stuck) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.body {
		read, write := io.Pipe()
		context.AfterFunc(r.Context(), func() { write.CloseWithError(r.Context().Err()) })
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: read, Request: r}, nil
	}
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestTimeLimits(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(context.Context, *Client) error
		want time.Duration
	}{
		{"create", func(ctx context.Context, c *Client) error {
			_, err := c.Create(ctx, CreateRequest{MeetingID: "room", Name: "Room"})
			return err
		}, 30 * time.Second},
		{"info", func(ctx context.Context, c *Client) error { _, err := c.MeetingInfo(ctx, "room"); return err }, 15 * time.Second},
		{"join", func(ctx context.Context, c *Client) error { _, err := c.Join(ctx, JoinRequest{}); return err }, 15 * time.Second},
		{"recordings", func(ctx context.Context, c *Client) error {
			_, err := c.Recordings(ctx, RecordingsRequest{MeetingIDs: []string{"room"}})
			return err
		}, 30 * time.Second},
	} {
		for _, body := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				// The time limit of the http.Client given isn't ours.
				c := &Client{Server: Server{URL: "https://bbb.example.org/api", Secret: "hush"}, HTTP: &http.Client{Transport: stuck{body}, Timeout: time.Second}}
				start := time.Now()
				err := test.do(t.Context(), c)
				if took := time.Since(start); took != test.want || Explain(err) != CauseTimeout {
					t.Errorf("%s took %v, %v", test.name, took, err)
				}
			})
		}
	}
}

func TestProbeAlgorithms(t *testing.T) {
	const fine, bad = "<response><returncode>SUCCESS</returncode><meetings/></response>", "<response><returncode>FAILED</returncode><messageKey>checksumError</messageKey></response>"
	for _, test := range []struct {
		name    string
		accepts string
		want    Algorithm
		is      error
	}{
		{"sha512 alone", "sha512", SHA512, nil},
		{"plugNmeet", "sha1", SHA1, nil},
		{"all", "sha1 sha256 sha384 sha512", SHA256, nil},
		{"wrong secret", "", "", ErrChecksum},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &Client{Server: Server{URL: "https://bbb.example.org/api", Secret: testSecret, Algorithm: SHA384}}
			c.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (int, string) {
				for name := range strings.FieldsSeq(test.accepts) {
					if r.URL.RawQuery == "checksum="+checksum(name, "getMeetings"+testSecret) {
						return 200, fine
					}
				}
				return 200, bad
			})}
			got, err := c.ProbeAlgorithms(t.Context())
			if got != test.want || !errors.Is(err, test.is) {
				t.Errorf("ProbeAlgorithms = %q, %v", got, err)
			}
		})
	}
	down := &Client{HTTP: &http.Client{Transport: roundTrip(func(*http.Request) (int, string) { return 502, "" })}}
	if got, err := down.ProbeAlgorithms(t.Context()); got != "" || !errors.Is(err, ErrUnavailable) {
		t.Errorf("server that is down: %q, %v", got, err)
	}
}

type roundTrip func(*http.Request) (int, string)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := f(r)
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}
