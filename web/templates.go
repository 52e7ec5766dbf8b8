package web

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"reflect"
	"regexp"
	"strings"
)

//go:embed templates
var templateFiles embed.FS

// A pageSet has the template of each page's struct.
type pageSet map[reflect.Type]*template.Template

// pageFiles is which struct which file of the folder templates shows.
var pageFiles = map[string]any{
	"room/teacher": TeacherRoom{}, "room/settings": SettingsPage{}, "room/confirm": Confirm{}, "room/rule_question": RuleQuestion{},
	"room/learner": LearnerRoom{}, "room/waiting": WaitingPage{}, "room/left": LeftPage{}, "room/retry": RetryPage{},
	"room/register": Register{}, "room/parting": Parting{}, "room/recordings": Recordings{},
	"picker/picker": Picker{}, "picker/return": ReturnPage{}, "picker/frame": PickerFrame{}, "picker/done": PickerDone{},
	"launch/new_window": NewWindow{}, "launch/front": Front{}, "launch/registering": Registering{}, "launch/goodbye": Goodbye{},
	"problem": Problem{}, "styleguide": Styleguide{},
}

// A shelf is pages that are parsed together.
type shelf struct {
	layout string
	parts  []string
	pages  map[string]any // which struct which file shows
}

// forAll is the shelf of who comes from a course.
var forAll = shelf{
	layout: "layout", pages: pageFiles,
	parts: []string{"parts", "room/rule", "room/share", "room/grade", "room/counting", "room/register_table"},
}

// readPages parses a shelf's pages into one set, so that a component is parsed
// and escaped once for all pages: the blocks that each page fills, and the
// layout around them, are named after the page.
func (l *locale) readPages(from shelf, asset func(string) string) (pageSet, error) {
	set := template.New("").Funcs(l.funcs())
	for _, name := range from.parts {
		if err := l.read(set.New(name), name, name, asset); err != nil {
			return nil, err
		}
	}
	pages := pageSet{}
	for name, page := range from.pages {
		layout := set.New(name)
		if err := l.read(layout, from.layout, name, asset); err != nil {
			return nil, err
		}
		if err := l.read(set.New(name+".html"), name, name, asset); err != nil {
			return nil, err
		}
		pages[reflect.TypeOf(page)] = layout
	}
	// The first execution does the escaping of a whole template; better now
	// than for the first one who comes. What an empty page is short of says
	// nothing.
	for page, t := range pages {
		_ = t.Execute(io.Discard, sheet{Page: reflect.Zero(page).Interface()})
	}
	return pages, nil
}

// read parses a file of the folder templates for a page.
func (l *locale) read(t *template.Template, file, page string, asset func(string) string) error {
	source, err := templateFiles.ReadFile("templates/" + file + ".html")
	if err != nil {
		return fmt.Errorf("template %s: %w", file, err)
	}
	text, err := l.inline(blocks.ReplaceAllString(string(source), `{{$1 "$2 `+page+`"`), asset)
	if err != nil {
		return fmt.Errorf("template %s: %w", file, err)
	}
	if _, err := t.Parse(text); err != nil {
		return fmt.Errorf("template %s: %w", file, err)
	}
	return nil
}

var (
	blocks     = regexp.MustCompile(`\{\{(block|define|template) "(title|head|main)"`)
	indent     = regexp.MustCompile(`\n[ \t]+`)
	callsAsset = regexp.MustCompile(`\{\{asset "([^"]*)"\}\}`)
	callsShape = regexp.MustCompile(`\{\{shape "([^"]*)"\}\}`)
	callsT     = regexp.MustCompile(`\{\{t "([^"]*)"((?: "\w+" (?:[.$][.\w]*|\([^()]*\)))*)\}\}`)
	argument   = regexp.MustCompile(` "(\w+)" ([.$][.\w]*|\([^()]*\))`)
)

// inline makes the texts and forms of a language, and marks, part of a template, so that a page
// looks up only what depends on its data: {{t "go.start"}} becomes the
// text, and in {{t "room.since" "Time" (clock .Since)}} what stands for a
// placeholder becomes an action of its own, escaped like any other.
func (l *locale) inline(source string, asset func(string) string) (string, error) {
	var missing error
	source = indent.ReplaceAllString(source, "\n")
	source = callsAsset.ReplaceAllStringFunc(source, func(call string) string {
		return asset(callsAsset.FindStringSubmatch(call)[1])
	})
	source = strings.Replace(source, "{{forms}}", l.scriptForms(), 1)
	source = callsShape.ReplaceAllStringFunc(source, func(call string) string {
		return string(shapeOf(callsShape.FindStringSubmatch(call)[1]))
	})
	source = callsT.ReplaceAllStringFunc(source, func(call string) string {
		parts := callsT.FindStringSubmatch(call)
		m := l.messages[parts[1]]
		if m == nil {
			missing = fmt.Errorf("no message %q", parts[1])
			return ""
		}
		return inlined(m.forms[0], parts[2])
	})
	return source, missing
}

func inlined(pieces []piece, arguments string) string {
	values := map[string]string{}
	for _, a := range argument.FindAllStringSubmatch(arguments, -1) {
		values[a[1]] = strings.TrimSuffix(strings.TrimPrefix(a[2], "("), ")")
	}
	var b strings.Builder
	for _, p := range pieces {
		switch {
		case p.name == "":
			b.WriteString(p.html)
		case values[p.name] != "" && typed[p.name]:
			b.WriteString("<bdi>{{" + values[p.name] + "}}</bdi>")
		case values[p.name] != "":
			b.WriteString("{{" + values[p.name] + "}}")
		}
	}
	return b.String()
}

func (l *locale) funcs() template.FuncMap {
	return template.FuncMap{
		"t": l.say, "n": l.count, "points": l.points, "lead": l.lead, "rest": l.rest,
		"clock": l.clock, "day": l.day, "moment": l.moment, "span": l.span, "date": l.date, "utc": utc,
		"duration": l.duration, "minutes": floorMinutes, "minutesUp": ceilMinutes, "seconds": seconds,
		"percent": l.percent, "number": l.number,
		"counted": newCountedRow, "links": l.linksOf, "link": l.link, "header": newHeader, "status": newStatus, "shape": shapeOf, "button": newButton, "newTab": newTab,
		"notice": newNotice, "progress": newProgress, "text": l.text, "check": l.check, "wrong": l.wrong, "label": l.label, "why": l.why, "fieldOf": fieldOf, "fixed": l.fixed,
		"ruleFields": newRuleFields, "grade": newGradeView, "classGrades": newClassGrades, "lms": l.lms,
		"endButton": endButton, "recordingRow": newRecordingRow, "play": l.play, "clockText": l.clockText, "iso": iso, "arrange": l.arrange, "there": l.there, "isolate": isolate, "problem": problemCode, "question": newQuestion,
		"field": l.field, "fieldName": l.fieldName, "saidAs": l.saidAs, "failureTitle": l.failureTitle, "failureCure": l.failureCure, "second": second, "isoDay": isoDay, "hour": hour, "standing": l.standing, "look": l.look, "go": l.goButton,
	}
}
