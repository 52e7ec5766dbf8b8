package main

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// The demo's own words and the LMS's first page lead the same way, and along
// what is there.
func TestDemoSaysTheWayToAGrade(t *testing.T) {
	cmd := exec.Command(os.Args[0], "demo", "--port", "0")
	cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("asked to stop, it ends with %v", err)
		}
	}()
	var address string
	var steps []string
	var desk string
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "Stop") {
		line := lines.Text()
		if at, ok := strings.CutPrefix(line, "Open "); ok {
			address = at
			continue
		}
		if _, about, ok := strings.Cut(line, "Administration: "); ok {
			desk = about
			continue
		}
		_, step, ok := strings.Cut(line, ". ")
		if !ok {
			t.Fatalf("prints %q", line)
		}
		steps = append(steps, step)
	}
	if len(steps) != len(demoSteps) {
		t.Fatalf("prints %q", steps)
	}
	browser := ltitest.NewBrowser()
	read := func(path string) string {
		t.Helper()
		page, err := browser.Get(address + path)
		if err != nil {
			t.Fatal(err)
		}
		return page.Text
	}
	first := read("/")
	for _, want := range append(steps, "Anna Moreau, teacher", "Ben Okafor, learner", "Introduction to Law") {
		if !strings.Contains(first, want) {
			t.Errorf("the LMS's page doesn't say %q: %s", want, first)
		}
	}
	if !strings.Contains(first, "Administration of bbbridge") || !strings.Contains(first, demoStaff) || !strings.Contains(desk, demoPassword) {
		t.Errorf("nobody is told of the pages of staff: %q %s", desk, first)
	}
	signIn, err := browser.Get(strings.Fields(desk)[0])
	if err != nil {
		t.Fatal(err)
	}
	form, err := signIn.Form("/admin/sign-in")
	if err != nil {
		t.Fatal(err)
	}
	form.Fields.Set("email", demoStaff)
	form.Fields.Set("password", demoPassword)
	if page, err := signIn.Submit(form); err != nil || !strings.Contains(page.Text, "1 platform") {
		t.Errorf("the pages of staff: %v %s", err, page.Text)
	}
	if course := read("/as/ben/courses/law"); !strings.Contains(course, "Weekly seminar") {
		t.Errorf("the course: %s", course)
	}
}

// The rule is the one that the steps speak of.
func TestDemosRule(t *testing.T) {
	s, err := demoCommand{}.stage(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, l := range s.listeners {
			l.Close()
		}
		if err := s.db.Close(); err != nil {
			t.Error(err)
		}
	})
	links := s.lms.Links("law")
	if len(links) != 1 || links[0].Title != "Weekly seminar" || links[0].Custom["complete_minutes"] != "1" {
		t.Errorf("links %+v", links)
	}
	if !strings.Contains(strings.Join(demoSteps, " "), "Stay a minute") {
		t.Errorf("steps %q", demoSteps)
	}
}

// Three ports in a row are needed; whichever is in use is said.
func TestDemosPorts(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, text, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		port int
		want string
	}{
		"the first":         {port, "port " + text + " is in use"},
		"no room for three": {65534, "between 1 and 65533"},
		"negative":          {-1, "between 1 and 65533"},
	} {
		t.Run(name, func(t *testing.T) {
			var s stage
			err := s.listen(test.port)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("says %v, want %s", err, test.want)
			}
			if strings.Contains(test.want, "in use") && !strings.Contains(err.Error(), "make demo PORT=9080") {
				t.Errorf("no cure: %v", err)
			}
		})
	}
}
