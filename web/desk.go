package web

import (
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"strings"
)

// A Desk stands around each page of staff: who is signed in, and where they can
// go. The zero Desk is nobody's: the pages before the sign-in.
type Desk struct {
	Who      string    // as they signed in
	Section  Section   // where the page is; empty: nowhere of these
	Sections []Section // those that they may see
}

// A Section is a word in the left column.
type Section string

// The sections.
const (
	Overview  Section = "overview"
	Platforms Section = "platforms"
	Servers   Section = "servers"
	Tenants   Section = "tenants"
	Failures  Section = "failures"
	People    Section = "people"
)

// URL is the section's first page.
func (s Section) URL() string {
	if s == Overview {
		return "/admin/"
	}
	return "/admin/" + string(s)
}

// deskPages is which struct which file of the folder templates shows.
var deskPages = map[string]any{
	"admin/account":       AccountPage{},
	"admin/audit":         AuditPage{},
	"admin/code":          CodePage{},
	"admin/confirm":       DangerPage{},
	"admin/courses":       CoursesPage{},
	"admin/failure":       FailurePage{},
	"admin/failures":      FailuresPage{},
	"admin/findings":      FindingsPart{},
	"admin/go_on":         GoOnPage{},
	"admin/grades":        GradesPage{},
	"admin/guide":         GuidePage{},
	"admin/keys":          KeysPage{},
	"admin/link":          StaffLink{},
	"admin/link_made":     LinkMade{},
	"admin/link_new":      NewLinkPage{},
	"admin/link_page":     LinkPage{},
	"admin/links":         LinksPage{},
	"admin/no_role":       NoRolePage{},
	"admin/over":          LinkOver{},
	"admin/overview":      OverviewPage{},
	"admin/password":      PasswordPage{},
	"admin/people":        PeoplePage{},
	"admin/person":        PersonPage{},
	"admin/platform":      PlatformPage{},
	"admin/platform_edit": EditPlatformPage{},
	"admin/platform_new":  NewPlatformPage{},
	"admin/platforms":     PlatformsPage{},
	"admin/problem":       DeskProblem{},
	"admin/recovery":      RecoveryPage{},
	"admin/rotate":        RotatePage{},
	"admin/second":        SecondPage{},
	"admin/server":        ServerPage{},
	"admin/server_form":   ServerForm{},
	"admin/server_test":   ServerTestPage{},
	"admin/servers":       ServersPage{},
	"admin/sign_in":       SignInPage{},
	"admin/start":         StartPage{},
	"admin/leaving":       LeavingPage{},
	"admin/move":          MovePage{},
	"admin/tenant":        TenantPage{},
	"admin/tenant_new":    NewTenantPage{},
	"admin/tenants":       TenantsPage{},
}

var forStaff = shelf{layout: "admin/layout", parts: []string{"parts", "admin/parts"}, pages: deskPages}

// RenderDesk is Render for a page of staff.
func (p *Pages) RenderDesk(w io.Writer, locale string, desk Desk, page any) error {
	l, err := p.deskLocale(locale)
	if err != nil {
		return err
	}
	return p.write(w, l, sheet{Desk: desk, Page: page})
}

// DeskText is Text with the texts of staff.
func (p *Pages) DeskText(locale, id string, data Data) string {
	l, err := p.deskLocale(locale)
	return l.plain(id, data, err)
}

// deskLocale is read when the first of staff comes: most processes serve
// nobody else than those who come from courses.
func (p *Pages) deskLocale(name string) (*locale, error) {
	l, ok := p.staff[name]
	if !ok {
		l = p.staff[English]
	}
	l.reading.Do(func() { l.broken = l.readDesk(p.Asset) })
	return l, l.broken
}

// readDesk reads all texts of a language, those of staff from files of their
// own, and the pages of staff.
func (l *locale) readDesk(asset func(string) string) (err error) {
	if l.tag, l.messages, err = readMessages("locales/" + l.name + ".toml"); err != nil {
		return err
	}
	files, err := fs.Glob(localeFiles, "locales/admin/*."+l.name+".toml")
	if err != nil {
		return err
	}
	for _, file := range files {
		_, more, err := readMessages(file)
		if err != nil {
			return err
		}
		maps.Copy(l.messages, more)
	}
	if err := l.learn(); err != nil {
		return err
	}
	if l.pages, err = l.readPages(forStaff, asset); err != nil {
		return fmt.Errorf("pages of staff in %s: %w", l.name, err)
	}
	return nil
}

// A Field is one field of a form of staff. Its label is the message
// "field.NAME", and what is said below it "hint.NAME", where there is one.
type Field struct {
	Kind    string // text, email, password, url, number, area, secret, choice, choices, check, code
	Name    string
	Value   string
	On      bool     // of check
	Options []Option // of choice and choices
	Wrong   string   // code of why it can't be taken: the message "wrong.CODE"
	As      string   // the name under which its texts stand, if not Name
	Own     string   // its label as an LMS has it, in place of a text of ours
	Max     int      // characters; 0: 2000
	Fill    string   // what a browser may fill in, as autocomplete has it; empty: nothing
	Optional,
	Focus bool // Focus: the cursor stands there
}

// An Option is one of a choice.
type Option struct {
	Value string
	Label string // as somebody typed it; empty: Text
	Text  string // id of a message
	On    bool
}

// A fieldView is a Field with its texts.
type fieldView struct {
	Field
	Label, Hint, Why template.HTML
}

func (l *locale) field(f Field) (fieldView, error) {
	as := f.As
	if as == "" {
		as = f.Name
	}
	if f.Max == 0 {
		f.Max = 2000
	}
	v := fieldView{Field: f}
	var err error
	if v.Label, err = l.say("field." + as); err != nil {
		return v, err
	}
	if f.Own != "" {
		v.Label = template.HTML(`<bdi lang="en">` + template.HTMLEscapeString(f.Own) + `</bdi>`)
	}
	if l.messages["hint."+as] != nil {
		if v.Hint, err = l.say("hint." + as); err != nil {
			return v, err
		}
	}
	if f.Wrong != "" {
		v.Why, err = l.saidAs("wrong.", f.Wrong)
	}
	return v, err
}

// saidAs is the message of a code, or that of "unknown" if there is none.
func (l *locale) saidAs(prefix, code string) (template.HTML, error) {
	if l.messages[prefix+code] == nil {
		code = "unknown"
	}
	return l.say(prefix + code)
}

// fieldName is what forms call a field; empty: none has it.
func (l *locale) fieldName(name string) (template.HTML, error) {
	if l.messages["field."+name] == nil {
		return "", nil
	}
	return l.say("field." + name)
}

// Described is what its input is described by.
func (v fieldView) Described() string {
	var ids []string
	if v.Why != "" {
		ids = append(ids, "w-"+v.Name)
	}
	if v.Hint != "" {
		ids = append(ids, "h-"+v.Name)
	}
	return strings.Join(ids, " ")
}
