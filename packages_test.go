package bbbridge_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// A packaged file is what we read of a line of nfpm.yaml.
type packaged struct {
	Src, Dst, Type string
	FileInfo       struct {
		Mode         uint32
		Owner, Group string
	} `yaml:"file_info"`
}

// TestPackages holds nfpm.yaml to the files that it names, and to what unit and
// settings say of them. What comes of it is tested where it is made, by
// `make release`.
func TestPackages(t *testing.T) {
	var made struct {
		Scripts  map[string]string
		Contents []packaged
	}
	if err := yaml.Unmarshal([]byte(read(t, "deploy/nfpm.yaml")), &made); err != nil {
		t.Fatal(err)
	}
	installed := map[string]packaged{}
	for _, f := range made.Contents {
		installed[f.Dst] = f
		if f.Src == "" || f.Src == "bbbridge" { // a folder, and what `make build` makes
			continue
		}
		if names, err := filepath.Glob(f.Src); err != nil || len(names) == 0 {
			t.Errorf("there is no %s: %v", f.Src, err)
		}
	}
	unit := read(t, "deploy/bbbridge.service")
	line := func(name string) string {
		_, rest, _ := strings.Cut(unit, "\n"+name+"=")
		value, _, _ := strings.Cut(rest, "\n")
		return value
	}
	start := strings.Fields(line("ExecStart"))
	user, settings := line("User"), start[len(start)-1]
	for _, test := range []struct {
		why, at      string
		mode         uint32
		owner, group string
	}{
		{"what the unit starts", start[0], 0o755, "", ""},
		{"its settings: they may have a password, and the service reads them", settings, 0o640, "", user},
		{"their folder", filepath.Dir(settings), 0o750, "", user},
		{"its data", line("WorkingDirectory"), 0o700, user, user},
		{"the unit", "/usr/lib/systemd/system/bbbridge.service", 0o644, "", ""},
		{"the socket", "/usr/lib/systemd/system/bbbridge.socket", 0o644, "", ""},
	} {
		f, ok := installed[test.at]
		if i := f.FileInfo; !ok || i.Mode != test.mode || i.Owner != test.owner || i.Group != test.group {
			t.Errorf("%s, %s: %+v", test.why, test.at, f)
		}
	}
	if installed[settings].Type != "config|noreplace" {
		t.Error("an upgrade takes the settings away")
	}
	if page := strings.TrimPrefix(line("Documentation"), "file:/usr/share/doc/bbbridge/"); page != "docs/operations.md" || installed["/usr/share/doc/bbbridge/docs"].Src != "docs" {
		t.Errorf("the unit names %s", page)
	}
	if len(made.Scripts) != 4 {
		t.Errorf("scripts %v", made.Scripts)
	}
	for when, script := range made.Scripts {
		sh(t, ".", "sh -n "+script)
		info, err := os.Stat(script)
		if err != nil || info.Mode()&0o111 == 0 || filepath.Base(script) != when+".sh" {
			t.Errorf("%s runs %s: %v", when, script, err)
		}
	}
	if made := read(t, made.Scripts["preinstall"]); !strings.Contains(made, "useradd") || !strings.Contains(made, " "+user+"\n") {
		t.Errorf("nobody makes the user %s", user)
	}
}

// TestPackageVersions wants versions of packages to come in the order of
// releases: of two with the same number, that of a candidate is the earlier.
func TestPackageVersions(t *testing.T) {
	script := read(t, ".ci/pack")
	_, rest, _ := strings.Cut(script, "case $version in\n")
	body, _, found := strings.Cut(rest, "export ARCH")
	if !found {
		t.Fatal(".ci/pack has changed")
	}
	for version, want := range map[string]string{
		"v1.2.0":                "1.2.0",
		"v1.2.0-rc1":            "1.2.0~rc1",
		"v1.2.0-5-g3fa9c1e":     "1.2.0+5.g3fa9c1e",
		"v1.2.0-rc1-5-g3fa9c1e": "1.2.0~rc1+5.g3fa9c1e",
		"v1.2.0-dirty":          "1.2.0+dirty",
		"3fa9c1e":               "0~202601020304.3fa9c1e",
		"3fa9c1e-dirty":         "0~202601020304.3fa9c1e+dirty",
	} {
		text := "set -e; SOURCE_DATE_EPOCH=1767323040 version=" + version + "; case $version in\n" + body + "\necho $VERSION"
		if got := strings.TrimSpace(sh(t, ".", "bash -c '"+strings.ReplaceAll(text, "'", `'\''`)+"'")); got != want {
			t.Errorf("%s is %s in a package, want %s", version, got, want)
		}
	}
}
