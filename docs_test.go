package bbbridge_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/web"
)

// TestLinks wants every relative link of a page to lead to a file, and every
// page to be linked from another one.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)]+)\)`)
	var pages []string
	linked := map[string]bool{"README.md": true}
	eachPage(t, func(name, text string) {
		pages = append(pages, name)
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			target, _, _ := strings.Cut(match[1], "#")
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			target = filepath.Join(filepath.Dir(name), target)
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", name, match[1], err)
			}
			for _, page := range []string{target, filepath.Join(target, "README.md")} {
				linked[page] = linked[page] || page != name
			}
		}
	})
	if len(pages) == 0 {
		t.Error("no pages found")
	}
	for _, page := range pages {
		if !linked[page] {
			t.Errorf("no page links to %s", page)
		}
	}
}

// TestSettingsAreDocumented wants each key of the example in the README, by
// both of its names.
func TestSettingsAreDocumented(t *testing.T) {
	readme := read(t, "README.md")
	keys := regexp.MustCompile(`(?m)^([a-z_]+) = `).FindAllStringSubmatch(read(t, "configs/example.toml"), -1)
	if len(keys) == 0 {
		t.Fatal("example.toml has no keys")
	}
	for _, key := range keys {
		row := "| `" + key[1] + "` | `BBBRIDGE_" + strings.ToUpper(key[1]) + "` |"
		if !strings.Contains(readme, row) {
			t.Errorf("README.md lacks %s", row)
		}
	}
}

func eachPage(t *testing.T, do func(name, text string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || entry.Name() == "dist") {
			return filepath.SkipDir
		}
		if filepath.Ext(name) != ".md" {
			return nil
		}
		do(name, read(t, name))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestConformanceNamesEachCheck wants a row for each check of the security
// framework that login and launch make, and of those of a registration, with a
// test, and each code.
func TestConformanceNamesEachCheck(t *testing.T) {
	page := read(t, "docs/conformance.md")
	var checks []string
	for i := range 12 {
		checks = append(checks, fmt.Sprintf("L%d", i+1))
	}
	for i := range 25 {
		checks = append(checks, fmt.Sprintf("V%d", i+1))
	}
	for i := range 11 {
		checks = append(checks, fmt.Sprintf("R%d", i+1))
	}
	for _, check := range checks {
		row := regexp.MustCompile(`(?m)^\| `+check+` \|.*\| ([^|]+) \|$`).FindAllStringSubmatch(page, -1)
		if len(row) != 1 || !strings.Contains(row[0][1], "`") {
			t.Errorf("check %s has %d rows with a test, want 1", check, len(row))
		}
	}
	for _, code := range append(lti.Codes(), lti.RegistrationCodes()...) {
		if !strings.Contains(page, "`"+code+"`") {
			t.Errorf("code %s is not explained", code)
		}
	}
}

// TestPagesNameCodesThatExist wants each code that a page tells people to look
// for to be one that they can meet, with the sentence that stands beside it.
func TestPagesNameCodesThatExist(t *testing.T) {
	codes := map[string]bool{}
	for _, code := range web.Codes() {
		codes[code] = true
	}
	for _, match := range regexp.MustCompile(`Status[A-Za-z]+, "([a-z_]+)"`).FindAllStringSubmatch(read(t, "handlers/callbacks.go"), -1) {
		codes[match[1]] = true
	}
	list := regexp.MustCompile("(?i)\\bcode ((?:(?:, | or )?`[^`]+`)+)|(?m)^\\| [LV]?[0-9]* *\\|[^|]*\\|[^|]*\\|([^|]*`[^|]*)\\|")
	said := regexp.MustCompile("\"([^\"|]+)\", code `([^`]+)`")
	locale, found := read(t, "web/locales/en.toml"), 0
	eachPage(t, func(name, text string) {
		for _, match := range list.FindAllStringSubmatch(text, -1) {
			for _, code := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(match[1]+match[2], -1) {
				found++
				if !codes[code[1]] {
					t.Errorf("%s: there is no code %s", name, code[1])
				}
			}
		}
		for _, match := range said.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(locale, "[problem."+match[2]+"]\nperson = \"\"\""+match[1]) {
				t.Errorf("%s: the page of %s doesn't begin with %q", name, match[2], match[1])
			}
		}
	})
	if found < 60 {
		t.Errorf("the pages name %d codes, want more", found)
	}
}

// TestConformanceNamesTests wants each test that the page names to be there.
func TestConformanceNamesTests(t *testing.T) {
	name := regexp.MustCompile("`(?:([a-z/]+)\\.)?((?:Test|Fuzz)[A-Za-z0-9_]+)(?:/([^`…]+))?(…?)`")
	named := name.FindAllStringSubmatch(read(t, "docs/conformance.md"), -1)
	if len(named) < 100 {
		t.Errorf("the page names %d tests, want some 130", len(named))
	}
	sources := map[string]string{}
	for _, match := range named {
		folder, function, part, more := match[1], match[2], match[3], match[4] != ""
		if folder == "" {
			folder = "lti"
		}
		if sources[folder] == "" {
			sources[folder] = testsOf(t, folder)
		}
		end := "("
		if more && part == "" {
			end = ""
		}
		if !strings.Contains(sources[folder], "\nfunc "+function+end) {
			t.Errorf("%s has no %s", folder, function)
		}
		if part != "" && !hasPart(sources[folder], part, more) {
			t.Errorf("%s.%s has no part %s", folder, function, part)
		}
	}
}

// hasPart reports whether a text in source is a subtest's name, or begins so.
func hasPart(source, part string, more bool) bool {
	source = strings.ReplaceAll(source, " ", "_")
	whole := strings.Contains(source, `"`+strings.TrimSuffix(part, "_")+`"`)
	return whole || more && strings.Contains(source, `"`+part)
}

func testsOf(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests in %q: %v", folder, err)
	}
	var all strings.Builder
	for _, file := range files {
		all.WriteString("\n" + read(t, file))
	}
	return all.String()
}

// TestMetricsAreDocumented wants the metrics of the code and those of the page
// to be the same.
func TestMetricsAreDocumented(t *testing.T) {
	page := regexp.MustCompile("(?m)^\\| `(bbbridge_[a-z_]+)` \\|").FindAllStringSubmatch(read(t, "docs/operations.md"), -1)
	code := regexp.MustCompile(`"(bbbridge_[a-z_]+)"`).FindAllStringSubmatch(read(t, "handlers/metrics.go"), -1)
	names := func(matches [][]string) []string {
		list := []string{}
		for _, match := range matches {
			list = append(list, match[1])
		}
		slices.Sort(list)
		return list
	}
	if diff := cmp.Diff(names(code), names(page)); diff != "" {
		t.Errorf("metrics (-code +page)\n%s", diff)
	}
}

// TestAddressesAreServed wants a route for each address of ours that a page
// has people paste somewhere.
func TestAddressesAreServed(t *testing.T) {
	routes := map[string]bool{}
	for _, file := range append(glob(t, "handlers/admin/*.go"), "handlers/server.go") {
		for _, match := range regexp.MustCompile(`r\.(?:GET|POST)\("([^":]+)`).FindAllStringSubmatch(read(t, file), -1) {
			routes[strings.TrimSuffix(match[1], "/")] = true
		}
	}
	files, err := os.ReadDir("web/static")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		routes["/static/"+file.Name()] = true
	}
	found := 0
	eachPage(t, func(name, text string) {
		for _, match := range regexp.MustCompile(`PUBLIC_URL(/[a-z0-9./-]*[a-z0-9])`).FindAllStringSubmatch(text, -1) {
			found++
			if !routes[match[1]] {
				t.Errorf("%s: nothing is served at %s", name, match[1])
			}
		}
	})
	if found == 0 {
		t.Error("no page has an address")
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
