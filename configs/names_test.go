package configs

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What nearly is a setting is refused with the right name; what may be
// somebody else's only is told.
func TestVariablesThatAreNoSettings(t *testing.T) {
	const refused, told, nothing = "refused", "told", ""
	for _, test := range []struct {
		name, line string
		want       string // refused: with the setting that was meant
		meant      string
	}{
		{"a wrong letter", "BBBRIDGE_PUBLIC_URI=https://x.example", refused, "BBBRIDGE_PUBLIC_URL"},
		{"a letter missing", "BBBRIDGE_LISTN=:80", refused, "BBBRIDGE_LISTEN"},
		{"letters swapped", "BBBRIDGE_LGO_LEVEL=debug", refused, "BBBRIDGE_LOG_LEVEL"},
		{"a letter too many", "BBBRIDGE_ALLOWED_HOSTS=a:1", refused, "BBBRIDGE_ALLOW_HOSTS"},
		{"without the line between", "BBBRIDGE_PUBLICURL=https://x.example", refused, "BBBRIDGE_PUBLIC_URL"},
		{"a word missing", "BBBRIDGE_URL=https://x.example", refused, "BBBRIDGE_PUBLIC_URL"},
		{"another word", "BBBRIDGE_MASTER_KEY_PATH=/k", refused, "BBBRIDGE_MASTER_KEY_FILE or BBBRIDGE_MASTER_KEY"},
		{"a short word too many", "BBBRIDGE_DATABASE_URL=postgres://db/x", refused, "BBBRIDGE_DATABASE_FILE or BBBRIDGE_DATABASE"},
		{"in small letters", "bbbridge_listen=:80", refused, "BBBRIDGE_LISTEN"},
		{"a letter missing before the line", "BBRIDGE_PUBLIC_URL=https://x.example", refused, "BBBRIDGE_PUBLIC_URL"},
		{"nothing like a setting", "BBBRIDGE_IMAGE=bbbridge:1", told, ""},
		{"a part of the address, for who starts us", "BBBRIDGE_DATABASE_PASSWORD=hush", told, ""},
		{"a port, which no service has for an address", "BBBRIDGE_PORT=8080", told, ""},
		{"a setting", "BBBRIDGE_LISTEN=127.0.0.1:80", nothing, ""},
		{"without a value", "BBBRIDGE_PUBLIC_URI=", nothing, ""},
		{"somebody else's", "MATTERBRIDGE_PUBLIC_URL=x", nothing, ""},
		{"a service of Kubernetes: port", "BBBRIDGE_PORT=tcp://10.0.0.1:80", nothing, ""},
		{"a service of Kubernetes: address of a port", "BBBRIDGE_PORT_80_TCP_ADDR=10.0.0.1", nothing, ""},
		{"a service of Kubernetes: protocol of a port", "BBBRIDGE_PORT_80_TCP=tcp://10.0.0.1:80", nothing, ""},
		{"a service of Kubernetes: host", "BBBRIDGE_SERVICE_HOST=10.0.0.1", nothing, ""},
		{"a service of Kubernetes: its port", "BBBRIDGE_SERVICE_PORT=80", nothing, ""},
		{"a service of Kubernetes: its port's name", "BBBRIDGE_SERVICE_PORT_HTTP=80", nothing, ""},
		{"a service whose name goes on", "BBBRIDGE_DATABASE_PORT=tcp://10.0.0.2:5432", nothing, ""},
		{"the same, its host", "BBBRIDGE_DATABASE_SERVICE_HOST=10.0.0.2", nothing, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			variable, _, _ := strings.Cut(test.line, "=")
			environ := []string{publicURL, test.line}
			_, err := Load("", environ)
			got, said := nothing, ""
			if err != nil {
				got, said = refused, err.Error()
			}
			if strangers := Strangers(environ); len(strangers) > 0 {
				got += told
				said = strings.Join(strangers, " ")
			}
			if got != test.want {
				t.Fatalf("is %q, want %q: %s", got, test.want, said)
			}
			if test.want == refused && !strings.Contains(said, variable+" isn't a setting. Did you mean "+test.meant+"?") {
				t.Errorf("says %s", said)
			}
			if test.want == told && said != variable {
				t.Errorf("told of %s", said)
			}
		})
	}
}

func TestKeysThatAreNoSettings(t *testing.T) {
	for key, want := range map[string]string{
		"public_uri": "public_uri isn't a setting. Did you mean public_url?",
		"PUBLIC_URL": "PUBLIC_URL isn't a setting. Did you mean public_url?",
		"url":        "url isn't a setting. Did you mean public_url?",
		"colour":     "colour isn't a setting.",
		"master_key": "BBBRIDGE_MASTER_KEY can only be set in the environment, not in the file",
	} {
		t.Run(key, func(t *testing.T) {
			_, err := Load(write(t, key+" = 'x'"), []string{publicURL})
			if want := "settings are wrong:\n  " + want; err == nil || err.Error() != want {
				t.Errorf("says %v, want %s", err, want)
			}
		})
	}
}

// Whoever set a value by one of its names finds it in the message, by
// whichever it was.
func TestProblemsNameBoth(t *testing.T) {
	says := func(file string, environ ...string) []string {
		t.Helper()
		_, err := Load(write(t, file), environ)
		if err == nil {
			t.Fatal("nothing is wrong")
		}
		return strings.Split(err.Error(), "\n")[1:]
	}
	const both = "  BBBRIDGE_LOGIN_RATE (in the file: login_rate) must be "
	for name, got := range map[string][]string{
		"by the file":        says("login_rate = 1\npublic_url = 'https://x.example'"),
		"by the environment": says("", publicURL, "BBBRIDGE_LOGIN_RATE=1"),
		"of a wrong type":    says("login_rate = 'x'\npublic_url = 'https://x.example'"),
		"so by the latter":   says("", publicURL, "BBBRIDGE_LOGIN_RATE=x"),
	} {
		if len(got) != 1 || !strings.HasPrefix(got[0], both) {
			t.Errorf("%s: %q", name, got)
		}
	}
	want := []string{
		"  BBBRIDGE_MASTER_KEY must be base64 of 32 bytes, as `openssl rand -base64 32` prints",
		"  BBBRIDGE_MASTER_KEY_FILE (in the file: master_key_file) and BBBRIDGE_MASTER_KEY exclude each other",
	}
	if diff := cmp.Diff(want, says("", publicURL, "BBBRIDGE_MASTER_KEY=x", "BBBRIDGE_MASTER_KEY_FILE=f")); diff != "" {
		t.Errorf("of a setting that the file can't hold (-want +got):\n%s", diff)
	}
}
