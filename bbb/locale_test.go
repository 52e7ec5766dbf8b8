package bbb

import (
	"regexp"
	"testing"
)

func TestLocaleName(t *testing.T) {
	for _, test := range []struct{ name, tag, want string }{
		{"a language", "es", "es"},
		{"in capitals", "DE", "de"},
		{"Moodle's Brazilian", "pt_br", "pt-BR"},
		{"Moodle's American", "en_us", "en-US"},
		{"Austrian", "de_at", "de-AT"},
		{"of the mainland", "zh_cn", "zh-CN"},
		{"of Taiwan", "zh_tw", "zh-TW"},
		{"Java's", "fr_CA", "fr-CA"},
		{"as it is", "pt-BR", "pt-BR"},
		{"a region by number", "es-419", "es-419"},
		{"Arabic", "ar", "ar"},
		{"three letters", "fil", "fil"},
		{"Moodle's variant", "de_comm", "de"},
		{"a variant for children", "en_us_k12", "en-US"},
		{"an overlay", "de__myschool", "de"},
		{"Canvas's school", "en-AU-x-unimelb", "en-AU"},
		{"an extension", "de-u-co-phonebk", "de"},
		{"a script", "sr-Latn-RS", "sr-RS"},
		{"a variant that is no region", "ca_valencia", "ca"},
		{"Canvas's traditional Chinese", "zh-Hant", "zh-TW"},
		{"Canvas's simplified Chinese", "zh-Hans", "zh-CN"},
		{"Hong Kong writes as Taiwan", "zh-HK", "zh-TW"},
		{"but not always", "zh-Hans-HK", "zh-CN"},
		{"Singapore writes as the mainland", "zh_SG", "zh-CN"},
		{"Chinese, however it's written", "zh", "zh"},
		{"Hebrew of an older Java", "iw_IL", "he-IL"},
		{"Indonesian of an older Java", "in", "id"},
		{"Moodle's Norwegian", "no", "nb"},
		{"nothing", "", ""},
		{"only separators", "_-_", ""},
		{"a word", "banana", ""},
		{"a name of a language", "german", ""},
		{"one letter", "x", ""},
		{"digits", "12", ""},
		{"a private tag", "x-klingon", ""},
		{"letters that are none", "é1", ""},
		{"not said", "und", ""},
		{"several", "mul", ""},
		{"none that is known", "mis", ""},
		{"none", "ZXX", ""},
		{"a word of three letters", "mulx", ""},
		{"Yiddish of an older Java", "ji", "yi"},
		{"a region that is none", "de-<b>", "de"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := localeName(test.tag); got != test.want {
				t.Errorf("localeName(%q) = %q, want %q", test.tag, got, test.want)
			}
		})
	}
}

func FuzzLocaleName(f *testing.F) {
	f.Add("pt_br")
	f.Add("zh-Hant-HK-x-y")
	spelled := regexp.MustCompile(`^([a-z]{2,3}(-([A-Z]{2}|[0-9]{3}))?)?$`)
	f.Fuzz(func(t *testing.T, tag string) {
		got := localeName(tag)
		if !spelled.MatchString(got) || got != localeName(got) {
			t.Errorf("localeName(%q) = %q", tag, got)
		}
	})
}
