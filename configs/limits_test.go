package configs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The last value that is taken and the first that isn't.
func TestLimits(t *testing.T) {
	for _, test := range []struct {
		variable string
		ok       bool
	}{
		{"POLL_INTERVAL=100ms", true},
		{"POLL_INTERVAL=99ms", false},
		{"POLL_INTERVAL=1h", true},
		{"POLL_INTERVAL=1h0m0.001s", false},
		{"LOGIN_RATE=100", true},
		{"LOGIN_RATE=99", false},
		{"ALLOW_HOSTS=lms.internal:1", true},
		{"ALLOW_HOSTS=lms.internal:65535", true},
		{"ALLOW_HOSTS=lms.internal:65536", false},
		{"ALLOW_HOSTS=lms.internal:0", false},
		{"ALLOW_HOSTS=lms.internal:-1", false},
		{"ALLOW_HOSTS=lms.internal:", false},
		{"ALLOW_HOSTS=lms.internal", false},
		{"ALLOW_HOSTS=:443", false},
		{"LISTEN=:0", true},
		{"LISTEN=127.0.0.1:65535", true},
		{"LISTEN=127.0.0.1:65536", false},
		{"LISTEN=127.0.0.1", false},
		{"MASTER_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", true},      // 32 bytes
		{"MASTER_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", false},     // 31
		{"MASTER_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false},     // 33
		{"MASTER_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=====", false}, // 32, and then something
	} {
		t.Run(test.variable, func(t *testing.T) {
			_, err := Load("", []string{publicURL, prefix + test.variable})
			if (err == nil) != test.ok {
				t.Errorf("Load = %v, want ok %v", err, test.ok)
			}
		})
	}
}

func TestAddressOfAnyLength(t *testing.T) {
	path := filepath.Join(t.TempDir(), "address")
	for _, test := range []struct {
		length int
		ok     bool
	}{{addressMost, true}, {addressMost + 1, false}} {
		const begin = "postgres://db/"
		address := begin + strings.Repeat("x", test.length-len(begin))
		if err := os.WriteFile(path, []byte(address), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load("", []string{publicURL, "BBBRIDGE_MASTER_KEY_FILE=k", "BBBRIDGE_DATABASE_FILE=" + path})
		if (err == nil) != test.ok || test.ok && string(c.Database) != address {
			t.Errorf("%d bytes: Load = %v, want ok %v", test.length, err, test.ok)
		}
	}
}

// What each refusal says is all that the operator has.
func TestProblemsSay(t *testing.T) {
	folder := t.TempDir()
	const origin = `, like "https://classrooms.example.edu"`
	for _, test := range []struct{ name, file, variable, want string }{
		{"a list that is none", `allow_hosts = "a:1"`, "", "BBBRIDGE_ALLOW_HOSTS (in the file: allow_hosts) must be a list of texts"},
		{"a number that is none", "", "LOGIN_RATE=1.5", "BBBRIDGE_LOGIN_RATE (in the file: login_rate) must be a whole number"},
		{"a length of time that is none", "", "POLL_INTERVAL=30", `BBBRIDGE_POLL_INTERVAL (in the file: poll_interval) must be a length of time, like "30s"`},
		{"a text that is none", "database = 1", "", "BBBRIDGE_DATABASE (in the file: database) must be a text"},
		{"a level that is none", `log_level = "loud"`, "", "BBBRIDGE_LOG_LEVEL (in the file: log_level) must be debug, info, warn or error"},
		{"a key that is none", "lisen = 1", "", "lisen isn't a setting. Did you mean listen?"},
		{"listen", "", "LISTEN=8080", `BBBRIDGE_LISTEN (in the file: listen) must be host:port, like "127.0.0.1:8080", and is "8080"`},
		{"the public address isn't set", `public_url = ""`, "",
			"BBBRIDGE_PUBLIC_URL (in the file: public_url) must be set: the address at which browsers reach bbbridge" + origin},
		{"no address", "", "PUBLIC_URL=classrooms", "BBBRIDGE_PUBLIC_URL (in the file: public_url) must be an address" + origin},
		{"more than an origin", "", "PUBLIC_URL=https://a.example/b", "BBBRIDGE_PUBLIC_URL (in the file: public_url) must be scheme, host and port alone" + origin},
		{"plain http", "", "PUBLIC_URL=http://a.example",
			"BBBRIDGE_PUBLIC_URL (in the file: public_url) must begin with https://; http:// is only for this machine itself (localhost)"},
		{"another scheme", "", "PUBLIC_URL=ftp://a.example", "BBBRIDGE_PUBLIC_URL (in the file: public_url) must begin with https://"},
		{"a database in memory", "", "DATABASE=sqlite::memory:",
			`BBBRIDGE_DATABASE (in the file: database) must name a file and nothing else, like "sqlite:bbbridge.db"`},
		{"another database", `master_key_file = "k"`, "DATABASE=mysql://db", `BBBRIDGE_DATABASE (in the file: database) must begin with "sqlite:" or "postgres://"`},
		{"a password that isn't escaped", `master_key_file = "k"`, "DATABASE=postgres://u:a%zz@db/x",
			"BBBRIDGE_DATABASE (in the file: database) can't be read; in its password, write / as %2F, % as %25, # as %23, ? as %3F, @ as %40, : as %3A and a blank as %20"},
		{"an address in a file that isn't there", "", "DATABASE_FILE=" + filepath.Join(folder, "none"),
			"BBBRIDGE_DATABASE_FILE (in the file: database_file) can't be read: open " + filepath.Join(folder, "none") + ": no such file or directory"},
		{"an address in a folder", "", "DATABASE_FILE=" + folder, "BBBRIDGE_DATABASE_FILE (in the file: database_file) can't be read: read " + folder + ": is a directory"},
		{"an address that never ends", `master_key_file = "k"`, "DATABASE_FILE=/dev/zero", "BBBRIDGE_DATABASE_FILE (in the file: database_file) has more in it than an address"},
		{"two keys", "", "MASTER_KEY_FILE=k BBBRIDGE_MASTER_KEY=" + masterKey, "BBBRIDGE_MASTER_KEY_FILE (in the file: master_key_file) and BBBRIDGE_MASTER_KEY exclude each other"},
		{"PostgreSQL without a key", "", "DATABASE=postgres://db/x",
			"BBBRIDGE_MASTER_KEY_FILE (in the file: master_key_file) must be set: with PostgreSQL no key is made by itself, because all nodes need the same"},
		{"a key that is none", "", "MASTER_KEY=hunter2", "BBBRIDGE_MASTER_KEY must be base64 of 32 bytes, as `openssl rand -base64 32` prints"},
		{"a host without a port", "", "ALLOW_HOSTS=a:1,lms", `BBBRIDGE_ALLOW_HOSTS (in the file: allow_hosts) must have entries like "lms.internal:443", and one is "lms"`},
		{"looks too often", "", "POLL_INTERVAL=1ms", `BBBRIDGE_POLL_INTERVAL (in the file: poll_interval) must be between "100ms" and "1h"`},
		{"failures kept for no time", "", "FAILURES_KEPT=0", "BBBRIDGE_FAILURES_KEPT (in the file: failures_kept) must be between 1 and 365"},
		{"failures kept for ever", "", "FAILURES_KEPT=3660", "BBBRIDGE_FAILURES_KEPT (in the file: failures_kept) must be between 1 and 365"},
		{"too few logins", "", "LOGIN_RATE=5", "BBBRIDGE_LOGIN_RATE (in the file: login_rate) must be 100 or more"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var environ []string
			if !strings.Contains(test.file, "public_url") {
				environ = append(environ, publicURL)
			}
			environ = append(environ, strings.Fields(prefix+test.variable)...)
			_, err := Load(write(t, test.file), environ)
			if err == nil {
				t.Fatal("nothing is wrong")
			}
			if diff := cmp.Diff("settings are wrong:\n  "+test.want, err.Error()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Keys come in order, and so do those that a list has wrong entries of.
func TestProblemsInOrder(t *testing.T) {
	c := Config{AllowHosts: []string{"z", "a"}}
	err := c.Validate()
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("Validate = %v, want Problems", err)
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.Key+" "+p.Says[len(p.Says)-2:])
	}
	want := []string{`allow_hosts a"`, `allow_hosts z"`, `database /"`, "failures_kept 65", `listen ""`, "login_rate re", "master_key_file me", `poll_interval h"`, `public_url u"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s\n%v", diff, err)
	}
}

// A variable is ours by its whole prefix, and only where it has a value.
func TestEnvironment(t *testing.T) {
	got := environment([]string{"BBBRIDGE_A=b=c", "BBBRIDGE_EMPTY=", "BBBRIDGE_NONE", "XBBBRIDGE_D=1", "HOME=/"})
	if diff := cmp.Diff(map[string]string{"BBBRIDGE_A": "b=c", "BBBRIDGE_EMPTY": ""}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
