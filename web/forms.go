package web

import (
	"html/template"
	"slices"
	"strings"
	"time"
)

// Wrong are the form fields that can't be taken, in the order of the page: each
// has its message, the page names all on top, and the cursor is in the first.
type Wrong []string

// Focus reports whether a field is the first of them.
func (w Wrong) Focus(name string) bool { return len(w) > 0 && w[0] == name }

// labels are the message ids of what fields are called.
var labels = map[string]string{
	"title": "settings.name", "welcome": "settings.welcome", "max_participants": "settings.max",
	"record": "settings.record", "mute_on_start": "settings.mute", "wait_for_moderator": "settings.wait", "everyone_moderates": "settings.everyone", "measure": "rule.form.legend",
	"minutes": "rule.form.minutes", "percent": "rule.form.percent", "points": "rule.form.points", "room": "picker.existing",
}

// Locked is before the name of a field that can't be changed any more.
const Locked = "locked:"

// fieldOf is the name of the field that can't be taken.
func fieldOf(wrong string) string { return strings.TrimPrefix(wrong, Locked) }

// label is what a field is called.
func (l *locale) label(wrong string) (template.HTML, error) { return l.say(labels[fieldOf(wrong)]) }

// why is why a field can't be taken.
func (l *locale) why(wrong string) (template.HTML, error) {
	if strings.HasPrefix(wrong, Locked) {
		return l.say("wrong.locked")
	}
	return l.say("wrong." + wrong)
}

// A fixed is a field that is only shown.
type fixed struct {
	Name                string
	Label, Value, Wrong template.HTML
}

// fixed is a field with its value: text, or whether it is on.
func (l *locale) fixed(wrong Wrong, name, label string, value any) (fixed, error) {
	f := fixed{Name: name}
	var err error
	if f.Label, err = l.say(label); err != nil {
		return f, err
	}
	switch v := value.(type) {
	case bool:
		id := "settings.off"
		if v {
			id = "settings.on"
		}
		f.Value, err = l.say(id)
	case string:
		f.Value = template.HTML(`<bdi>` + template.HTMLEscapeString(v) + `</bdi>`)
		if v == "" {
			f.Value, err = l.say("settings.none")
		}
	}
	if err == nil && slices.Contains(wrong, Locked+name) {
		f.Wrong, err = l.say("wrong.locked")
	}
	return f, err
}

// text is a line of text.
func (l *locale) text(kind string, wrong Wrong, name, label, hint, value string, most int) (field, error) {
	f := field{Kind: kind, Name: name, Value: value, Max: most, Focus: wrong.Focus(name)}
	var err error
	if f.Label, err = l.say(label); err != nil {
		return f, err
	}
	if hint != "" {
		if f.Hint, err = l.say(hint); err != nil {
			return f, err
		}
	}
	f.Wrong, err = l.wrong(wrong, name)
	return f, err
}

func (l *locale) wrong(wrong Wrong, name string) (template.HTML, error) {
	if !slices.Contains(wrong, name) {
		return "", nil
	}
	return l.say("wrong." + name)
}

// check is a box to tick.
func (l *locale) check(name, label, hint string, on bool) (field, error) {
	f, err := l.text("check", nil, name, label, hint, "", 0)
	f.On = on
	return f, err
}

// A ruleFields is the rule's part of a form.
type ruleFields struct {
	RuleForm
	Wrong Wrong
	Short bool // the finer points are folded
}

func newRuleFields(rule RuleForm, wrong Wrong, short bool) ruleFields {
	if rule.Measure == "" {
		rule.Measure = NoMeasure
	}
	return ruleFields{rule, wrong, short}
}

// A gradeView is a grade with what its sentence needs.
type gradeView struct {
	*Grade
	By  string // teacher or learner: whom it is told
	Why string // message id of Reason; empty if there's none
	Now any
}

func newGradeView(g *Grade, now any, by string) gradeView {
	v := gradeView{Grade: g, Now: now, By: by}
	// Why the platform said no is for who can do something about it.
	forAll := g.State == GradeWaiting || g.State == GradeSuperseded
	if g.Reason != "" && g.Reason != "given" && (by == "teacher" || forAll) {
		v.Why = "reason." + g.Reason
		if !slices.Contains(Reasons(), g.Reason) {
			v.Why = "reason.unknown"
		}
	}
	return v
}

// classGrades are the grades of a class with what their row needs.
type classGrades struct {
	*GradeCounts
	Class ClassLine
}

func newClassGrades(g *GradeCounts, class ClassLine) classGrades { return classGrades{g, class} }

// lms is what the platform is called.
func (l *locale) lms(name string) (template.HTML, error) {
	if name != "" {
		return isolated(name), nil
	}
	return l.say("grade.your_lms")
}

// problemCode is the code whose sentences are shown.
func problemCode(code string) string {
	if slices.Contains(Codes(), code) {
		return code
	}
	return "internal"
}

// A recordingRow is a recording with what its row needs.
type recordingRow struct {
	Recording
	Now     any
	Teacher bool
}

func newRecordingRow(r Recording, now any, teacher bool) recordingRow {
	return recordingRow{r, now, teacher}
}

// A question is a Question with what its text needs.
type question struct {
	Question
	Now time.Time
}

func newQuestion(q Question, now time.Time) question { return question{q, now} }

// play is the button that plays a format.
func (l *locale) play(kind string, f Format) (button, error) {
	label, err := l.say("recording.play." + f.Type)
	if l.messages["recording.play."+f.Type] == nil {
		label, err = l.say("recording.play.unknown")
	}
	return newTab(kind, f.Play, label), err
}

func endButton(url string, label template.HTML) button {
	return button{URL: url, Label: label, Kind: "danger"}
}
