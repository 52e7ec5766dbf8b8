package main

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What does no harm at once is in the log as the service starts.
func TestWarnedAtStart(t *testing.T) {
	for _, test := range []struct {
		name     string
		variable string
		modes    map[string]os.FileMode
		want     []string
	}{
		{name: "nothing"},
		{
			name:     "a variable that is no setting",
			variable: "BBBRIDGE_COLOUR=blue",
			want:     []string{"a variable begins like bbbridge's and is no setting BBBRIDGE_COLOUR"},
		},
		{
			name:  "a key that all may read",
			modes: map[string]os.FileMode{"b.key": 0o644},
			want:  []string{"others may read or change a file with secrets b.key 0644 chmod 0600 b.key"},
		},
		{
			name:  "a key that its group may read without need",
			modes: map[string]os.FileMode{"b.key": 0o640},
			want:  []string{"others may read or change a file with secrets b.key 0640 chmod 0600 b.key"},
		},
		{
			name:  "a database that came from a backup",
			modes: map[string]os.FileMode{"b.db": 0o664},
			want:  []string{"others may read or change a file with secrets b.db 0664 chmod 0600 b.db"},
		},
		{
			name:  "files that only the owner may read, also so that none may write",
			modes: map[string]os.FileMode{"b.key": 0o400, "b.db": 0o600},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProcess(t)
			p.must("server", "list")
			for file, mode := range test.modes {
				if err := os.Chmod(filepath.Join(p.folder, file), mode); err != nil {
					t.Fatal(err)
				}
			}
			p.env = append(p.env, test.variable)
			p.serve()
			var got []string
			for line := range strings.Lines(p.log.String()) {
				var l struct{ Level, Msg, Variable, File, Mode, Cure string }
				if err := json.Unmarshal([]byte(line), &l); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				if l.Level == "WARN" {
					said := strings.Join([]string{l.Msg, l.Variable, l.File, l.Mode, l.Cure}, " ")
					said = strings.ReplaceAll(said, p.folder+"/", "")
					got = append(got, strings.Join(strings.Fields(said), " "))
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

// An address that can't be had is said with what to do about it.
func TestAddressThatCantBeHad(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	taken := listener.Addr().String()
	_, port, err := net.SplitHostPort(taken)
	if err != nil {
		t.Fatal(err)
	}
	const setting = "BBBRIDGE_LISTEN (in the file: listen)"
	for _, test := range []struct {
		name, listen string
		want         []string
	}{
		{"a port in use", taken, []string{"port " + port + " is in use", "listens at " + taken, "sport = :" + port, "another port with " + setting}},
		{"an address of another machine", "192.0.2.1:8080", []string{"no address 192.0.2.1", "0.0.0.0 for all", setting}},
		{"a name that is none", "no body:8080", []string{"no address of the name in no body:8080", setting}},
		{"a name of no such address", "nobody.onion:8080", []string{"no address of the name in nobody.onion:8080", setting}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProcess(t)
			p.env = append(p.env, "BBBRIDGE_LISTEN="+test.listen)
			got, err := p.command("serve")
			if err == nil {
				t.Fatalf("it serves: %s", got)
			}
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("says %s, want %q", got, want)
				}
			}
		})
	}
}
