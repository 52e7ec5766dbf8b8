package ltitest

import (
	"html"
	"net/url"
	"slices"
	"strings"
)

// A Form is a form of a page, with the values it would send.
type Form struct {
	ID      string
	Method  string // GET or POST
	Action  string // as it stands; "" is the page itself
	Target  string
	Enctype string
	Fields  url.Values
	Buttons []Button
}

// A Button submits a form.
type Button struct {
	Text, Name, Value string
	Action, Target    string // formaction and formtarget
	Method            string // formmethod
}

// Set changes a value of the form, and returns the form.
func (f *Form) Set(name, value string) *Form {
	f.Fields.Set(name, value)
	return f
}

// An Anchor is a link of a page.
type Anchor struct {
	Text, Href, Target string
}

// document is what the scanner finds in a page.
type document struct {
	title   string
	text    string
	forms   []*Form
	anchors []Anchor
	frames  []string // src of iframes
}

// A scanner reads HTML as far as forms, links and text go. It builds no tree.
type scanner struct {
	rest string
	doc  document

	form     *Form
	byID     []orphan // controls with a form attribute
	button   *buttonBuilder
	anchor   *Anchor
	selected *selectBuilder
	area     string // name of the textarea we're in
	text     strings.Builder
	mark     int // where the text of the open button, link or option began
}

type orphan struct {
	form   string
	button *Button
	name   string
	value  string
}

type buttonBuilder struct {
	Button
	form string
}

type selectBuilder struct {
	name    string
	values  []string // chosen
	first   string
	options int
}

// scan reads a page. Any text will do: what isn't HTML has no forms.
func scan(page string) document {
	s := scanner{rest: page}
	for s.rest != "" {
		s.step()
	}
	s.closeForm()
	for _, o := range s.byID {
		s.adopt(o)
	}
	s.doc.text = strings.Join(strings.Fields(s.text.String()), " ")
	return s.doc
}

// step reads text up to the next tag, and that tag.
func (s *scanner) step() {
	i := strings.IndexByte(s.rest, '<')
	if i < 0 {
		i = len(s.rest)
	}
	s.write(html.UnescapeString(s.rest[:i]))
	s.rest = s.rest[i:]
	switch {
	case s.rest == "":
	case strings.HasPrefix(s.rest, "<!--"):
		s.skipPast("-->")
	case strings.HasPrefix(s.rest, "<!"), strings.HasPrefix(s.rest, "<?"):
		s.skipPast(">")
	default:
		s.tag()
	}
}

func (s *scanner) write(text string) { s.text.WriteString(text) }

func (s *scanner) skipPast(end string) {
	if _, rest, ok := strings.Cut(s.rest, end); ok {
		s.rest = rest
		return
	}
	s.rest = ""
}

// tag reads one tag, at which s.rest begins.
func (s *scanner) tag() {
	name, attributes, rest, ok := parseTag(s.rest)
	if !ok {
		s.write("<")
		s.rest = s.rest[1:]
		return
	}
	s.rest = rest
	if raw := rawText[name]; raw {
		s.raw(name)
		return
	}
	if closing, ok := strings.CutPrefix(name, "/"); ok {
		s.end(closing)
		return
	}
	s.start(name, attributes)
}

// rawText are the elements whose content is no HTML.
var rawText = map[string]bool{"script": true, "style": true, "title": true}

func (s *scanner) raw(name string) {
	end := strings.Index(strings.ToLower(s.rest), "</"+name)
	if end < 0 {
		end = len(s.rest)
	}
	if name == "title" && s.doc.title == "" {
		s.doc.title = strings.TrimSpace(html.UnescapeString(s.rest[:end]))
	}
	s.rest = s.rest[end:]
	s.skipPast(">")
}

// parseTag reads a tag with its attributes. The name of an end tag begins with
// a slash.
func parseTag(s string) (name string, attributes map[string]string, rest string, ok bool) {
	i := 1
	if strings.HasPrefix(s, "</") {
		i = 2
	}
	start := i
	for i < len(s) && isNameByte(s[i]) {
		i++
	}
	if i == start {
		return "", nil, s, false
	}
	name = strings.ToLower(s[1:i])
	attributes = map[string]string{}
	for i < len(s) {
		i = skip(s, i, " \t\r\n\f/")
		if i < len(s) && s[i] == '>' {
			return name, attributes, s[i+1:], true
		}
		var key, value string
		key, value, i = parseAttribute(s, i)
		if _, twice := attributes[key]; key != "" && !twice {
			attributes[key] = value
		}
	}
	return name, attributes, "", true
}

// parseAttribute reads one attribute at i, and returns where it ends.
func parseAttribute(s string, i int) (key, value string, end int) {
	start := i
	for i < len(s) && !strings.ContainsRune(" \t\r\n\f/>=", rune(s[i])) {
		i++
	}
	key = strings.ToLower(s[start:i])
	i = skip(s, i, " \t\r\n\f")
	if i >= len(s) || s[i] != '=' {
		return key, "", max(i, start)
	}
	i = skip(s, i+1, " \t\r\n\f")
	if i < len(s) && (s[i] == '"' || s[i] == '\'') {
		length := strings.IndexByte(s[i+1:], s[i])
		if length < 0 {
			return key, html.UnescapeString(s[i+1:]), len(s)
		}
		return key, html.UnescapeString(s[i+1 : i+1+length]), i + length + 2
	}
	start = i
	for i < len(s) && !strings.ContainsRune(" \t\r\n\f>", rune(s[i])) {
		i++
	}
	return key, html.UnescapeString(s[start:i]), i
}

func skip(s string, i int, cutset string) int {
	for i < len(s) && strings.IndexByte(cutset, s[i]) >= 0 {
		i++
	}
	return i
}

func isNameByte(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '-'
}

// since returns the text since the last mark.
func (s *scanner) since() string {
	return strings.Join(strings.Fields(s.text.String()[s.mark:]), " ")
}

func (s *scanner) closeForm() {
	if s.form != nil {
		s.doc.forms = append(s.doc.forms, s.form)
		s.form = nil
	}
}

// adopt gives a control to the form that its form attribute names.
func (s *scanner) adopt(o orphan) {
	i := slices.IndexFunc(s.doc.forms, func(f *Form) bool { return f.ID == o.form })
	switch {
	case i < 0:
	case o.button != nil:
		s.doc.forms[i].Buttons = append(s.doc.forms[i].Buttons, *o.button)
	default:
		s.doc.forms[i].Fields.Add(o.name, o.value)
	}
}

// field adds a value to the form that a control belongs to.
func (s *scanner) field(form, name, value string) {
	switch {
	case name == "":
	case form != "":
		s.byID = append(s.byID, orphan{form: form, name: name, value: value})
	case s.form != nil:
		s.form.Fields.Add(name, value)
	}
}

func (s *scanner) addButton(form string, b Button) {
	switch {
	case form != "":
		s.byID = append(s.byID, orphan{form: form, button: &b})
	case s.form != nil:
		s.form.Buttons = append(s.form.Buttons, b)
	}
}
