package bbbridge_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/configs"
)

// TestDeployIsShown wants the pages to show the files of deploy/ as they are,
// each after a link to it.
func TestDeployIsShown(t *testing.T) {
	page := read(t, "docs/install.md")
	fence := regexp.MustCompile("(?s)\\[deploy/([^\\]]+)\\]\\(\\.\\./deploy/([^)]+)\\)[^\n]*\n\n```[a-z]*\n(.*?)```")
	shown := map[string]string{}
	for _, match := range fence.FindAllStringSubmatch(page, -1) {
		if match[1] != match[2] {
			t.Errorf("the link deploy/%s leads to deploy/%s", match[1], match[2])
		}
		shown[match[1]] = match[3]
	}
	for _, name := range deployFiles(t) {
		switch filepath.Ext(name) {
		case ".sh", ".crt":
			continue // of the packages, and of the image
		}
		if name == "nfpm.yaml" {
			continue
		}
		if diff := cmp.Diff(read(t, "deploy/"+name), shown[name]); diff != "" {
			t.Errorf("docs/install.md doesn't show deploy/%s as it is (-file +page):\n%s", name, diff)
		}
		delete(shown, name)
	}
	for name := range shown {
		t.Errorf("docs/install.md shows deploy/%s, which isn't there", name)
	}
}

func deployFiles(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("deploy")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if !entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") {
			names = append(names, entry.Name())
		}
	}
	return names
}

// sh runs a script in a folder.
func sh(t *testing.T, folder, script string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// A composition is what we read of compose.yaml.
type composition struct {
	Services map[string]struct {
		Image, Restart, User string
		Build                struct{ Context, Dockerfile string }
		Environment          map[string]string
		Secrets, Volumes     []string
		Ports, Networks      []string
		DependsOn            map[string]struct{ Condition string } `yaml:"depends_on"`
		Healthcheck          struct {
			Test              []string
			Interval, Timeout string
			StartPeriod       string `yaml:"start_period"`
		}
		ReadOnly        bool     `yaml:"read_only"`
		StopGracePeriod string   `yaml:"stop_grace_period"`
		CapDrop         []string `yaml:"cap_drop"`
		SecurityOpt     []string `yaml:"security_opt"`
	}
	Name              string
	Volumes, Networks map[string]struct{ Internal bool }
	Secrets           map[string]struct{ File string }
}

func compose(t *testing.T) composition {
	t.Helper()
	var c composition
	if err := yaml.UnmarshalWithOptions([]byte(read(t, "deploy/compose.yaml")), &c, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestComposeHangsTogether wants each name in compose.yaml to be one that there
// is, and each to be used.
func TestComposeHangsTogether(t *testing.T) {
	c := compose(t)
	used := map[string]bool{}
	for name, s := range c.Services {
		for _, n := range s.Networks {
			used["network "+n] = true
		}
		for _, n := range s.Secrets {
			used["secret "+n] = true
		}
		for _, volume := range s.Volumes {
			from, _, _ := strings.Cut(volume, ":")
			if strings.HasPrefix(from, ".") {
				if _, err := os.Stat(filepath.Join("deploy", from)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			used["volume "+from] = true
		}
		for on, how := range s.DependsOn {
			if other, ok := c.Services[on]; !ok || how.Condition != "service_healthy" || len(other.Healthcheck.Test) == 0 {
				t.Errorf("%s waits for %s, which is no service with a health check", name, on)
			}
		}
		if s.Restart == "" || len(s.Healthcheck.Test) < 2 || s.Healthcheck.Test[0] != "CMD" {
			t.Errorf("%s has no restart, or no health check", name)
		}
		if len(s.Ports) > 0 && name != "proxy" {
			t.Errorf("%s is open to the outside", name)
		}
	}
	there := map[string]bool{}
	for n := range c.Networks {
		there["network "+n] = true
	}
	for n := range c.Volumes {
		there["volume "+n] = true
	}
	for n := range c.Secrets {
		there["secret "+n] = true
	}
	if diff := cmp.Diff(there, used); diff != "" {
		t.Errorf("(-there +used)\n%s", diff)
	}
	if db := c.Services["database"]; !c.Networks["inside"].Internal || !slices.Equal(db.Networks, []string{"inside"}) {
		t.Errorf("the database is on %v", db.Networks)
	}
}

// TestComposeSetsWhatThereIs makes the secrets as compose.yaml says to, and
// starts from the environment that it makes of them.
func TestComposeSetsWhatThereIs(t *testing.T) {
	c, folder := compose(t), t.TempDir()
	s := c.Services["bbbridge"]
	var steps []string
	for line := range strings.Lines(read(t, "deploy/compose.yaml")) {
		if step, ok := strings.CutPrefix(line, "#\t"); ok {
			steps = append(steps, strings.TrimSpace(step))
		}
	}
	made := slices.DeleteFunc(slices.Clone(steps), func(s string) bool { return strings.Contains(s, "chown") || strings.Contains(s, "compose up") })
	sh(t, folder, strings.Join(append([]string{"set -e"}, made...), "\n"))
	for name, secret := range c.Secrets {
		info, err := os.Stat(filepath.Join(folder, secret.File))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("secret %s: %v, %v", name, info, err)
		}
	}
	host := strings.TrimPrefix(strings.TrimSpace(read(t, filepath.Join(folder, ".env"))), "BBBRIDGE_HOST=")
	environ := []string{"BBBRIDGE_LISTEN=" + containerfile(t)["ENV"][0].env("BBBRIDGE_LISTEN")}
	for name, value := range s.Environment {
		value = regexp.MustCompile(`\$\{BBBRIDGE_HOST:\?[^}]*\}`).ReplaceAllString(value, host)
		if secret, ok := strings.CutPrefix(value, "/run/secrets/"); ok {
			if !slices.Contains(s.Secrets, secret) {
				t.Errorf("bbbridge isn't given the secret %s", secret)
			}
			value = filepath.Join(folder, c.Secrets[secret].File)
		}
		environ = append(environ, name+"="+value)
	}
	cfg, err := configs.Load("", environ)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.PublicURL != "https://classrooms.example.edu" || cfg.SQLite() || !strings.HasSuffix(string(cfg.Database), "@database/bbbridge") {
		t.Errorf("settings: %+v", cfg)
	}
	if strangers := configs.Strangers(environ); len(strangers) > 0 {
		t.Errorf("no settings of ours: %v", strangers)
	}
	_, port, _ := strings.Cut(cfg.Listen, ":")
	if at := c.Services["proxy"].Environment["BBBRIDGE_AT"]; at != "bbbridge:"+port {
		t.Errorf("the proxy asks %s", at)
	}
	owner := containerfile(t)["USER"][0].words[0]
	if !slices.ContainsFunc(steps, func(s string) bool { return strings.HasPrefix(s, "chown "+strings.Split(owner, ":")[0]+" ") }) {
		t.Errorf("the secrets aren't given to %s, whom the image runs as", owner)
	}
	for _, from := range []string{"database.address", "master.key"} {
		if !slices.ContainsFunc(steps, func(s string) bool { return strings.HasPrefix(s, "chown ") && strings.Contains(s, from) }) {
			t.Errorf("%s stays with whoever made it", from)
		}
	}
	if file := path.Join("deploy", s.Build.Context, s.Build.Dockerfile); file != "deploy/Containerfile" {
		t.Errorf("the image is built by %s", file)
	}
}

// An instruction is a line of the Containerfile, without its name.
type instruction struct{ words []string }

func (i instruction) env(name string) string {
	for _, word := range i.words {
		if value, ok := strings.CutPrefix(word, name+"="); ok {
			return value
		}
	}
	return ""
}

// containerfile is what the Containerfile says, by the names of instructions.
func containerfile(t *testing.T) map[string][]instruction {
	t.Helper()
	all := map[string][]instruction{}
	for line := range strings.Lines(read(t, "deploy/Containerfile")) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		all[words[0]] = append(all[words[0]], instruction{words[1:]})
	}
	return all
}

// TestImageIsSmall wants nothing in the image but what it needs, nobody to be
// root there, and no shell where there is none.
func TestImageIsSmall(t *testing.T) {
	file := containerfile(t)
	if diff := cmp.Diff([]string{"CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "USER", "VOLUME", "WORKDIR"}, slices.Sorted(maps.Keys(file))); diff != "" {
		t.Errorf("instructions (-want +got):\n%s", diff)
	}
	if from := file["FROM"]; len(from) != 1 || from[0].words[0] != "scratch" {
		t.Errorf("from %v", from)
	}
	if user := file["USER"][0].words[0]; !regexp.MustCompile(`^[1-9][0-9]+:[1-9][0-9]+$`).MatchString(user) || file["COPY"][2].words[0] != "--chown="+user {
		t.Errorf("user %s, data of %s", user, file["COPY"][2].words[0])
	}
	for _, name := range []string{"CMD", "ENTRYPOINT"} {
		if word := file[name][0].words[0]; !strings.HasPrefix(word, "[") {
			t.Errorf("%s wants a shell: %s", name, word)
		}
	}
}

// TestUnitAndFilesAgree wants the names that several files of deploy/ have to
// be the same in each.
func TestUnitAndFilesAgree(t *testing.T) {
	unit, socket := read(t, "deploy/bbbridge.service"), read(t, "deploy/bbbridge.socket")
	environ := []string{"BBBRIDGE_PUBLIC_URL=https://classrooms.example.edu"}
	cfg, err := configs.Load("deploy/bbbridge.toml", environ)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"ExecStart=/usr/bin/bbbridge serve --config /etc/bbbridge/bbbridge.toml\n", "StateDirectory=bbbridge\n", "User=bbbridge\n",
		fmt.Sprintf("WorkingDirectory=%s\n", path.Dir(strings.TrimPrefix(string(cfg.Database), "sqlite:"))),
	} {
		if !strings.Contains(unit, want) {
			t.Errorf("the unit doesn't say %s", want)
		}
	}
	if !strings.Contains(socket, "\nListenStream="+cfg.Listen+"\n") {
		t.Errorf("the socket isn't at %s", cfg.Listen)
	}
	for _, name := range []string{"nginx.conf", "apache.conf", "Caddyfile"} {
		if !strings.Contains(read(t, "deploy/"+name), cfg.Listen) {
			t.Errorf("%s doesn't ask %s", name, cfg.Listen)
		}
	}
	// What systemd hands over takes the place of what the file names.
	credentials := regexp.MustCompile(`LoadCredential=([^:]+):(\S+)`).FindAllStringSubmatch(read(t, "deploy/credentials.conf"), -1)
	settings := regexp.MustCompile(`Environment=([A-Z_]+)=%d/(\S+)`).FindAllStringSubmatch(read(t, "deploy/credentials.conf"), -1)
	if len(credentials) != 2 || len(settings) != 2 {
		t.Fatalf("credentials %v, settings %v", credentials, settings)
	}
	for i := range settings {
		if settings[i][2] != credentials[i][1] || path.Dir(credentials[i][2]) != "/etc/bbbridge" {
			t.Errorf("%v for %v", settings[i], credentials[i])
		}
		environ = append(environ, settings[i][1]+"="+settings[i][2])
	}
	if strangers := configs.Strangers(environ); len(strangers) > 0 {
		t.Errorf("no settings of ours: %v", strangers)
	}
}
