package web

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// pages are the same for all tests: they don't change.
var pages = func() *Pages {
	p, err := New()
	if err != nil {
		panic(err)
	}
	for _, name := range Locales() {
		if _, err := p.locale(name); err != nil {
			panic(err)
		}
	}
	return p
}()

func render(t testing.TB, locale string, page any) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, locale, page); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// write renders a sample.
func write(w io.Writer, locale string, page any) error {
	if d, ok := page.(desked); ok {
		return pages.RenderDesk(w, locale, d.Desk, d.page)
	}
	if v, ok := page.(visited); ok {
		return pages.RenderFor(w, locale, v.Visitor, v.page)
	}
	return pages.Render(w, locale, page)
}

// plainAssets takes the hashes out of the addresses of static files.
func plainAssets(html string) string {
	for name, a := range pages.assets {
		if name != a.hashed {
			html = strings.ReplaceAll(html, StaticPath+a.hashed, StaticPath+name)
		}
	}
	return html
}

func TestGolden(t *testing.T) {
	for name, page := range samples() {
		if name == "register_300" { // half a megabyte that says what "register" says
			continue
		}
		for _, locale := range []string{"en", "fr"} {
			t.Run(name+"."+locale, func(t *testing.T) {
				got := plainAssets(render(t, locale, page))
				file := filepath.Join("testdata", "golden", name+"."+locale+".html")
				if *update {
					if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("page changed (-want +got); go test -update rewrites it:\n%s", diff)
				}
			})
		}
	}
}
