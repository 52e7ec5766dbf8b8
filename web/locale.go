package web

import "strings"

// English is the locale of who speaks none of ours.
const English = "en"

// Locales are the languages of the pages.
func Locales() []string { return []string{"en", "fr", "de"} }

// MatchLocale is the locale for a person, by candidates of which the first
// that we have wins: what an LMS calls a language (fr, de_comm, pt_br, es-ES),
// or an Accept-Language header, whose own order counts. English if none fits.
func MatchLocale(candidates ...string) string {
	for _, candidate := range candidates {
		for tag := range strings.SplitSeq(candidate, ",") {
			tag, weight, _ := strings.Cut(strings.TrimSpace(tag), ";")
			if strings.HasPrefix(strings.TrimSpace(weight), "q=0") && strings.Trim(weight, " q=0.") == "" {
				continue // not at all
			}
			for _, have := range Locales() {
				if language, ok := cutLanguage(tag); ok && strings.EqualFold(language, have) {
					return have
				}
			}
		}
	}
	return English
}

// cutLanguage is the first part of a language tag, however it is separated.
func cutLanguage(tag string) (string, bool) {
	if i := strings.IndexAny(tag, "-_.@"); i >= 0 {
		tag = tag[:i]
	}
	return tag, len(tag) >= 2 && len(tag) <= 3
}
