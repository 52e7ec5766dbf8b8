package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Each kind of mutant, and what is left alone.
func TestFind(t *testing.T) {
	for _, test := range []struct {
		name, code string
		want       []string
	}{
		{"edges", "_ = a < b && c >= d", []string{"edge: a < b → a <= b", "and, or: a < b && c >= d → a < b || c >= d", "edge: c >= d → c > d"}},
		{"equality is turned round once", "if a == b {}", []string{"equality: a == b → a != b"}},
		{"another condition", "if done(x) {}", []string{"condition: done(x) → !(done(x))"}},
		{"a loop's condition", "for !done(x) {}", []string{"condition: !done(x) → !(!done(x))"}},
		{"no condition", "for {}", nil},
		{"sums and products", "_ = a + b*c", []string{"arithmetic: a + b*c → a - b*c", "arithmetic: b*c → b/c"}},
		{"texts can only be joined", `_ = a + "b" + c`, []string{`text: a + "b" → a + "mutant"`}},
		{"constants", `f(10*time.Second, true, "", 0x10)`, []string{
			`call left out: f(10*time.Second, true, "", 0x10) → (left out)`, "number: 10*time.Second → 11*time.Second",
			"arithmetic: 10*time.Second → 10/time.Second", `true, false: f(10*time.Second, true, "", 0x10) → f(10*time.Second, false, "", 0x10)`,
			`text: f(10*time.Second, true, "", 0x10) → f(10*time.Second, true, "mutant", 0x10)`,
			`number: f(10*time.Second, true, "", 0x10) → f(10*time.Second, true, "", 17)`,
		}},
		{"what logs alone show", `_, _ = fmt.Errorf("x"), s.Log.InfoContext("x", "y", 1)`, nil},
		{"a method whose name sounds like a log's", `_ = x.Errors("x")`, []string{`text: x.Errors("x") → x.Errors("mutant")`}},
		{"a hint of memory", "_ = make([]int, 0, 8)", nil},
		{"left out", "x.Close(); defer x.Unlock(); x.a = f(); m[k] += 1; x.n++", []string{
			"call left out: x.Close() → (left out)", "defer left out: defer x.Unlock() → (left out)",
			"assignment left out: x.a = f() → _ = f()", "assignment left out: m[k] += 1 → _ = 1", "number: m[k] += 1 → m[k] += 2",
			"assignment left out: x.n++ → (left out)",
		}},
		{"a variable's value stays", "x, y = f(), g(); z := h()", nil},
		{"cases", "switch x { case a: f = g; case b: default: break }", []string{
			"case emptied: case a: f = g → case a:", "break, continue: break → continue",
			"case emptied: default: break → default:",
		}},
		{"a case of select", "select { case <-c: f = g }", []string{"case emptied: case <-c: f = g → case <-c:"}},
		{"least and most", "_ = min(a, b)", []string{"min, max: min(a, b) → max(a, b)"}},
		{"a list's only member", "_ = max(list)", nil},
		{"errors", "return x, err", []string{"error dropped: return x, err → return x, nil"}},
		{"nobody reads what comes with an error", "return 1, err", []string{"error dropped: return 1, err → return 1, nil"}},
		{"nor whether it is so", "return true, err", []string{"error dropped: return true, err → return true, nil"}},
		{"what comes without one", "return 1, nil", []string{"number: return 1, nil → return 2, nil"}},
		{"no error", "return x, nil", nil},
		{"both of a call", "return f()", nil},
		{"a function within returns no error", "_ = func() bool { return a }", nil},
		{"a function within returns one", "_ = func() error { return f() }", []string{"error dropped: return f() → return nil"}},
		{"SQL", "_ = `SELECT a FROM b WHERE c = ? AND d < ? ORDER BY e`", []string{
			"SQL condition: c = ? → (c = ? OR 1 = 1)", "SQL condition: d < ? → (d < ? OR 1 = 1)", "SQL edge: < → <=",
		}},
		{"SQL within", "_ = `DELETE FROM a WHERE b IN (SELECT c FROM d WHERE e >= ?) AND f BETWEEN 1 AND 2`", []string{
			"SQL condition: b IN (SELECT c FROM d WHERE e >= ?) → (b IN (SELECT c FROM d WHERE e >= ?) OR 1 = 1)",
			"SQL condition: e >= ? → (e >= ? OR 1 = 1)", "SQL edge: >= → >",
		}},
		{"a constant in much else", "f(" + strings.Repeat("x, ", 40) + "7)", []string{"call left out: f(" + strings.Repeat("x, ", 40) + "7) → (left out)", "number: 7 → 8"}},
		{"SQL that goes on", "_ = `UPDATE a SET b = 1 WHERE c IN (` + list", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			source := "package p\n\nimport \"fmt\"\n\ntype t struct { a int `json:\"a\"` }\n\nfunc (x *t) do() (int, error) {\n" + test.code + "\n}\n"
			found, err := find("p.go", []byte(source))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range found {
				got = append(got, m.kind+": "+m.before+" → "+m.after)
				if m.place() != "p.go:8 t.do" {
					t.Errorf("place is %s", m.place())
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestDraw(t *testing.T) {
	var all []mutant
	for line := range 30 {
		all = append(all, mutant{line: line})
	}
	lines := func(seed uint64, pkg string) (lines []int) {
		for _, m := range draw(seed, pkg, all) {
			lines = append(lines, m.line)
		}
		return lines
	}
	first := lines(1, "store")
	if diff := cmp.Diff(first, lines(1, "store")); diff != "" {
		t.Errorf("the same seed draws others:\n%s", diff)
	}
	for name, other := range map[string][]int{"another seed": lines(2, "store"), "another package": lines(1, "lti")} {
		if cmp.Equal(first, other) {
			t.Errorf("%s draws the same", name)
		}
	}
}

// small is a module whose tests notice some of what is wrong with it.
var small = map[string]string{
	"go.mod": "module example.org/small\n\ngo 1.24\n",
	"fits/fits.go": `package fits

// Fits reports whether n things fit.
func Fits(n int) bool { return n <= 3 }

// Count counts up to n.
func Count(n int) (count int) {
	for i := n; i > 0; i-- {
		count++
	}
	keep(count)
	return count
}

func keep(int) {}
`,
	"fits/fits_test.go": `package fits

import "testing"

func Test(t *testing.T) {
	if !Fits(2) || Fits(9) || Count(2) != 2 {
		t.Error("wrong")
	}
}
`,
	"user/user.go": "package user\n\nimport \"example.org/small/fits\"\n\n// Three is whether three fit.\nvar Three = fits.Fits(3)\n",
	"user/user_test.go": `package user

import "testing"

func Test(t *testing.T) {
	if !Three {
		t.Error("three don't fit")
	}
}
`,
	"equivalents.txt": "# Those that make no difference.\n\nfits Count\n\tcount++\n\t(left out)\n\tOnly to have one in this test.\n",
}

func written(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRun(t *testing.T) {
	dir := written(t, small)
	o := order{
		dir: dir, patterns: []string{"./..."}, seed: 1, most: 100, match: regexp.MustCompile(`fits\.go`),
		known: filepath.Join(dir, "equivalents.txt"), slack: time.Second,
	}
	var out strings.Builder
	if err := o.do(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	// The package's own tests notice that 9 fit, the user's that 3 don't, and
	// nobody what becomes of 4. A loop that doesn't come down never ends.
	want := `fits: 5 of 7 killed, 71 %; equivalent and left aside: 1; didn't compile: 0

# fits/fits.go:4 Fits: number
fits Fits
	n <= 3
	n <= 4

# fits/fits.go:11 Count: call left out
fits Count
	keep(count)
	(left out)

user: 0 of 0 killed, 100 %; equivalent and left aside: 0; didn't compile: 0
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	unchanged(t, dir, small)
}

func unchanged(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		seen++
		text, err := os.ReadFile(path)
		if name, _ := filepath.Rel(dir, path); string(text) != files[name] {
			t.Errorf("%s has changed", name)
		}
		return err
	})
	if err != nil || seen != len(files) {
		t.Errorf("%d files, %v, want %d", seen, err, len(files))
	}
}

func TestEquivalents(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"an entry", "store DB.do\n\ta < b\n\ta <= b\n\tBecause.\n", ""},
		{"outside of functions", "\n# store\nstore\n\t1\n\t2\n\tBecause.\n\n", ""},
		{"no reason", "store DB.do\n\ta < b\n\ta <= b\n\n", "three lines must follow"},
		{"an empty reason", "store DB.do\n\ta < b\n\ta <= b\n\t \n", "three lines must follow"},
		{"its end is missing", "store DB.do\n\ta < b", "three lines must follow"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(written(t, map[string]string{"known.txt": test.text}), "known.txt")
			known, err := readEquivalents(path)
			if test.want == "" && (err != nil || len(known) != 1) {
				t.Errorf("%v, %v, want one", known, err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
		})
	}
}

// What is left aside must still be there, word for word.
func TestEquivalentsAreMutants(t *testing.T) {
	known, err := readEquivalents("equivalents.txt")
	if err != nil {
		t.Fatal(err)
	}
	there := map[equivalent]bool{}
	for k := range known {
		files, err := filepath.Glob(filepath.Join("../..", k.pkg, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		found, err := mutantsOf(target{name: k.pkg, files: files})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range found {
			there[m.equivalent()] = true
		}
	}
	for k := range known {
		if !there[k] {
			t.Errorf("%s %s: %s is nowhere", k.pkg, k.function, k.before)
		}
	}
}
