package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

func TestMatchLocale(t *testing.T) {
	for _, test := range []struct {
		name       string
		candidates []string
		want       string
	}{
		{"as it is", []string{"fr"}, "fr"},
		{"region", []string{"fr-CA"}, "fr"},
		{"Moodle's variant", []string{"de_comm"}, "de"},
		{"capitals", []string{"DE"}, "de"},
		{"Moodle's Mexican", []string{"es_mx"}, "es"},
		{"Latin America's", []string{"es-419"}, "es"},
		{"Sakai's Spanish", []string{"es_ES"}, "es"},
		{"Moodle's Brazilian", []string{"pt_br"}, "pt-BR"},
		{"Canvas's Brazilian", []string{"pt-BR"}, "pt-BR"},
		{"D2L's Brazilian", []string{"pt-br"}, "pt-BR"},
		{"Portuguese of any land", []string{"pt"}, "pt-BR"},
		{"Italian", []string{"it_IT"}, "it"},
		{"Arabic", []string{"ar"}, "ar"},
		{"Egypt's Arabic", []string{"ar_EG"}, "ar"},
		{"Portugal's, near enough", []string{"pt_PT"}, "pt-BR"},
		{"what we don't have", []string{"nl_be"}, "en"},
		{"the first that we have", []string{"nl_BE", "fr"}, "fr"},
		{"empty ones don't count", []string{"", "de"}, "de"},
		{"a header in its order", []string{"", "nl, fr-CH;q=0.9, en;q=0.8"}, "fr"},
		{"a header of a Brazilian", []string{"", "pt-BR,pt;q=0.9,en-US;q=0.8"}, "pt-BR"},
		{"a header without English", []string{"", "gl, es;q=0.7"}, "es"},
		{"not at all", []string{"fr;q=0, de;q=0.5"}, "de"},
		{"longer than a language", []string{"french"}, "en"},
		{"nothing", nil, "en"},
		{"nonsense", []string{"-", "_fr", ";;,", "<script>"}, "en"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := MatchLocale(test.candidates...); got != test.want {
				t.Errorf("MatchLocale(%q) = %q, want %q", test.candidates, got, test.want)
			}
		})
	}
}

func FuzzMatchLocale(f *testing.F) {
	f.Add("de_comm")
	f.Add("es, fr-CH;q=0.9, en;q=0.8")
	f.Fuzz(func(t *testing.T, candidate string) {
		got := MatchLocale(candidate)
		if pages.locales[got] == nil {
			t.Errorf("MatchLocale(%q) = %q, which isn't a locale", candidate, got)
		}
	})
}

func TestRenderRefusesStrangers(t *testing.T) {
	for name, page := range map[string]any{"nothing": nil, "no page": 1, "not a page": Person{}} {
		if err := pages.Render(io.Discard, "en", page); err == nil {
			t.Errorf("%s was rendered", name)
		}
	}
}

func TestRenderTakesPointersAndFallsBackToEnglish(t *testing.T) {
	page := LeftPage{Title: "Law", Standing: Standing{State: Live}}
	want := render(t, "en", page)
	if got := render(t, "xx", &page); got != want {
		t.Errorf("page in an unknown locale by pointer: %s", got)
	}
}

func TestText(t *testing.T) {
	for _, test := range []struct {
		name, locale, id string
		data             Data
		want             string
	}{
		{"plain", "en", "go.start", nil, "Start class"},
		{"one", "en", "settings.is.limit", Data{"Count": 1}, "at most 1 person"},
		{"many", "en", "settings.is.limit", Data{"Count": 2}, "at most 2 people"},
		{"none is one in French", "fr", "room.came", Data{"Count": 0, "Of": 26}, "0 présent sur 26"},
		{"placeholder as it is, for no page", "en", "window.as", Data{"Name": "A & B"}, "Continue as A & B"},
		{"unknown locale", "xx", "go.start", nil, "Start class"},
		{"unknown id", "en", "room.nowhere", nil, "room.nowhere"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := pages.Text(test.locale, test.id, test.data); got != test.want {
				t.Errorf("Text(%s, %s) = %q, want %q", test.locale, test.id, got, test.want)
			}
		})
	}
}

func TestStatic(t *testing.T) {
	for _, test := range []struct {
		name, path, cache, contentType string
		status                         int
	}{
		{"hashed", pages.Asset("app.css"), "public, max-age=31536000, immutable", "text/css; charset=utf-8", 200},
		{"script", pages.Asset("app.js"), "public, max-age=31536000, immutable", "text/javascript; charset=utf-8", 200},
		{"plain, as platforms keep it", "/static/icon-128.png", "public, max-age=3600", "image/png", 200},
		{"favicon", pages.Asset("icon.svg"), "public, max-age=31536000, immutable", "image/svg+xml", 200},
		{"unknown", "/static/nothing.css", "", "text/plain; charset=utf-8", 404},
		{"another hash", "/static/app.0000000000.css", "", "text/plain; charset=utf-8", 404},
		{"out of the folder", "/static/../web.go", "", "text/plain; charset=utf-8", 404},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.URL.Path = test.path
			pages.Static().ServeHTTP(w, r)
			h := w.Header()
			if w.Code != test.status || h.Get("Cache-Control") != test.cache || h.Get("Content-Type") != test.contentType {
				t.Errorf("%s: %d, %q, %q", test.path, w.Code, h.Get("Cache-Control"), h.Get("Content-Type"))
			}
		})
	}
}

func TestStylesheetIsSmall(t *testing.T) {
	if size := len(pages.assets["app.css"].body); size > 24<<10 {
		t.Errorf("app.css has %d bytes, more than 24 KiB", size)
	}
}

func TestAssetOfNothingPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	pages.Asset("nothing")
}

// A language that nobody has asked for takes no memory.
func TestLanguagesAreReadWhenAskedFor(t *testing.T) {
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	read := func() (names []string) {
		for _, name := range Locales() {
			if p.locales[name].pages != nil {
				names = append(names, name)
			}
		}
		return names
	}
	if got := read(); len(got) != 1 || got[0] != English {
		t.Errorf("at the start %q are read", got)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := p.Render(io.Discard, "fr", LeftPage{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := read(); len(got) != 2 || got[1] != "fr" {
		t.Errorf("with a page in French %q are read", got)
	}
	if got, want := p.Text("de", "button.cancel", nil), pages.Text("de", "button.cancel", nil); got != want || len(read()) != 3 {
		t.Errorf("a German text is %q, want %q", got, want)
	}
}
