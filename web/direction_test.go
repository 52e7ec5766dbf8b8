package web

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// hebrew is a name with a direction of its own.
const hebrew = "שלום (2) כיתה"

// written are the fields of pages in which somebody's words stand.
var written = map[string]bool{
	"Title": true, "Course": true, "Name": true, "Asker": true, "Person": true, "MovedFrom": true, "LMS": true,
	"Typed": true, "Welcome": true, "Detail": true, "Quote": true, "Value": true,
}

// renamed is a copy of a page in which all words of others are Hebrew.
func renamed(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(renamed(v.Elem()))
		return p
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		s := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			s.Index(i).Set(renamed(v.Index(i)))
		}
		return s
	case reflect.Struct:
		s := reflect.New(v.Type()).Elem()
		s.Set(v)
		for i := range v.NumField() {
			field := v.Type().Field(i)
			switch {
			case !field.IsExported() || v.Type() == reflect.TypeFor[Hidden]() || v.Type() == reflect.TypeFor[Parameter]() && field.Name == "Name":
			case field.Type.Kind() == reflect.String && written[field.Name] && v.Field(i).String() != "":
				s.Field(i).SetString(hebrew)
			default:
				s.Field(i).Set(renamed(v.Field(i)))
			}
		}
		return s
	}
	return v
}

// isApart reports whether a text's direction changes nothing around it.
func isApart(text *html.Node) bool {
	for n := text.Parent; n != nil; n = n.Parent {
		if n.Data == "bdi" || n.Data == "textarea" {
			return true
		}
		for _, a := range n.Attr {
			if a.Key == "dir" && a.Val == "auto" {
				return true
			}
		}
	}
	return false
}

// What others have typed, in whatever script, doesn't turn our own words or
// figures beside it.
func TestWordsOfOthersStandApart(t *testing.T) {
	all := samples()
	seen := 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		var page any
		if v, ok := all[name].(visited); ok {
			v.Name, v.page = hebrew, renamed(reflect.ValueOf(v.page)).Interface()
			page = v
		} else {
			page = renamed(reflect.ValueOf(all[name])).Interface()
		}
		doc, err := html.Parse(strings.NewReader(render(t, "en", page)))
		if err != nil {
			t.Fatal(err)
		}
		for n := range doc.Descendants() {
			switch {
			case n.Type == html.TextNode && strings.Contains(n.Data, hebrew):
				seen++
				if n.Parent.Data == "title" {
					if rest := strings.ReplaceAll(n.Data, "\u2068"+hebrew+"\u2069", ""); n.Data != hebrew && strings.Contains(rest, hebrew) {
						t.Errorf("%s: the title is %q", name, n.Data)
					}
				} else if !isApart(n) {
					t.Errorf("%s: <%s> has %q", name, n.Parent.Data, n.Data)
				}
			case n.Type == html.ElementNode && n.Data == "input":
				kind, value, dir := attribute(n, "type"), attribute(n, "value"), attribute(n, "dir")
				if kind == "text" && value == hebrew && dir != "auto" {
					t.Errorf("%s: field %s has the direction %q", name, attribute(n, "name"), dir)
				}
			}
		}
	}
	if seen < 200 {
		t.Errorf("only %d names were seen", seen)
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// The stylesheets name no side: what begins a line is on the left in one
// language and on the right in another.
func TestStylesheetsNameNoSide(t *testing.T) {
	sided := regexp.MustCompile(`[^-](margin|padding|border)-(left|right)|(text-align|float|clear): ?(left|right)|[;{ ](left|right):|border-(top|bottom)-(left|right)-radius`)
	sides := regexp.MustCompile(`(?:margin|padding|border-width|inset): ?([^;}]*)`)
	for name, a := range pages.assets {
		if !strings.HasSuffix(name, ".css") || name == a.hashed {
			continue
		}
		for i, line := range strings.Split(string(a.body), "\n") {
			if found := sided.FindString(line); found != "" {
				t.Errorf("%s, line %d: %q in %s", name, i+1, found, line)
			}
			for _, found := range sides.FindAllStringSubmatch(line, -1) {
				values := strings.Fields(strings.TrimSuffix(found[1], "!important"))
				if len(values) == 4 && values[1] != values[3] {
					t.Errorf("%s, line %d: the sides differ in %q", name, i+1, found[0])
				}
			}
		}
	}
}

// A button lays its parts out in a row, which takes blanks away: what it says is
// one part, also with a name in it.
func TestButtonsAreOnePart(t *testing.T) {
	for name, page := range samples() {
		doc, err := html.Parse(strings.NewReader(render(t, "en", page)))
		if err != nil {
			t.Fatal(err)
		}
		for n := range doc.Descendants() {
			if n.Type == html.ElementNode && n.Data == "bdi" && strings.Contains(attribute(n.Parent, "class"), "button") {
				t.Errorf("%s: %s", name, attribute(n.Parent, "class"))
			}
		}
	}
}
