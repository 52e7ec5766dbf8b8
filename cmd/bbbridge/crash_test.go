package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// asProgram makes the test's own file the program: what a process does that
// is killed can't be seen from within.
const asProgram = "TEST_BBBRIDGE_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A process is the real program, with its own database, port and settings.
type process struct {
	t      *testing.T
	env    []string
	folder string // of its database and key
	url    string // as browsers see it
	at     string // where it listens
	cmd    *exec.Cmd
	done   chan error
	log    lockedBuffer
}

// lockedBuffer keeps what a process writes.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func newProcess(t *testing.T, allow ...string) *process {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // a port that nobody has
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	p := &process{t: t, folder: folder, url: "http://" + address, at: "http://" + address}
	p.env = append(os.Environ(), asProgram+"=1",
		"BBBRIDGE_LISTEN="+address, "BBBRIDGE_PUBLIC_URL="+p.url,
		"BBBRIDGE_DATABASE=sqlite:"+filepath.Join(folder, "b.db"), "BBBRIDGE_MASTER_KEY_FILE="+filepath.Join(folder, "b.key"),
		"BBBRIDGE_ALLOW_HOSTS="+strings.Join(allow, ","), "BBBRIDGE_POLL_INTERVAL=30s")
	t.Cleanup(func() {
		if p.cmd != nil {
			p.kill()
		}
		if t.Failed() {
			t.Log(p.log.String())
		}
	})
	return p
}

// command runs the program with other words, to its end.
func (p *process) command(args ...string) (string, error) {
	cmd := exec.CommandContext(p.t.Context(), os.Args[0], args...)
	cmd.Env = p.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must is command that has to succeed.
func (p *process) must(args ...string) string {
	p.t.Helper()
	out, err := p.command(args...)
	if err != nil {
		p.t.Fatalf("bbbridge %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// serve starts the program and waits until it is ready.
func (p *process) serve() {
	p.t.Helper()
	p.cmd = exec.Command(os.Args[0], "serve")
	p.cmd.Env, p.cmd.Stderr = p.env, &p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.done = make(chan error, 1)
	go func(cmd *exec.Cmd, done chan error) { done <- cmd.Wait() }(p.cmd, p.done)
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		res, err := http.Get(p.at + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			p.t.Fatalf("not ready: %v\n%s", err, p.log.String())
		}
	}
}

// kill ends the program as a power failure would.
func (p *process) kill() {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("kill: %v", err)
	}
	if err := <-p.done; err == nil {
		p.t.Error("killed, it ends as if it had been asked to")
	}
	p.cmd = nil
}

func TestKilledAtAnyMoment(t *testing.T) {
	const learners = 12
	for round := range 4 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, clock: &clock{}}
			w.lms = ltitest.Start(t, ltitest.Options{Seed: true})
			w.bbb = bbbtest.Start(t, bbbtest.Options{Now: w.clock.now})
			p := newProcess(t, hostOf(w.lms.URL()), hostOf(w.bbb.URL()))
			link := w.registered(p)
			p.serve()
			w.inClass(w.submit(w.launch(link, "anna", ltitest.LaunchOptions{}), "/start"))
			var names []string
			for i := range learners {
				name := fmt.Sprintf("learner%d", i)
				names = append(names, name)
				w.lms.AddPerson(ltitest.Person{Username: name, Name: name, Roles: map[string][]string{"law": {ltitest.Learner}}})
				w.inClass(w.submit(w.launch(link, name, ltitest.LaunchOptions{}), "/join"))
			}
			w.clock.advance(40 * time.Minute) // BigBlueButton's clock alone
			w.bbb.EndNow(w.meeting().ID)
			w.clock.advance(10 * time.Second)
			// Some answers of the gradebook get lost on the way.
			w.lms.Be(ltitest.Fault{At: ltitest.ScoresEndpoint, Skip: round, Times: 2, Late: true, Answer: ltitest.AnswerClosed})
			if err := w.bbb.DeliverCallbacks(context.Background()); err != nil {
				t.Fatal(err)
			}
			for range 5 {
				moment := time.NewTimer(time.Duration(rand.IntN(60)) * time.Millisecond)
				<-moment.C
				p.kill()
				p.serve()
			}
			for _, name := range names {
				w.eventually(name+" has a grade", func() bool { return w.grade(link, name) == "10/10" })
			}
			for _, name := range names {
				if got := len(w.lms.AcceptedScores(link.ID, name)); got != 1 {
					t.Errorf("the gradebook took %d scores for %s, want 1", got, name)
				}
			}
		})
	}
}

// registered registers the LMS and BigBlueButton of w with the program, by
// its commands.
func (w *world) registered(p *process) ltitest.Link {
	w.t.Helper()
	w.url = p.url
	w.tool = w.lms.AddTool(ltitest.Tool{LoginURL: p.url + "/lti/login", LaunchURL: p.url + "/lti/launch", JWKSURL: p.url + "/.well-known/jwks.json", ShareName: true})
	r := w.lms.Registration(w.tool)
	p.must("platform", "add", "--name", "Test LMS", "--issuer", r.Issuer, "--client-id="+r.ClientID, "--auth-url", r.AuthURL,
		"--token-url", r.TokenURL, "--jwks-url", r.JWKSURL, "--deployment-id", r.DeploymentID)
	secret := filepath.Join(w.t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(w.bbb.Secret()+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	p.must("server", "add", "--name", "bbb", "--url", w.bbb.URL(), "--secret-file", secret)
	return w.link("complete_minutes", "30")
}

func TestCommands(t *testing.T) {
	w := &world{t: t, clock: &clock{}}
	w.lms = ltitest.Start(t, ltitest.Options{Seed: true})
	w.bbb = bbbtest.Start(t, bbbtest.Options{Now: w.clock.now})
	p := newProcess(t, hostOf(w.lms.URL()), hostOf(w.bbb.URL()))
	link := w.registered(p)
	p.serve()
	for _, test := range []struct {
		args string
		want string
	}{
		{"platform list", "Test LMS"},
		{"server list", "/bigbluebutton/api"},
		{"server test bbb", "All is well"},
		{"keys rotate", "signs from"},
		{"version", "bbbridge "},
	} {
		if got := p.must(strings.Fields(test.args)...); !strings.Contains(got, test.want) {
			t.Errorf("bbbridge %s: %s", test.args, got)
		}
	}
	if got := p.must("platform", "show", "Test LMS"); !strings.Contains(got, p.url+"/lti/login") {
		t.Errorf("platform show: %s", got)
	}
	w.bbb.RotateSecret("another-secret")
	if got, err := p.command("server", "test", "bbb"); err == nil || !strings.Contains(got, "secret is wrong") || strings.Contains(got, "another-secret") {
		t.Errorf("server test with a wrong secret: %v %s", err, got)
	}
	for _, args := range [][]string{{"platform", "show", "nobody"}, {"server", "remove", "nobody"}, {"platform", "add"}, {"no", "such"}} {
		if got, err := p.command(args...); err == nil {
			t.Errorf("bbbridge %v succeeds: %s", args, got)
		}
	}
	p.must("platform", "disable", "Test LMS")
	w.eventually("launches are refused", func() bool {
		return strings.Contains(w.launch(link, "ben", ltitest.LaunchOptions{}).Text, "platform_disabled")
	})
	p.must("platform", "remove", "Test LMS")
	w.eventually("the platform is unknown", func() bool {
		return strings.Contains(w.launch(link, "ben", ltitest.LaunchOptions{}).Text, "login_unknown_platform")
	})
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := <-p.done; err != nil {
		t.Errorf("asked to stop, it ends with %v", err)
	}
	p.cmd = nil
}
