package ltitest

import (
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"time"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// shell is what every page has around it.
type shell struct {
	LMS, Root, Title string
	Person           *personView
	Course           *courseView
	Tab              string // of a course's pages: activities, grades or people
}

type personView struct {
	Path, Name, Initials, Role string // Role in words
	Courses                    string
}

type courseView struct {
	Path, Label, Title string
	Role               string
	Teaches            bool
}

type startPage struct {
	shell
	Steps  []string
	Aside  *Aside
	People []personView
}

type homePage struct {
	shell
	Courses []courseView
}

type coursePage struct {
	shell
	Activities []activityView
	Tools      []toolView // what may be added; for teachers
}

type activityView struct {
	Title, Description string
	Frame, Window      string // paths
	Points             string
}

type toolView struct{ Name, Add string }

type framePage struct {
	shell
	Name, Source, Allow, Window string
}

type gradesPage struct {
	shell
	Columns []string
	Rows    []gradeRow
	Posts   []postView // for teachers: what came in last
	Own     []ownGrade // for learners
}

type gradeRow struct {
	Name, Initials string
	Cells          []gradeView
}

type gradeView struct{ Points, Maximum, Changed, Comment string }

type ownGrade struct {
	Title string
	gradeView
}

type postView struct {
	At, Column, Person, Points, Reason string
	Accepted                           bool
}

type peoplePage struct {
	shell
	Members []memberView
}

type memberView struct{ Name, Initials, Role, Email string }

type adminPage struct {
	shell
	Profile string
	Links   bool // tools can be registered by a link
	Tools   []adminTool
	Keys    []string
}

type adminTool struct {
	Name         string
	Registration Registration
	Command      string
	Knows        []field
	Activate     string // path; "": it is on
}

type registerPage struct {
	shell
	Source, Back string
}

type field struct{ Name, Value string }

type autoSubmitPage struct {
	shell
	Action, Method string
	Fields         url.Values
}

type problemPage struct {
	shell
	Text string
}

type addedPage struct {
	shell
	Problem, Message, Back string
	Links                  []Link
}

type returnedPage struct {
	shell
	Message, Back string
	Wrong         bool
}

// pages are the parsed templates, by name.
type pages struct{ byName map[string]*template.Template }

func parsePages() *pages {
	p := &pages{byName: map[string]*template.Template{}}
	for _, name := range []string{
		"start", "home", "course", "frame", "grades", "people", "admin", "register", "autosubmit", "problem", "added", "returned",
	} {
		p.byName[name] = template.Must(template.ParseFS(templateFiles, "templates/layout.html", "templates/"+name+".html"))
	}
	return p
}

// show writes a page. It may be framed by the LMS's own pages only.
func (p *pages) show(w http.ResponseWriter, status int, name string, view any) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "+
		"img-src 'self' data:; frame-src *; base-uri 'none'; frame-ancestors 'self'")
	w.WriteHeader(status)
	if err := p.byName[name].ExecuteTemplate(w, "layout", view); err != nil {
		// The client went away, or a template is wrong, which a test sees.
		panic(http.ErrAbortHandler)
	}
}

func (p *pages) autoSubmit(w http.ResponseWriter, view autoSubmitPage) {
	view.Title = "One moment"
	p.show(w, http.StatusOK, "autosubmit", view)
}

func (p *pages) problem(w http.ResponseWriter, status int, view problemPage) {
	p.show(w, status, "problem", view)
}

// shell begins a page of the LMS.
func (l *LMS) shell(title string) shell {
	return shell{LMS: l.name, Root: l.base.Path, Title: title}
}

// clockTime is a time as it stands in tables.
func clockTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("15:04:05")
}
