package admin

import (
	"slices"
	"strconv"
	"strings"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/web"
)

// A tenantForm is a tenant as its form says. Numbers are as they were typed.
type tenantForm struct {
	classroom.Tenant
	numbers map[string]string // by field; nil: those of the tenant
}

// optional is a number that need not be there.
func optional(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// number is a field's as it is shown.
func (f tenantForm) number(field string) string {
	if f.numbers != nil {
		return f.numbers[field]
	}
	points := ""
	if f.Rule.Points != 0 {
		points = strconv.FormatFloat(f.Rule.Points, 'f', -1, 64)
	}
	return map[string]string{
		"max_participants": optional(f.Defaults.MaxParticipants), "rule_need": optional(f.Rule.Need), "rule_points": points,
		"evidence_months": optional(f.Keep.EvidenceMonths), "people_months": optional(f.Keep.PeopleMonths),
	}[field]
}

// whole is a number that was typed: 0 for nothing, and -1 for what is none.
func (f tenantForm) whole(field string) int {
	text := f.numbers[field]
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

// numbersOf are the fields of numbers.
var numbersOf = []string{"max_participants", "rule_need", "rule_points", "evidence_months", "people_months"}

// typedTenant is the form as it was typed, over what the tenant says.
func typedTenant(c *call, t classroom.Tenant) tenantForm {
	text := func(field string) string { return strings.ReplaceAll(typed(c.Context, field), "\r\n", "\n") }
	on := func(field string) bool { return c.PostForm(field) != "" }
	f := tenantForm{Tenant: t, numbers: map[string]string{}}
	for _, field := range numbersOf {
		f.numbers[field] = text(field)
	}
	if name, posted := c.GetPostForm("name"); posted {
		f.Name = strings.TrimSpace(name)
	}
	f.Defaults = classroom.Settings{
		Welcome: text("welcome"), Record: on("record"), MuteOnStart: on("mute_on_start"), LearnersMayStart: !on("wait_for_moderator"),
		EveryoneModerates: on("everyone_moderates"), MaxParticipants: f.whole("max_participants"), DurationMinutes: t.Defaults.DurationMinutes,
	}
	f.Locked = nil
	for _, setting := range classroom.Lockable() {
		if slices.Contains(c.PostFormArray("locked"), setting) {
			f.Locked = append(f.Locked, setting)
		}
	}
	f.Rule = attendance.Rule{}
	if measure := attendance.Measure(c.PostForm("rule_measure")); measure != attendance.NoMeasure {
		points, err := strconv.ParseFloat(strings.Replace(f.numbers["rule_points"], ",", ".", 1), 64)
		if err != nil {
			points = -1
		}
		f.Rule = attendance.Rule{Measure: measure, Need: f.whole("rule_need"), InTotal: on("rule_total"), Proportional: on("rule_share"), Points: points}
	}
	f.Names, f.Locale = classroom.Naming(c.PostForm("names")), c.PostForm("locale")
	f.Support = classroom.Support{Text: text("support_text"), Contact: admin.Pasted(text("support_contact"))}
	f.Look.Accent, f.Look.LogoInClass = strings.ToLower(text("accent")), on("logo_in_class")
	f.Keep = classroom.Keep{EvidenceMonths: f.whole("evidence_months"), PeopleMonths: f.whole("people_months")}
	return f
}

// apply puts the form over a tenant.
func (f tenantForm) apply(to *classroom.Tenant) {
	to.Name, to.Defaults, to.Rule, to.TenantOptions = f.Name, f.Defaults, f.Rule, f.TenantOptions
}

// parts are the form's fields. Only who may say which tenants there are names them.
func (f tenantForm) parts(p *Pages, mayName bool, wrong map[string]string) []web.FormPart {
	parts := []web.FormPart{
		{Name: "rooms", Fields: f.roomFields(wrong)}, {Name: "rule", Fields: f.ruleFields(wrong)},
		{Name: "people", Fields: []web.Field{
			choice("names", string(f.Names), wrong, "names.", string(classroom.WholeNames), string(classroom.ShortNames), string(classroom.Pseudonyms)),
			f.localeField(p, wrong),
		}},
		{Name: "support", Fields: []web.Field{
			{Kind: "area", Name: "support_text", Value: f.Support.Text, Max: admin.SupportTextMost, Optional: true, Wrong: wrong["support_text"]},
			{Kind: "text", Name: "support_contact", Value: f.Support.Contact, Max: admin.ContactMost, Optional: true, Wrong: wrong["support_contact"]},
		}},
		{Name: "look", Fields: []web.Field{
			{Kind: "code", Name: "accent", Value: f.Look.Accent, Max: 7, Optional: true, Wrong: wrong["accent"]},
			{Kind: "check", Name: "logo_in_class", On: f.Look.LogoInClass},
		}},
		{Name: "keep", Fields: []web.Field{
			{Kind: "number", Name: "evidence_months", Value: f.number("evidence_months"), Max: 3, Optional: true, Wrong: wrong["evidence_months"]},
			{Kind: "number", Name: "people_months", Value: f.number("people_months"), Max: 3, Optional: true, Wrong: wrong["people_months"]},
		}},
	}
	if mayName {
		parts = append([]web.FormPart{{Name: "name", Fields: []web.Field{nameField(f.Name, wrong)}}}, parts...)
	}
	for i := range parts {
		if len(wrong) > 0 {
			parts[i].Fields = focusWrong(parts[i].Fields)
		}
	}
	return parts
}

// focusWrong puts the cursor into a field that can't be taken; there may be one
// in each part, of which the browser takes the first.
func focusWrong(fields []web.Field) []web.Field {
	for i := range fields {
		if fields[i].Wrong != "" {
			fields[i].Focus = true
			break
		}
	}
	return fields
}

func (f tenantForm) roomFields(wrong map[string]string) []web.Field {
	set := f.Defaults
	locked := web.Field{Kind: "choices", Name: "locked", Wrong: wrong["locked"]}
	for _, setting := range classroom.Lockable() {
		locked.Options = append(locked.Options, web.Option{Value: setting, Text: "field.default_" + setting, On: f.Locks(setting)})
	}
	return []web.Field{
		{Kind: "check", Name: "record", As: "default_record", On: set.Record},
		{Kind: "check", Name: "mute_on_start", As: "default_mute_on_start", On: set.MuteOnStart},
		{Kind: "check", Name: "wait_for_moderator", As: "default_learners_may_start", On: !set.LearnersMayStart},
		{Kind: "check", Name: "everyone_moderates", As: "default_everyone_moderates", On: set.EveryoneModerates},
		{Kind: "number", Name: "max_participants", As: "default_max_participants", Value: f.number("max_participants"), Max: 5, Optional: true, Wrong: wrong["max_participants"]},
		{Kind: "area", Name: "welcome", As: "default_welcome", Value: set.Welcome, Max: classroom.MaxWelcome, Optional: true, Wrong: wrong["welcome"]},
		locked,
	}
}

func (f tenantForm) ruleFields(wrong map[string]string) []web.Field {
	return []web.Field{
		choice("rule_measure", string(f.Rule.Measure), map[string]string{"rule_measure": wrong["rule_measure"]}, "measure.",
			string(attendance.NoMeasure), string(attendance.Minutes), string(attendance.Percent)),
		{Kind: "number", Name: "rule_need", Value: f.number("rule_need"), Max: 5, Optional: true, Wrong: wrong["rule_need"]},
		{Kind: "number", Name: "rule_points", Value: f.number("rule_points"), Max: 10, Optional: true, Wrong: wrong["rule_points"]},
		{Kind: "check", Name: "rule_total", On: f.Rule.InTotal},
		{Kind: "check", Name: "rule_share", On: f.Rule.Proportional},
	}
}

// choice is one of some values, each with the message "choice.PREFIXvalue"; of
// the empty one "choice.PREFIXnone".
func choice(name, chosen string, wrong map[string]string, prefix string, values ...string) web.Field {
	f := web.Field{Kind: "choice", Name: name, Wrong: wrong[name]}
	for _, v := range values {
		text := v
		if v == "" {
			text = "none"
		}
		f.Options = append(f.Options, web.Option{Value: v, Text: "choice." + strings.ReplaceAll(prefix, ".", "_") + text, On: v == chosen})
	}
	return f
}

func (f tenantForm) localeField(p *Pages, wrong map[string]string) web.Field {
	field := web.Field{Kind: "select", Name: "locale", As: "default_locale", Wrong: wrong["locale"]}
	for _, name := range web.Locales() {
		value := name
		if name == web.English {
			value = "" // as without a choice
		}
		field.Options = append(field.Options, web.Option{Value: value, Label: p.Web.Text(name, "format.own_name", nil), On: value == f.Locale})
	}
	return field
}
