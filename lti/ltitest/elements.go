package ltitest

import (
	"net/url"
	"strings"
)

// start takes note of an element that begins.
func (s *scanner) start(name string, a map[string]string) {
	switch name {
	case "form":
		s.closeForm()
		s.form = newForm(a)
	case "a":
		s.anchor, s.mark = &Anchor{Href: a["href"], Target: a["target"]}, s.text.Len()
	case "iframe":
		s.doc.frames = append(s.doc.frames, a["src"])
	case "input":
		s.input(a)
	case "button":
		s.mark = s.text.Len()
		s.button = &buttonBuilder{buttonOf(a), a["form"]}
		if kind := strings.ToLower(a["type"]); kind == "button" || kind == "reset" || has(a, "disabled") {
			s.button = nil
		}
	case "textarea":
		s.area, s.mark = a["name"], s.text.Len()
	case "select":
		s.selected = &selectBuilder{name: a["name"]}
	case "option":
		s.option(a)
	case "br", "p", "div", "li", "td", "th", "tr", "h1", "h2", "h3", "dt", "dd", "label", "section", "small":
		s.write(" ")
	}
}

func newForm(a map[string]string) *Form {
	f := &Form{ID: a["id"], Method: "GET", Action: a["action"], Target: a["target"], Enctype: a["enctype"], Fields: url.Values{}}
	if strings.EqualFold(a["method"], "post") {
		f.Method = "POST"
	}
	return f
}

func buttonOf(a map[string]string) Button {
	return Button{
		Name: a["name"], Value: a["value"], Action: a["formaction"], Target: a["formtarget"],
		Method: strings.ToUpper(a["formmethod"]),
	}
}

// input adds what an input element sends by itself.
func (s *scanner) input(a map[string]string) {
	if has(a, "disabled") {
		return
	}
	switch strings.ToLower(a["type"]) {
	case "submit", "image":
		b := buttonOf(a)
		b.Text = a["value"]
		s.addButton(a["form"], b)
	case "button", "reset", "file":
	case "checkbox", "radio":
		if has(a, "checked") {
			value := "on"
			if has(a, "value") {
				value = a["value"]
			}
			s.field(a["form"], a["name"], value)
		}
	default:
		s.field(a["form"], a["name"], a["value"])
	}
}

func (s *scanner) option(a map[string]string) {
	if s.selected == nil {
		return
	}
	if s.selected.options == 0 {
		s.selected.first = a["value"]
	}
	s.selected.options++
	if has(a, "selected") {
		s.selected.values = append(s.selected.values, a["value"])
	}
}

// end takes note of an element that ends.
func (s *scanner) end(name string) {
	switch name {
	case "form":
		s.closeForm()
	case "a":
		if s.anchor != nil {
			s.anchor.Text = s.since()
			s.doc.anchors = append(s.doc.anchors, *s.anchor)
			s.anchor = nil
		}
	case "button":
		if s.button != nil {
			s.button.Text = s.since()
			s.addButton(s.button.form, s.button.Button)
			s.button = nil
		}
	case "textarea":
		s.field("", s.area, s.text.String()[min(s.mark, s.text.Len()):])
		s.area = ""
	case "select":
		s.endSelect()
	case "p", "div", "li", "td", "th", "tr", "h1", "h2", "h3", "label", "small":
		s.write(" ")
	}
}

func (s *scanner) endSelect() {
	if s.selected == nil {
		return
	}
	if len(s.selected.values) == 0 && s.selected.options > 0 {
		s.selected.values = []string{s.selected.first}
	}
	for _, value := range s.selected.values {
		s.field("", s.selected.name, value)
	}
	s.selected = nil
}

func has(a map[string]string, name string) bool {
	_, ok := a[name]
	return ok
}
