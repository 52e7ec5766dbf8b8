package main

import (
	"strings"
	"testing"

	"github.com/bbbridge/bbbridge/lti/ltitest"
)

const presentationClaim = "https://purl.imsglobal.org/spec/lti/claim/launch_presentation"

// speaks has a launch say which language is the person's, in its presentation
// and in OpenID Connect's claim. Empty ones aren't there.
func speaks(presentation, locale string) func(map[string]any) {
	return func(claims map[string]any) {
		claims["locale"] = locale
		if locale == "" {
			delete(claims, "locale")
		}
		shown, ok := claims[presentationClaim].(map[string]any)
		if !ok {
			return
		}
		shown["locale"] = presentation
		if presentation == "" {
			delete(shown, "locale")
		}
	}
}

// BigBlueButton speaks the language that the platform named, or else the
// browser's, and never one that neither named (after public bug reports). Our
// own pages speak the first of both that we have.
func TestLanguageOfThePerson(t *testing.T) {
	w := newWorld(t, worldOptions{})
	link := w.link()
	for _, test := range []struct {
		name, presentation, locale, browser string
		class, pages                        string
	}{
		{"Spanish", "es", "es", "es-ES,es;q=0.9", "es", "es"},
		{"Moodle's Mexican", "es_mx", "", "en", "es-MX", "es"},
		{"Moodle's Brazilian", "pt_br", "", "pt-BR,pt;q=0.9", "pt-BR", "pt-BR"},
		{"Portuguese", "pt", "", "en", "pt", "pt-BR"},
		{"Italian", "it", "it", "it", "it", "it"},
		{"Arabic", "ar", "ar", "ar,en;q=0.5", "ar", "ar"},
		{"Austrian", "de_at", "", "en", "de-AT", "de"},
		{"Canvas's Chinese", "zh-Hant", "", "fr", "zh-TW", "fr"},
		{"ours, and another browser", "fr", "fr", "de", "fr", "fr"},
		{"Dutch, whose second language is French", "nl", "", "nl,fr;q=0.8", "nl", "fr"},
		{"by OpenID Connect's claim alone", "", "es-MX", "en", "es-MX", "es"},
		{"not said, Italian browser", "", "", "it-IT,it;q=0.9", "", "it"},
		{"not said, Dutch browser", "", "", "nl-NL,nl;q=0.9", "", "en"},
		{"not said, German browser", "", "", "de-DE,de;q=0.9", "", "de"},
		{"no language tag", "banana", "", "de", "", "de"},
		{"not even letters", "<script>", "", "fr", "", "fr"},
	} {
		for _, framed := range []bool{false, true} {
			t.Run(test.name+map[bool]string{true: ", framed"}[framed], func(t *testing.T) {
				b := ltitest.NewBrowser()
				b.Language = test.browser
				anna := w.launchIn(b, link, "anna", ltitest.LaunchOptions{Framed: framed, Claims: speaks(test.presentation, test.locale)})
				if want := `<html lang="` + test.pages + `"`; !strings.Contains(anna.Body, want) {
					t.Errorf("our page has no %s: %.200s", want, anna.Body)
				}
				form, err := anna.Form("/start")
				if err != nil {
					form, err = anna.Form("/join")
				}
				if err != nil {
					t.Fatal(err)
				}
				in, err := anna.Submit(form)
				if err != nil {
					t.Fatal(err)
				}
				w.inClass(in)
				people := w.meeting().People
				if got := people[len(people)-1].UserData["bbb_override_default_locale"]; got != test.class {
					t.Errorf("the class speaks %q, want %q", got, test.class)
				}
			})
		}
	}
}
