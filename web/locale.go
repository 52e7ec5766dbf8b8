package web

import (
	"path"
	"strings"
)

// English is the locale of who speaks none of ours.
const English = "en"

// locales are named after their files.
var locales = func() []string {
	files, err := localeFiles.ReadDir("locales")
	if err != nil {
		panic(err) // they are part of the program
	}
	var names []string
	for _, file := range files {
		if !file.IsDir() {
			names = append(names, strings.TrimSuffix(file.Name(), path.Ext(file.Name())))
		}
	}
	return names
}()

// Locales are the languages of the pages, in the order of their tags: a
// language is a file in the folder locales.
func Locales() []string { return locales }

// MatchLocale is the locale for a person, by candidates of which the first
// that we have wins: what an LMS calls a language (fr, de_comm, pt_br, es-419),
// or an Accept-Language header, whose own order counts. Of a language we have
// one form, which is near enough for all who speak it: who asks for Portuguese
// gets Brazil's. English if none fits.
func MatchLocale(candidates ...string) string {
	for _, candidate := range candidates {
		for tag := range strings.SplitSeq(candidate, ",") {
			tag, weight, _ := strings.Cut(strings.TrimSpace(tag), ";")
			if strings.HasPrefix(strings.TrimSpace(weight), "q=0") && strings.Trim(weight, " q=0.") == "" {
				continue // not at all
			}
			language, ok := cutLanguage(tag)
			if !ok {
				continue
			}
			for _, have := range Locales() {
				if ours, _ := cutLanguage(have); strings.EqualFold(language, ours) {
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
