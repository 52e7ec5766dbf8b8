package web

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// allTexts is a language with the texts of staff, too.
func allTexts(name string) *locale {
	l, err := pages.deskLocale(name)
	if err != nil {
		panic(err)
	}
	return l
}

func placeholders(m *message) []string {
	names := map[string]bool{}
	for _, form := range m.forms {
		for _, p := range form {
			if p.name != "" {
				names[p.name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// hasForms are the plural forms of a message; one that counts nothing has one.
func hasForms(m *message) []plural.Form {
	var have []plural.Form
	for form, pieces := range m.forms {
		if pieces != nil {
			have = append(have, plural.Form(form))
		}
	}
	return have
}

// needsForms are the forms that a language has for what pages count: people,
// classes, minutes, and points, which have two decimals at most. Nothing there
// comes to a million, for which Romance languages have a form of their own.
func needsForms(l *locale) []plural.Form {
	var need [len(message{}.forms)]bool
	for _, part := range []float64{0, 0.01, 0.1, 0.5} {
		for n := range 1000 {
			need[l.pluralForm(float64(n)+part)] = true
		}
	}
	var forms []plural.Form
	for form, needed := range need {
		if needed {
			forms = append(forms, plural.Form(form))
		}
	}
	return forms
}

func TestPluralForms(t *testing.T) {
	for _, test := range []struct {
		locale string
		want   []plural.Form
	}{
		{"en", []plural.Form{plural.Other, plural.One}},
		{"fr", []plural.Form{plural.Other, plural.One}},
		{"es", []plural.Form{plural.Other, plural.One}},
		{"it", []plural.Form{plural.Other, plural.One}},
		{"pt-BR", []plural.Form{plural.Other, plural.One}},
		{"ar", []plural.Form{plural.Other, plural.Zero, plural.One, plural.Two, plural.Few, plural.Many}},
	} {
		l := &locale{tag: language.MustParse(test.locale)}
		if diff := cmp.Diff(test.want, needsForms(l)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.locale, diff)
		}
	}
}

func TestLocalesSayTheSame(t *testing.T) {
	english := allTexts("en").messages
	for _, name := range Locales() {
		l := allTexts(name)
		counted := needsForms(l)
		for id, want := range english {
			got := l.messages[id]
			if got == nil {
				t.Errorf("%s has no %s", name, id)
				continue
			}
			if diff := cmp.Diff(placeholders(want), placeholders(got)); diff != "" && !strings.HasPrefix(id, "format.") {
				t.Errorf("%s: placeholders of %s (-en +%s):\n%s", name, id, name, diff)
			}
			forms := []plural.Form{plural.Other}
			if want.forms[plural.One] != nil {
				forms = counted
			}
			if diff := cmp.Diff(forms, hasForms(got)); diff != "" {
				t.Errorf("%s: plural forms of %s (-want +got):\n%s", name, id, diff)
			}
		}
		for id := range l.messages {
			if english[id] == nil {
				t.Errorf("%s has %s, which English hasn't", name, id)
			}
		}
	}
}

// No text was left in English.
func TestNoEnglishIsLeft(t *testing.T) {
	english := allTexts("en").messages
	for _, name := range Locales() {
		if name == English {
			continue
		}
		for id, m := range allTexts(name).messages {
			said := asText(m.forms[plural.Other], nil)
			if e := english[id]; e != nil && said == asText(e.forms[plural.Other], nil) && len(strings.Fields(said)) > 2 {
				t.Errorf("%s says %s in English: %q", name, id, said)
			}
		}
	}
}

// Every text is what go-i18n says, for counts of each plural form.
func TestTextIsGoI18ns(t *testing.T) {
	for _, name := range Locales() {
		bundle := i18n.NewBundle(language.English)
		bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
		files, err := fs.Glob(localeFiles, "locales/admin/*."+name+".toml")
		if err != nil || len(files) == 0 {
			t.Fatalf("texts of staff in %s: %v", name, err)
		}
		for _, file := range append(files, "locales/"+name+".toml") {
			if _, err := bundle.LoadMessageFileFS(localeFiles, file); err != nil {
				t.Fatal(err)
			}
		}
		localizer := i18n.NewLocalizer(bundle, name)
		for id, m := range allTexts(name).messages {
			for _, n := range []int{0, 1, 2, 5, 11, 21, 100, 103, 300} {
				data := Data{"Count": n}
				for _, p := range placeholders(m) {
					if p != "Count" {
						data[p] = "<" + p + ">"
					}
				}
				config := &i18n.LocalizeConfig{MessageID: id, TemplateData: map[string]any(data)}
				if m.forms[plural.One] != nil {
					config.PluralCount = n
				} else {
					delete(data, "Count")
					data["Count"] = fmt.Sprint(n) // a figure in a sentence that has one form
				}
				want, err := localizer.Localize(config)
				if err != nil {
					t.Fatalf("%s in %s: %v", id, name, err)
				}
				if got := pages.DeskText(name, id, data); got != want {
					t.Errorf("%s in %s for %d = %q, want %q", id, name, n, got, want)
				}
			}
		}
	}
}

func TestCount(t *testing.T) {
	for _, test := range []struct {
		name, locale, id string
		n                float64
		want             string
	}{
		{"one point", "en", "rule.worth.all", 1, "1 point once complete"},
		{"a part of a point", "en", "rule.worth.all", 0.5, "0.5 points once complete"},
		{"points", "en", "rule.worth.share", 10, "up to 10 points, by share"},
		{"one and a half is one in French", "fr", "rule.worth.all", 1.5, "1,5 point une fois validé"},
		{"two in French", "fr", "rule.worth.all", 2, "2 points une fois validé"},
		{"the verb, too", "de", "grade.refused", 1, "1 von 10 Punkten steht nicht im Bewertungsbuch."},
		{"one and a half is more than one in Spanish", "es", "rule.worth.all", 1.5, "1,5 puntos al cumplirla"},
		{"the verb in Spanish", "es", "grade.refused", 1, "1 de 10 puntos no está en el libro de calificaciones."},
		{"one and a half is one in Portuguese", "pt-BR", "rule.worth.all", 1.5, "1,5 ponto quando cumprida"},
		{"none is one in Portuguese", "pt-BR", "attendance.complete_best", 0, "Cumprida: 0 minuto em uma aula"},
		{"one minute", "en", "attendance.complete_best", 1, "Complete: 1 minute in one class"},
		{"minutes", "de", "attendance.complete_best", 70, "Erfüllt: 70 Minuten in einem Termin"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := pages.locales[test.locale]
			got, err := l.points(test.id, test.n, "Max", 10)
			if strings.HasPrefix(test.id, "attendance.") {
				got, err = l.count(test.id, int(test.n))
			}
			if err != nil || string(got) != test.want {
				t.Errorf("%s of %v in %s: %v %q, want %q", test.id, test.n, test.locale, err, got, test.want)
			}
		})
	}
}

// In French a narrow space that doesn't break stands before high
// punctuation and inside quotation marks, a wide one before a colon.
func TestFrenchSpaces(t *testing.T) {
	wrong := regexp.MustCompile(`[^\x{202f}][;?!»](\s|$)|«[^\x{202f}]|[^\x{a0}]:(\s|$)|[^\x{202f}]%|\d[ \x{a0}]\d{3}`)
	for id, m := range allTexts("fr").messages {
		for _, pieces := range m.forms {
			var text strings.Builder
			for _, p := range pieces {
				text.WriteString(p.text + p.name)
			}
			if found := wrong.FindString(text.String()); found != "" {
				t.Errorf("%s: space at %q in %q", id, found, text.String())
			}
		}
	}
}

// Every id that a template or Go names is there, and every id is named.
func TestIDsAreUsed(t *testing.T) {
	used := usedIDs(t)
	for id := range allTexts("en").messages {
		family := id[:strings.LastIndex(id, ".")+1]
		if !used[id] && !used[family] && !used[id[:strings.Index(id, ".")+1]] {
			t.Errorf("nothing says %s", id)
		}
	}
	for id := range used {
		if !strings.HasSuffix(id, ".") && allTexts("en").messages[id] == nil {
			t.Errorf("%s is said, and isn't there", id)
		}
	}
}

// usedIDs are the ids in templates, and the families ("said.") of those that
// are put together.
func usedIDs(t *testing.T) map[string]bool {
	used := map[string]bool{}
	for _, id := range []string{
		"card.",
		"choice.",
		"counting.this",
		"counting.unnamed",
		"csv.",
		"desk.no",
		"desk.yes",
		"did.",
		"failure_code.",
		"failures.grade",
		"failures.pair",
		"field.",
		"format.",
		"go.",
		"grade.your_lms",
		"grade_reason.",
		"grade_state.",
		"hint.",
		"life.",
		"picker.no_links",
		"platforms.no_token",
		"recording.play.",
		"register.column.",
		"register.there",
		"register.there_observed",
		"role.",
		"settings.none",
		"settings.off",
		"settings.on",
		"state.learner.",
		"state.observer.",
		"state.promise.",
		"state.starter.",
		"state.teacher.",
		"wrong.",
	} { // named by Go alone
		used[id] = true
	}
	calls := regexp.MustCompile(`\b(?:t|n|points) "([\w.:]+)"`)
	families := regexp.MustCompile(`(?:\(print|saidAs) "([\w.]+\.)"`)
	fields := regexp.MustCompile(`\((?:text|check) ([^()]*)\)`)
	ids := regexp.MustCompile(`"([a-z]+\.[\w.]+)"`)
	var files int
	err := fs.WalkDir(templateFiles, "templates", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		source, err := templateFiles.ReadFile(file)
		if err != nil {
			return err
		}
		for _, found := range append(calls.FindAllSubmatch(source, -1), families.FindAllSubmatch(source, -1)...) {
			used[string(found[1])] = true
		}
		for _, call := range fields.FindAllSubmatch(source, -1) {
			for _, id := range ids.FindAllSubmatch(call[1], -1) {
				used[string(id[1])] = true
			}
		}
		return nil
	})
	if err != nil || files == 0 {
		t.Fatalf("%d templates: %v", files, err)
	}
	for _, reason := range Reasons() {
		used["reason."+reason] = true
	}
	for _, code := range Codes() {
		used["problem."+code+".person"], used["problem."+code+".admin"] = true, true
	}
	return used
}

func TestProblemsHaveSentences(t *testing.T) {
	for _, name := range Locales() {
		for _, code := range Codes() {
			person := pages.Text(name, "problem."+code+".person", nil)
			lead, rest, _ := strings.Cut(person, "\n")
			if lead == "" || rest == "" || strings.HasPrefix(lead, "problem.") {
				t.Errorf("%s in %s tells the person %q: what is, and what to do, on two lines", code, name, person)
			}
			if strings.Contains(person, code) || len(code) > 12 && strings.Contains(pages.Text(name, "problem."+code+".admin", nil), code) {
				t.Errorf("%s in %s has its code in a sentence", code, name)
			}
			if admin := pages.Text(name, "problem."+code+".admin", nil); admin == "" || strings.HasPrefix(admin, "problem.") {
				t.Errorf("%s in %s tells the admin nothing", code, name)
			}
		}
		for _, reason := range Reasons() {
			if text := pages.Text(name, "reason."+reason, nil); text == "reason."+reason {
				t.Errorf("reason %s has no words in %s", reason, name)
			}
		}
		for _, what := range said() {
			if text := pages.Text(name, "said."+what, nil); text == "said."+what {
				t.Errorf("%s isn't told in %s", what, name)
			}
		}
	}
}

func TestUnknownCodeIsInternal(t *testing.T) {
	got := render(t, "en", Problem{Code: "brand_new", Request: "7F3K"})
	for _, want := range []string{"Something went wrong on our side.", "<code>brand_new</code>"} {
		if !strings.Contains(got, want) {
			t.Errorf("page of an unknown code doesn't say %q", want)
		}
	}
}

func TestMessagesThatCantBeRead(t *testing.T) {
	for name, m := range map[string]*i18n.Message{
		"no text":            {ID: "x"},
		"only one":           {ID: "x", One: "one"},
		"open placeholder":   {ID: "x", Other: "of {{.Count"},
		"open in the plural": {ID: "x", Other: "of {{.Count}}", One: "{{.Co"},
	} {
		if _, err := compile(m); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestTextsAreShort(t *testing.T) {
	for _, name := range Locales() {
		for id, m := range allTexts(name).messages {
			if text := asText(m.forms[0], nil); len([]rune(text)) > 260 {
				t.Errorf("%s in %s has %d characters", id, name, len([]rune(text)))
			}
		}
	}
}

// Words that mean another thing to who reads them, or leave somebody out.
func TestWordsThatMislead(t *testing.T) {
	for _, test := range []struct{ name, locale, words string }{
		{"a grade isn't left out for want of need", "en", `(was|were)n't needed`},
		{"there is where", "en", `^There$|^(Missing|Given) there$|missing there$`},
		{"places are seats, or towns", "en", `(?i)\bplaces?$`},
		{"there are no pupils at a university", "fr", `(?i)\bélèves?\b`},
		{"a class in French is the people in it", "fr", `(?i)\b(ouvrir|opened|dans|ouvrez) la classe( |$)[^v]`},
		{"a run of a class in French is a séance", "fr", `(?i)\b(deux|un seul) cours (maintenant|de)\b`},
		{"who came need not be a man", "fr", `\bvous êtes venu\b|\barrivé et parti\b`},
		{"who teaches has one name in German", "de", `\bLehrende`},
		{"who reads is called usted in Spanish", "es", `(?i)\b(tú|tu|tus|te|vos|puedes|tienes|eres|estás|abre tu|haz|vosotros)\b`},
		{"people need not be men in Spanish", "es", `(?i)\b(profe(sor|sores)|alumnos?)\b`},
		{"who reads is called você in Portuguese", "pt-BR", `(?i)\b(tu|teu|tua|teus|tuas|vossa)\b`},
		{"Brazil has other words than Portugal", "pt-BR", `(?i)\b(ficheiros?|ecrã|utilizador(es)?|palavra-passe|guardar|guardado|eliminar|registo|partilhar?|separador)\b`},
	} {
		t.Run(test.name, func(t *testing.T) {
			words := regexp.MustCompile(test.words)
			for id, m := range allTexts(test.locale).messages {
				if text := asText(m.forms[plural.Other], Data{"Count": 2, "Points": 2, "Max": 2}); id != "room.learners_see" && words.MatchString(text) {
					t.Errorf("%s says %q", id, text)
				}
			}
		})
	}
}
