package bbbridge_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLinks wants every relative link of a page to lead to a file.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)]+)\)`)
	pages := 0
	eachPage(t, func(name, text string) {
		pages++
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			target, _, _ := strings.Cut(match[1], "#")
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), target)); err != nil {
				t.Errorf("%s links to %s: %v", name, match[1], err)
			}
		}
	})
	if pages == 0 {
		t.Error("no pages found")
	}
}

// TestSettingsAreDocumented wants each key of the example in the README, by
// both of its names.
func TestSettingsAreDocumented(t *testing.T) {
	example, err := os.ReadFile("configs/example.toml")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	keys := regexp.MustCompile(`(?m)^([a-z_]+) = `).FindAllStringSubmatch(string(example), -1)
	if len(keys) == 0 {
		t.Fatal("example.toml has no keys")
	}
	for _, key := range keys {
		row := "| `" + key[1] + "` | `BBBRIDGE_" + strings.ToUpper(key[1]) + "` |"
		if !strings.Contains(string(readme), row) {
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
		text, err := os.ReadFile(name)
		do(name, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
