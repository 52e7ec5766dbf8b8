package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

func TestParseSecret(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       secretFile
		wrong      string
	}{
		{"a secret alone", "hush\n", secretFile{secret: "hush"}, ""},
		{"with blanks, line ends of Windows and a mark of byte order", "\ufeff hush\u00a0\r\n\r\n", secretFile{secret: "hush"}, ""},
		{"with a colon in it", "Secrets: a b", secretFile{secret: "Secrets: a b"}, ""},
		{"BigBlueButton 2 and 3", "\n    URL: https://b.example/bigbluebutton/\n    Secret: hush\n\n    Link to the API-Mate:\n    https://mconf.github.io/api-mate/#server=https://10.0.3.132/bigbluebutton/&sharedSecret=hush\n\n",
			secretFile{"hush", "https://b.example/bigbluebutton/"}, ""},
		{"as its documentation writes it", "       URL: https://b.example/bigbluebutton/\r\n    Secret: hush \r\n", secretFile{"hush", "https://b.example/bigbluebutton/"}, ""},
		{"the line of the secret alone", "Secret: hush", secretFile{secret: "hush"}, ""},
		{"nothing", " \n", secretFile{}, "there is no secret"},
		{"an empty secret", "URL: https://b.example/\nSecret:\n", secretFile{}, "there is no secret"},
		{"an address alone", "URL: https://b.example/\n", secretFile{}, "there is no secret"},
		{"two servers", "Secret: a\nSecret: b\n", secretFile{}, "several servers"},
		{"a letter", "Dear admin,\nhush\n", secretFile{}, "neither a secret alone"},
		{"no text", "\xff\xfe", secretFile{}, "neither a secret alone"},
		{"a control character", "Secret: hu\x00sh", secretFile{}, "neither a secret alone"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := parseSecret(test.text)
			if test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong) || strings.Contains(err.Error(), "hush")) {
				t.Fatalf("%v, want %s", err, test.wrong)
			}
			if test.wrong == "" && err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("address %q and secret as wanted: %v", got.url, got.secret == test.want.secret)
			}
		})
	}
}

// What bbb-conf --secret prints is all that a server needs.
func TestServerOfBBBConf(t *testing.T) {
	b := bbbtest.Start(t, bbbtest.Options{})
	p := newProcess(t, hostOf(b.URL()))
	file := filepath.Join(t.TempDir(), "conf")
	text := "\n    URL: " + strings.TrimSuffix(b.URL(), "api") + "\n    Secret: " + b.Secret() + "\n\n    Link to the API-Mate:\n    https://mate.example/#server=x\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p.must("server", "add", "--name", "bbb", "--secret-file", file)
	if got := p.must("server", "test", "bbb"); !strings.Contains(got, "All is well") {
		t.Error(got)
	}
}

// A blank behind the issuer, as pasting leaves one, is nobody's issuer.
func TestCasePastedBlanks(t *testing.T) {
	p := newProcess(t)
	var args []string
	for _, word := range regexp.MustCompile(`"([^"]*)"|(\S+)`).FindAllStringSubmatch(aCase(t, "pasted-blanks/command.txt"), -1) {
		args = append(args, word[1]+word[2])
	}
	if diff := cmp.Diff([]string{"bbbridge", "platform", "add", "--name", "M", "--issuer", "https://lms.school.example "}, args[:7]); diff != "" {
		t.Fatalf("the command (-want +got):\n%s", diff)
	}
	p.must(args[1:]...)
	p.serve()
	login := url.Values{"iss": {"https://lms.school.example"}, "client_id": {"client-1"}, "login_hint": {"5"}, "target_link_uri": {p.url + "/lti/launch"}}
	w := &world{t: t, url: p.url}
	if got := w.ask("POST", "/lti/login", formType, login.Encode()); got.StatusCode != http.StatusFound || !strings.HasPrefix(got.Header.Get("Location"), "https://lms.school.example/auth?") {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// A platform without a token URL takes no grades: its people are in class as
// any, and their register says that grades aren't offered, also where they
// once were.
func TestPlatformWithoutTokenURL(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link("complete_minutes", "5")
	w.launch(link, "anna", ltitest.LaunchOptions{}) // grades are offered
	r := w.lms.Registration(w.tool)
	if err := w.db.RemovePlatform(t.Context(), "Test LMS"); err != nil {
		t.Fatal(err)
	}
	_, err := w.db.AddPlatform(t.Context(), admin.Platform{Registration: lti.Registration{
		Name: "Blog", Issuer: r.Issuer, ClientID: r.ClientID, AuthURL: r.AuthURL, JWKSURL: r.JWKSURL, Deployments: map[string]bool{r.DeploymentID: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	fresh := w.lms.AddLink(ltitest.Link{Course: "law", Tool: w.tool.ID, Title: "New", Custom: map[string]string{"complete_minutes": "5"}, LineItem: &ltitest.LineItem{ScoreMaximum: 10}})
	for _, link := range []ltitest.Link{link, fresh} {
		anna := w.launch(link, "anna", ltitest.LaunchOptions{})
		w.inClass(w.submit(anna, "/start"))
		w.inClass(w.submit(w.launch(link, "ben", ltitest.LaunchOptions{}), "/join"))
		w.later(10 * time.Minute)
		w.bbb.EndNow(w.meeting().ID)
		w.later(10 * time.Second)
		w.callbacks()
		w.eventually("the register says so", func() bool {
			ledger, err := w.db.RoomDeliveries(t.Context(), roomOf(anna))
			return err == nil && len(ledger) == 1 && ledger[0].State == gradebook.Refused && ledger[0].Reason == gradebook.ReasonScopeMissing
		})
		room := w.launch(link, "anna", ltitest.LaunchOptions{})
		register, err := room.Open(roomOf(room) + regexp.MustCompile(`/classes/[^"]+`).FindString(room.Body))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(register.Text, "doesn't let this link send grades") {
			t.Errorf("register: %s", register.Text)
		}
	}
	if got := w.lms.Requests(ltitest.TokenEndpoint); len(got) != 0 {
		t.Errorf("a token was asked for: %v", got)
	}
}
