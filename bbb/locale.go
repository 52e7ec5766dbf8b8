package bbb

import (
	"regexp"
	"strings"
)

// sameLanguage are codes of languages that BigBlueButton has under another
// one: older Javas say iw, in and ji, and Moodle's Norwegian is no.
var sameLanguage = map[string]string{"iw": "he", "in": "id", "ji": "yi", "no": "nb"}

// noLanguages are codes that say that there is none (ISO 639-2).
var noLanguages = map[string]bool{"und": true, "mul": true, "mis": true, "zxx": true}

// localeName spells a language tag, or what an LMS takes for one (pt_br,
// de_comm, zh-Hant), as BigBlueButton's client does: the language in small
// letters, and maybe a region in capitals (pt-BR, es-419). It is empty for what
// is no language: then the client goes by the browser.
//
// The client compares letter by letter, knows nothing of scripts, and finds the
// language by itself for a region that it doesn't have (release 3.0,
// bigbluebutton-html5). Only of Chinese it has no form without a region.
func localeName(tag string) string {
	parts := strings.FieldsFunc(tag, func(r rune) bool { return r == '-' || r == '_' })
	if len(parts) == 0 || len(parts[0]) < 2 || len(parts[0]) > 3 || !letters.MatchString(parts[0]) {
		return ""
	}
	language := strings.ToLower(parts[0])
	if noLanguages[language] {
		return ""
	}
	if same, ok := sameLanguage[language]; ok {
		language = same
	}
	region, script := regionAndScript(parts[1:])
	if language == "zh" && (region != "" || script != "") {
		region = chineseRegion(region, script)
	}
	if region == "" {
		return language
	}
	return language + "-" + region
}

// regionAndScript finds both among a tag's parts behind the language, the
// region in capitals. Variants, and what stands behind a single letter, are of
// no use to BigBlueButton (RFC 5646, section 2.1).
func regionAndScript(parts []string) (region, script string) {
	for _, part := range parts {
		switch {
		case len(part) == 1:
			return region, script
		case region != "":
		case len(part) == 2 && letters.MatchString(part), len(part) == 3 && digits.MatchString(part):
			region = strings.ToUpper(part)
		case len(part) == 4 && script == "":
			script = strings.ToLower(part)
		}
	}
	return region, script
}

// chineseRegion stands for a way to write: BigBlueButton has zh-CN and zh-TW.
func chineseRegion(region, script string) string {
	switch {
	case script == "hans":
		return "CN"
	case script == "hant", region == "TW", region == "HK", region == "MO":
		return "TW"
	}
	return "CN"
}

var (
	letters = regexp.MustCompile(`^[A-Za-z]+$`)
	digits  = regexp.MustCompile(`^[0-9]+$`)
)
