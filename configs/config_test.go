package configs

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
)

const publicURL = "BBBRIDGE_PUBLIC_URL=https://classrooms.example.edu"

var masterKey = base64.StdEncoding.EncodeToString(make([]byte, masterKeySize))

func TestLoadNothing(t *testing.T) {
	got, err := Load("", []string{publicURL, "HOME=/home/somebody", "BBBRIDGE_PORT=tcp://10.0.0.1:80"})
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Listen:        "127.0.0.1:8080",
		PublicURL:     "https://classrooms.example.edu",
		Database:      "sqlite:bbbridge.db",
		MasterKeyFile: "bbbridge.key", ReportFolder: "bbbridge-reports",
		PollInterval: 30 * time.Second,
		LoginRate:    5000,
		FailuresKept: 30,
		LogLevel:     slog.LevelInfo,
	}
	if diff := cmp.Diff(want, got, showSecrets); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
}

// TestExample holds the example to the defaults, and to every key.
func TestExample(t *testing.T) {
	got, err := Load("example.toml", nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Load("", []string{publicURL})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, showSecrets); diff != "" {
		t.Errorf("example.toml differs from the defaults (-defaults +example):\n%s", diff)
	}
	var keys map[string]any
	if _, err := toml.DecodeFile("example.toml", &keys); err != nil {
		t.Fatal(err)
	}
	for key := range new(Config).fields() {
		if _, ok := keys[key]; !ok {
			t.Errorf("example.toml lacks %s", key)
		}
	}
}

func TestLoadLayers(t *testing.T) {
	file := write(t, `
		listen = "0.0.0.0:80"
		public_url = "https://file.example.edu/"
		database = "sqlite:/var/lib/bbbridge/data.db"
		allow_hosts = ["LMS.internal:443"]
		poll_interval = "10s"
		login_rate = 500
		failures_kept = 7
		log_level = "debug"
	`)
	fromFile := Config{
		Listen:        "0.0.0.0:80",
		PublicURL:     "https://file.example.edu",
		Database:      "sqlite:/var/lib/bbbridge/data.db",
		MasterKeyFile: "/var/lib/bbbridge/data.key", ReportFolder: "/var/lib/bbbridge/data-reports",
		AllowHosts:   []string{"lms.internal:443"},
		PollInterval: 10 * time.Second,
		LoginRate:    500,
		FailuresKept: 7,
		LogLevel:     slog.LevelDebug,
	}
	fromEnvironment := Config{
		Listen:        "[::1]:0",
		PublicURL:     "http://localhost:8080",
		Database:      "postgres://bbbridge:pw@db/bbbridge",
		MasterKeyFile: "/run/secrets/key", ReportFolder: "bbbridge-reports",
		AllowHosts:   []string{"10.0.0.7:443", "[::1]:8443"},
		PollInterval: time.Second,
		LoginRate:    100,
		FailuresKept: 365,
		LogLevel:     slog.LevelError,
	}
	for _, test := range []struct {
		name    string
		environ []string
		want    Config
	}{
		{"file alone", nil, fromFile},
		{"empty variables count as not set", []string{"BBBRIDGE_LISTEN=", "BBBRIDGE_DATABASE=", "BBBRIDGE_ALLOW_HOSTS="}, fromFile},
		{"the environment comes before the file", []string{
			"BBBRIDGE_LISTEN=[::1]:0",
			"BBBRIDGE_PUBLIC_URL=http://localhost:8080",
			"BBBRIDGE_DATABASE=postgres://bbbridge:pw@db/bbbridge",
			"BBBRIDGE_MASTER_KEY_FILE=/run/secrets/key",
			"BBBRIDGE_ALLOW_HOSTS=10.0.0.7:443, [::1]:8443,",
			"BBBRIDGE_POLL_INTERVAL=1s",
			"BBBRIDGE_LOGIN_RATE=100",
			"BBBRIDGE_FAILURES_KEPT=365",
			"BBBRIDGE_LOG_LEVEL=ERROR",
		}, fromEnvironment},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Load(file, test.environ)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, showSecrets); diff != "" {
				t.Errorf("Load (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoadSecrets(t *testing.T) {
	address := filepath.Join(t.TempDir(), "address")
	if err := os.WriteFile(address, []byte("postgres://bbbridge:pw@db/bbbridge\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := write(t, fmt.Sprintf("database_file = %q\nmaster_key_file = '/etc/key'", address))
	for _, test := range []struct {
		name          string
		path          string
		environ       []string
		database      string
		masterKeyFile string
		masterKey     string
	}{
		{"address of the database from a file", "", []string{"BBBRIDGE_DATABASE_FILE=" + address, "BBBRIDGE_MASTER_KEY_FILE=k"},
			"postgres://bbbridge:pw@db/bbbridge", "k", ""},
		{"both files named in the settings file", file, nil, "postgres://bbbridge:pw@db/bbbridge", "/etc/key", ""},
		{"the environment's database before the file's database_file", file, []string{"BBBRIDGE_DATABASE=sqlite:x.db"}, "sqlite:x.db", "/etc/key", ""},
		{"the environment's key before the file's master_key_file", file, []string{"BBBRIDGE_MASTER_KEY= " + masterKey + "\n"},
			"postgres://bbbridge:pw@db/bbbridge", "", masterKey},
		{"no key file is made up beside a key", "", []string{"BBBRIDGE_MASTER_KEY=" + masterKey}, "sqlite:bbbridge.db", "", masterKey},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := Load(test.path, append(test.environ, publicURL))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(c.Database); got != test.database {
				t.Errorf("Database = %q, want %q", got, test.database)
			}
			if c.MasterKeyFile != test.masterKeyFile {
				t.Errorf("MasterKeyFile = %q, want %q", c.MasterKeyFile, test.masterKeyFile)
			}
			if got := string(c.MasterKey); got != test.masterKey {
				t.Errorf("MasterKey = %q, want %q", got, test.masterKey)
			}
		})
	}
}

// TestProblems wants all keys that are wrong at once, and no secret.
func TestProblems(t *testing.T) {
	const secret = "hunter2"
	for _, test := range []struct {
		name    string
		file    string
		environ []string
		want    []string // keys
	}{
		{"nothing set", "", nil, []string{"public_url"}},
		{"unknown keys", "lisen = 'x'\n[table]\na = 1", []string{publicURL}, []string{"lisen", "table"}},
		{"a key that only the environment may hold", "master_key = 'x'", []string{publicURL}, []string{"master_key"}},
		{"wrong types in the file", `
			listen = 8080
			database = ["postgres://` + secret + `"]
			allow_hosts = "a:1"
			poll_interval = "soon"
			login_rate = "many"
			log_level = "loud"`, []string{publicURL},
			[]string{"allow_hosts", "database", "listen", "log_level", "login_rate", "poll_interval"}},
		{"wrong values in the environment", "", []string{
			"BBBRIDGE_PUBLIC_URL=http://classrooms.example.edu", "BBBRIDGE_LISTEN=8080", "BBBRIDGE_DATABASE=mysql://" + secret,
			"BBBRIDGE_MASTER_KEY=" + secret, "BBBRIDGE_ALLOW_HOSTS=a:1,lms.internal",
			"BBBRIDGE_POLL_INTERVAL=1ms", "BBBRIDGE_LOGIN_RATE=99",
		}, []string{"allow_hosts", "database", "listen", "login_rate", "master_key", "poll_interval", "public_url"}},
		{"wrong types in the environment", "", []string{
			publicURL, "BBBRIDGE_POLL_INTERVAL=soon", "BBBRIDGE_LOGIN_RATE=many", "BBBRIDGE_LOG_LEVEL=loud",
		}, []string{"log_level", "login_rate", "poll_interval"}},
		{"the file's and the environment's together", "a = 1", []string{publicURL, "BBBRIDGE_LISTEN=x", "BBBRIDGE_LOGIN_RATE=x"},
			[]string{"a", "listen", "login_rate"}},
		{"PostgreSQL without a key", "", []string{publicURL, "BBBRIDGE_DATABASE=postgres://db/x"}, []string{"master_key_file"}},
		{"two keys", "", []string{publicURL, "BBBRIDGE_MASTER_KEY=" + masterKey, "BBBRIDGE_MASTER_KEY_FILE=f"}, []string{"master_key_file"}},
		{"an address file that isn't there", "", []string{publicURL, "BBBRIDGE_DATABASE_FILE=/nowhere/at/all"}, []string{"database_file"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(write(t, test.file), test.environ)
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("Load: %v, want Problems", err)
			}
			var got []string
			for _, problem := range problems {
				got = append(got, problem.Key)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("keys (-want +got):\n%s\n%v", diff, err)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestFileThatIsNoTOML(t *testing.T) {
	for name, path := range map[string]string{
		"not there": filepath.Join(t.TempDir(), "none.toml"),
		"no TOML":   write(t, "listen: 127.0.0.1:80"),
	} {
		_, err := Load(path, []string{publicURL})
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: Load = %v, want an error with the path", name, err)
		}
	}
}

func TestPublicURL(t *testing.T) {
	for _, test := range []struct {
		address      string
		ok, loopback bool
	}{
		{"https://classrooms.example.edu", true, false},
		{"https://classrooms.example.edu:8443", true, false},
		{"https://localhost", true, false},
		{"http://localhost:8080", true, true},
		{"http://LOCALHOST:8080", true, true},
		{"http://tool.localhost:8080", true, true},
		{"http://127.0.0.1:8080", true, true},
		{"http://127.8.9.10", true, true},
		{"http://[::1]:8080", true, true},
		{"http://classrooms.example.edu", false, false},
		{"http://localhost.example.edu", false, false},
		{"http://10.0.0.7", false, false},
		{"http://0.0.0.0:8080", false, false},
		{"https://classrooms.example.edu/bbb", false, false},
		{"https://classrooms.example.edu?a=b", false, false},
		{"https://classrooms.example.edu?", false, false},
		{"https://classrooms.example.edu#", false, false},
		{"https://me@classrooms.example.edu", false, false},
		{"https:classrooms.example.edu", false, false},
		{"classrooms.example.edu", false, false},
		{"ftp://classrooms.example.edu", false, false},
		{"https://", false, false},
		{"https://:443", false, false},
		{"https://a b", false, false},
		{"", false, false},
	} {
		t.Run(test.address, func(t *testing.T) {
			c := Defaults()
			c.PublicURL = test.address
			if err := c.Validate(); (err == nil) != test.ok {
				t.Errorf("Validate = %v, want ok %v", err, test.ok)
			}
			if test.ok && c.Loopback() != test.loopback {
				t.Errorf("Loopback = %v, want %v", c.Loopback(), test.loopback)
			}
		})
	}
}

func TestDatabase(t *testing.T) {
	for _, test := range []struct {
		address string
		ok      bool
		sqlite  bool
		keyFile string
	}{
		{"sqlite:bbbridge.db", true, true, "bbbridge.key"},
		{"sqlite:/var/lib/bbbridge/data", true, true, "/var/lib/bbbridge/data.key"},
		{"sqlite:/var/lib/bbbridge.d/data.sqlite3", true, true, "/var/lib/bbbridge.d/data.key"},
		{"sqlite:bbbridge.db?cache=x", false, true, ""},
		{"postgres:db/bbbridge", false, false, ""},
		{"postgres://user:pw@db:5432/bbbridge?sslmode=require", true, false, ""},
		{"postgresql:///bbbridge?host=/run/postgresql", true, false, ""},
		{"sqlite:", false, true, ""},
		{"sqlite::memory:", false, true, ""},
		{"mysql://db/bbbridge", false, false, ""},
		{"bbbridge.db", false, false, ""},
	} {
		t.Run(test.address, func(t *testing.T) {
			environ := []string{publicURL, "BBBRIDGE_DATABASE=" + test.address}
			if !test.sqlite {
				environ = append(environ, "BBBRIDGE_MASTER_KEY="+masterKey)
			}
			c, err := Load("", environ)
			if (err == nil) != test.ok {
				t.Fatalf("Load = %v, want ok %v", err, test.ok)
			}
			if test.ok && (c.SQLite() != test.sqlite || c.MasterKeyFile != test.keyFile) {
				t.Errorf("SQLite, MasterKeyFile = %v, %q, want %v, %q", c.SQLite(), c.MasterKeyFile, test.sqlite, test.keyFile)
			}
		})
	}
}

// A password with characters that mean something in an address is the usual
// reason why one can't be read.
func TestPasswordInTheAddress(t *testing.T) {
	for _, password := range []string{"pa/ssw0rd", "pa%zzw0rd", "pa#ssw0rd", "pass w0rd"} {
		_, err := Load("", []string{publicURL, "BBBRIDGE_DATABASE=postgres://user:" + password + "@db/x", "BBBRIDGE_MASTER_KEY=" + masterKey})
		if err == nil || !strings.Contains(err.Error(), "password") || strings.Contains(err.Error(), "w0rd") {
			t.Errorf("password %q: %v", password, err)
		}
	}
}

func TestSecretIsNotShown(t *testing.T) {
	const secret = Secret("hunter2")
	asJSON, err := json.Marshal(map[string]any{"key": secret})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("settings", "secret", secret, "all", Config{Database: secret})
	for name, text := range map[string]string{
		"%v": fmt.Sprintf("%v %s %q", secret, secret, secret), "%#v": fmt.Sprintf("%#v", Config{MasterKey: secret}),
		"JSON": string(asJSON), "slog": log.String(),
	} {
		if strings.Contains(text, string(secret)) || !strings.Contains(text, redacted) {
			t.Errorf("%s shows %s", name, text)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("listen = '[::1]:0'\nallow_hosts = ['a:1']\nlogin_rate = 500", "BBBRIDGE_ALLOW_HOSTS=a:1")
	f.Add("database = 'sqlite:x'\npoll_interval = '1m'\nlog_level = 'warn'", "BBBRIDGE_PUBLIC_URI=x")
	f.Add("a.b.c = [1, {x = 2}]", "BBBRIDGE_LOG_LEVEL=info+2")
	f.Fuzz(func(t *testing.T, file, variable string) {
		if len(file)+len(variable) > 200 { // to shorten one that is new takes the square of its length
			return
		}
		name, _, _ := strings.Cut(variable, "=")
		if name == "BBBRIDGE_DATABASE_FILE" || strings.Contains(file, "database_file") {
			return // what it names would be read
		}
		c, err := load(file, []string{publicURL, variable})
		if err == nil {
			err = c.Validate()
			if err != nil {
				t.Errorf("load took what Validate refuses: %v", err)
			}
		}
		_ = Strangers([]string{variable})
	})
}

// showSecrets lets cmp tell secrets apart in a difference.
var showSecrets = cmp.Transformer("reveal", func(s Secret) string { return string(s) })

func write(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "bbbridge.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
