package web

import (
	"embed"
	"fmt"
	"html/template"
	"path"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed locales/*.toml locales/admin/*.toml
var localeFiles embed.FS

// Data is what a message's placeholders stand for. Count chooses the plural.
type Data map[string]any

// A message is one text in one language, in pieces: asking go-i18n for each
// text of a page would take longer than all the rest of a launch's page.
type message struct{ forms [plural.Many + 1][]piece }

// A piece is text, or a placeholder if it has a name.
type piece struct{ text, html, name string }

// A pair is the name of a placeholder and what stands there.
type pair struct {
	name  string
	value any
}

// typed are the placeholders for what others have typed, which has a direction
// of its own: it must not turn what stands around it.
var typed = map[string]bool{"Name": true, "Course": true, "Room": true}

// isolated is a text with a direction of its own, for a page.
func isolated(text string) template.HTML {
	return template.HTML("<bdi>" + template.HTMLEscapeString(text) + "</bdi>")
}

// isolate is the same where no element may stand.
func isolate(text string) string { return "\u2068" + text + "\u2069" }

var escapeText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;")

// readMessages reads a message file in go-i18n's format.
func readMessages(name string) (language.Tag, map[string]*message, error) {
	bytes, err := localeFiles.ReadFile(name)
	if err != nil {
		return language.Und, nil, fmt.Errorf("messages: %w", err)
	}
	file, err := i18n.ParseMessageFileBytes(bytes, path.Base(name), map[string]i18n.UnmarshalFunc{"toml": toml.Unmarshal})
	if err != nil {
		return language.Und, nil, fmt.Errorf("messages %s: %w", name, err)
	}
	messages := make(map[string]*message, len(file.Messages))
	for _, m := range file.Messages {
		messages[m.ID], err = compile(m)
		if err != nil {
			return language.Und, nil, fmt.Errorf("message %s of %s: %w", m.ID, name, err)
		}
	}
	return file.Tag, messages, nil
}

func compile(m *i18n.Message) (*message, error) {
	var c message
	for form, text := range map[plural.Form]string{
		plural.Other: m.Other, plural.Zero: m.Zero, plural.One: m.One,
		plural.Two: m.Two, plural.Few: m.Few, plural.Many: m.Many,
	} {
		pieces, err := split(text)
		if err != nil {
			return nil, err
		}
		c.forms[form] = pieces
	}
	if c.forms[plural.Other] == nil {
		return nil, fmt.Errorf("no text")
	}
	return &c, nil
}

// split cuts a text at its placeholders, {{.Name}}.
func split(text string) ([]piece, error) {
	var pieces []piece
	for text != "" {
		before, rest, found := strings.Cut(text, "{{.")
		if before != "" {
			pieces = append(pieces, piece{text: before, html: escapeText.Replace(before)})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return nil, fmt.Errorf("placeholder %q is not closed", rest)
		}
		pieces, text = append(pieces, piece{name: name}), after
	}
	return pieces, nil
}

// pluralForm is the language's form for a count, which has two decimals at most.
func (l *locale) pluralForm(count float64) plural.Form {
	whole, fraction, _ := strings.Cut(decimals(count), ".")
	i, _ := strconv.Atoi(whole)
	f, _ := strconv.Atoi(fraction)
	return plural.Cardinal.MatchPlural(l.tag, i, len(fraction), len(fraction), f, f)
}

// form is the text's form for a count.
func (l *locale) form(m *message, count float64) []piece {
	form := l.pluralForm(count)
	if m.forms[form] == nil {
		form = plural.Other
	}
	return m.forms[form]
}

func lookUp(pairs []pair, name string) any {
	for _, p := range pairs {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// asHTML fills the placeholders; only what is template.HTML isn't escaped. What
// is a string was typed by somebody.
func asHTML(pieces []piece, pairs []pair) template.HTML {
	if len(pieces) == 1 && pieces[0].name == "" {
		return template.HTML(pieces[0].html) // ours, and escaped
	}
	var b strings.Builder
	for _, p := range pieces {
		if p.name == "" {
			b.WriteString(p.html)
			continue
		}
		switch v := lookUp(pairs, p.name).(type) {
		case template.HTML:
			b.WriteString(string(v))
		case string:
			b.WriteString(string(isolated(v)))
		default:
			b.WriteString(template.HTMLEscapeString(fmt.Sprint(v)))
		}
	}
	return template.HTML(b.String())
}

func asText(pieces []piece, data Data) string {
	var b strings.Builder
	for _, p := range pieces {
		if p.name == "" {
			b.WriteString(p.text)
		} else if v, ok := data[p.name]; ok {
			fmt.Fprint(&b, v)
		}
	}
	return b.String()
}

// say is the message without more ado; an unknown id says itself, which a
// test keeps from happening.
func (l *locale) say(id string, args ...any) (template.HTML, error) {
	m := l.messages[id]
	if m == nil {
		return template.HTML(template.HTMLEscapeString(id)), nil
	}
	pairs, err := pairsOf(id, args)
	if err != nil {
		return "", err
	}
	return asHTML(m.forms[plural.Other], pairs), nil
}

// count is the message in its form for n, which is also its placeholder Count.
func (l *locale) count(id string, n int, args ...any) (template.HTML, error) {
	return l.inForm(id, float64(n), "Count", n, args)
}

// points is the message in its form for some points, which are also its
// placeholder Points.
func (l *locale) points(id string, points float64, args ...any) (template.HTML, error) {
	return l.inForm(id, points, "Points", l.number(points), args)
}

func (l *locale) inForm(id string, n float64, name string, value any, args []any) (template.HTML, error) {
	m := l.messages[id]
	if m == nil {
		return template.HTML(template.HTMLEscapeString(id)), nil
	}
	pairs, err := pairsOf(id, args)
	if err != nil {
		return "", err
	}
	return asHTML(l.form(m, n), append(pairs, pair{name, value})), nil
}

func pairsOf(id string, args []any) ([]pair, error) {
	if len(args) == 0 {
		return nil, nil
	}
	pairs := make([]pair, 0, len(args)/2+1)
	for i := 0; i+1 < len(args); i += 2 {
		name, ok := args[i].(string)
		if !ok {
			return nil, fmt.Errorf("message %s: argument %d is no name", id, i)
		}
		pairs = append(pairs, pair{name, args[i+1]})
	}
	return pairs, nil
}

// lead and rest are the first line of a message and what follows it.
func (l *locale) lead(id string) (template.HTML, error) {
	text, err := l.say(id)
	first, _, _ := strings.Cut(string(text), "\n")
	return template.HTML(first), err
}

func (l *locale) rest(id string) (template.HTML, error) {
	text, err := l.say(id)
	_, after, _ := strings.Cut(string(text), "\n")
	return template.HTML(after), err
}

// Translations are texts of all languages, by language, in the order of their
// ids. Nothing of them is kept.
func Translations(ids ...string) map[string][]string {
	all := map[string][]string{}
	for _, name := range Locales() {
		_, messages, err := readMessages("locales/" + name + ".toml")
		if err != nil {
			panic(err) // the files above are wrong
		}
		for _, id := range ids {
			all[name] = append(all[name], asText(messages[id].forms[plural.Other], nil))
		}
	}
	return all
}
