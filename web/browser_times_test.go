//go:build browser

package web

import (
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"
)

// In the browser's zone the page's script says times as the server would, on
// every day of a year, in every language.
func TestScriptSaysTimesAsThePageDoes(t *testing.T) {
	now := time.Date(2026, 11, 17, 14, 31, 0, 0, time.UTC)
	there := time.FixedZone("São Paulo", -3*3600)
	times := func(l *locale, zone *time.Location) []template.HTML {
		var said []template.HTML
		for day := range 400 {
			at := time.Date(2025, 11, 27, 1, 7, 0, 0, time.UTC).AddDate(0, 0, day).In(zone)
			said = append(said, l.clock(at), l.day(at, now), l.moment(at, now), l.date(at))
		}
		return said
	}
	mux := http.NewServeMux()
	mux.Handle(StaticPath, pages.Static())
	mux.HandleFunc("/{locale}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("locale")
		if err := pages.Render(w, name, Goodbye{}); err != nil {
			t.Error(err)
		}
		for _, said := range times(pages.locales[name], time.UTC) {
			fmt.Fprint(w, said)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	tab := newBrowserTab(t)
	if _, err := chromedp.Call(tab, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "America/Sao_Paulo"}); err != nil {
		t.Fatal(err)
	}
	still := fmt.Sprintf("{ const RealDate = Date; Date = class extends RealDate { constructor(...given) { super(...(given.length ? given : [%d])); } }; }", now.UnixMilli())
	if _, err := chromedp.Call(tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: still}); err != nil {
		t.Fatal(err)
	}
	for _, name := range Locales() {
		if err := chromedp.Do(tab, chromedp.Navigate(server.URL+"/"+name)); err != nil {
			t.Fatal(err)
		}
		got := evaluate[[]string](tab, t, `[...document.querySelectorAll("time")].map((e) => e.textContent)`)
		want := times(pages.locales[name], there)
		if len(got) != len(want) {
			t.Fatalf("%s: %d times, want %d", name, len(got), len(want))
		}
		for i := range want {
			_, text, _ := strings.Cut(string(want[i]), ">")
			if text = html.UnescapeString(strings.TrimSuffix(text, "</time>")); got[i] != text {
				t.Errorf("%s: the script says %q, the page %q", name, got[i], text)
			}
		}
	}
}
