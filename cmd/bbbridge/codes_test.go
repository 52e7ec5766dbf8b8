package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/web"
)

// Templates put ids together of what the program calls things: each of those
// has its words, in every language.
func TestCodesHaveWords(t *testing.T) {
	pages, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, worldOptions{})
	var ids []string
	for kind := range w.svc.runner.Kinds {
		ids = append(ids, "job_kind."+string(kind))
	}
	for _, code := range namedIn(t, `(?:Did:? *=? *|[cC]hanged\(ctx, (?:c, )?|did :?= )"([a-z]+\.[a-z-]+)"`, "store", "admin", "handlers", "handlers/admin", "cmd/bbbridge") {
		ids = append(ids, "did."+code)
	}
	for _, code := range namedIn(t, `Finding\{(?:Mark: )?(?:Good|Note|Needs), (?:Code: )?"([a-z_]+[a-z])"`, "admin") {
		ids = append(ids, "check."+code)
	}
	for _, why := range namedIn(t, `return "([a-z]+)"`, "admin/checking.go") {
		ids = append(ids, "check.keys_"+why, "check.keys_"+why+"_cure")
		if why == "refused" {
			why = "refused_connection"
		}
		ids = append(ids, "check.token_"+why, "check.token_"+why+"_cure")
	}
	for _, reason := range append(web.Reasons(), gradebook.ReasonGiven) {
		ids = append(ids, "grade_reason."+reason)
	}
	if len(ids) < 60 {
		t.Errorf("only %d codes were found: %v", len(ids), ids)
	}
	for _, locale := range web.Locales() {
		for _, id := range ids {
			if text := pages.DeskText(locale, id, nil); text == id {
				t.Errorf("%s has no words in %s", id, locale)
			}
		}
	}
}

// namedIn are what an expression's group matches in the Go files of these folders,
// without tests.
func namedIn(t *testing.T, expression string, places ...string) (found []string) {
	t.Helper()
	wanted, seen := regexp.MustCompile(expression), map[string]bool{}
	for _, place := range places {
		files := []string{filepath.Join("..", "..", place)}
		if !strings.HasSuffix(place, ".go") {
			var err error
			if files, err = filepath.Glob(filepath.Join("..", "..", place, "*.go")); err != nil {
				t.Fatal(err)
			}
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range wanted.FindAllStringSubmatch(string(source), -1) {
				if !seen[match[1]] {
					seen[match[1]] = true
					found = append(found, match[1])
				}
			}
		}
	}
	return found
}
