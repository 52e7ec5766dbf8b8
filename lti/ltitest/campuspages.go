package ltitest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// pageRoutes adds the pages for people. Who one is stands in the path.
func (l *LMS) pageRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", l.startPage)
	mux.Handle("GET /static/", http.FileServerFS(staticFiles))
	mux.HandleFunc("GET /as/{person}/{$}", l.homePage)
	mux.HandleFunc("GET /as/{person}/courses/{course}", l.coursePage)
	mux.HandleFunc("GET /as/{person}/courses/{course}/grades", l.gradesPage)
	mux.HandleFunc("GET /as/{person}/courses/{course}/people", l.peoplePage)
	mux.HandleFunc("GET /as/{person}/courses/{course}/return", l.returnedPage)
	mux.HandleFunc("GET /as/{person}/courses/{course}/add/{tool}", l.addPage)
	mux.HandleFunc("GET /as/{person}/courses/{course}/add/{tool}/open", l.openDeepLinking)
	mux.HandleFunc("GET /as/{person}/links/{link}", l.framePage)
	mux.HandleFunc("GET /as/{person}/links/{link}/open", l.openLink)
	mux.HandleFunc("GET /admin", l.adminPage)
	mux.Handle("POST /admin/rotate", http.NewCrossOriginProtection().Handler(http.HandlerFunc(l.rotate)))
	mux.HandleFunc("GET /admin/register", l.registerPage)
	mux.Handle("POST /admin/tools/{tool}/activate", http.NewCrossOriginProtection().Handler(http.HandlerFunc(l.activate)))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { l.notFound(w) })
}

func (l *LMS) notFound(w http.ResponseWriter) {
	l.pages.problem(w, http.StatusNotFound, problemPage{l.shell("Not here"), "There is no such page, or it isn't for this person."})
}

func (l *LMS) startPage(w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	page := startPage{shell: l.shell("Who are you today?"), Steps: l.steps(), Aside: l.aside}
	for _, p := range l.campus.people {
		page.People = append(page.People, l.personView(p))
	}
	l.mu.Unlock()
	l.pages.show(w, http.StatusOK, "start", page)
}

// steps says what to do here, with the names of people who are there.
func (l *LMS) steps() []string {
	if l.does != nil {
		return l.does
	}
	teacher, learner, course := "a teacher", "a learner", "the course"
	for _, c := range l.campus.courses {
		t, ok1 := first(l.campus.people, func(p Person) bool { return p.teaches(c.ID) })
		s, ok2 := first(l.campus.people, func(p Person) bool { return p.gradable(c.ID) })
		if ok1 && ok2 {
			teacher, learner, course = t.Name, s.Name, c.Title
			break
		}
	}
	return []string{
		"Continue as " + teacher + ". In " + course + ", add a classroom, open it and start the class.",
		"In a second tab, come back here, continue as " + learner + ", open the same classroom and join.",
		"Stay for as long as the activity asks, end the class and look at Grades: what was attended arrives there by itself.",
	}
}

// personView describes a person; the caller holds mu.
func (l *LMS) personView(p Person) personView {
	v := personView{Path: l.base.Path + "/as/" + url.PathEscape(p.Username) + "/", Name: p.Name, Initials: initials(p.Name)}
	var roles, courses []string
	for _, c := range l.campus.courses {
		if len(p.Roles[c.ID]) > 0 {
			roles = append(roles, roleWord(p, c.ID))
			courses = append(courses, c.Title)
		}
	}
	same := len(slices.Compact(slices.Clone(roles))) <= 1
	if !same {
		for i := range courses {
			courses[i] = roles[i] + " in " + courses[i]
		}
		courses[0] = strings.ToUpper(courses[0][:1]) + courses[0][1:]
	}
	v.Role, v.Courses = strings.Join(slices.Compact(roles), " and "), strings.Join(courses, ", ")
	if p.administers() {
		v.Role, v.Courses = "admin", "Looks after the LMS, has no role in a course"
	}
	return v
}

func initials(name string) string {
	var first []rune
	for word := range strings.FieldsSeq(name) {
		first = append(first, []rune(word)[0])
	}
	if len(first) > 2 {
		first = []rune{first[0], first[len(first)-1]}
	}
	return string(first)
}

// roleWord names a person's role in a course.
func roleWord(p Person, course string) string {
	words := map[string]string{
		Teacher: "teacher", Assistant: "teaching assistant", Learner: "learner", Observer: "observer", Designer: "course designer",
	}
	for _, role := range p.Roles[course] {
		if word, ok := words[role]; ok {
			return word
		}
	}
	if p.administers() {
		return "admin"
	}
	return "member"
}

func (l *LMS) coursePath(person, course string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, ok := l.campus.person(person); ok {
		person = p.Username
	}
	return l.base.Path + "/as/" + url.PathEscape(person) + "/courses/" + url.PathEscape(course)
}

func (l *LMS) courseView(p Person, c Course) *courseView {
	return &courseView{
		Path:  l.base.Path + "/as/" + url.PathEscape(p.Username) + "/courses/" + url.PathEscape(c.ID),
		Label: c.Label, Title: c.Title, Role: roleWord(p, c.ID), Teaches: p.teaches(c.ID),
	}
}

func (l *LMS) homePage(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	p, ok := l.campus.person(r.PathValue("person"))
	page := homePage{shell: l.shell("Your courses")}
	if ok {
		view := l.personView(p)
		page.Person = &view
	}
	for _, c := range l.campus.courses {
		if ok && p.enters(c.ID) {
			page.Courses = append(page.Courses, *l.courseView(p, c))
		}
	}
	l.mu.Unlock()
	if !ok {
		l.notFound(w)
		return
	}
	l.pages.show(w, http.StatusOK, "home", page)
}

// enter begins a course's page for a person. It isn't ok, and has answered,
// if they may not be there. The caller does not hold mu.
func (l *LMS) enter(w http.ResponseWriter, r *http.Request, tab string) (shell, Person, Course, bool) {
	l.mu.Lock()
	p, known := l.campus.person(r.PathValue("person"))
	c, exists := l.campus.course(r.PathValue("course"))
	if link, ok := l.campus.link(r.PathValue("link")); ok {
		c, exists = l.campus.course(link.Course)
	}
	s := l.shell(c.Title)
	if known && exists {
		view := l.personView(p)
		view.Role = roleWord(p, c.ID)
		s.Person, s.Course, s.Tab = &view, l.courseView(p, c), tab
	}
	l.mu.Unlock()
	if !known || !exists || !p.enters(c.ID) {
		l.notFound(w)
		return s, p, c, false
	}
	return s, p, c, true
}

func (l *LMS) coursePage(w http.ResponseWriter, r *http.Request) {
	s, p, c, ok := l.enter(w, r, "activities")
	if !ok {
		return
	}
	page := coursePage{shell: s}
	l.mu.Lock()
	for _, k := range l.campus.linksOf(c.ID) {
		path := l.base.Path + "/as/" + url.PathEscape(p.Username) + "/links/" + url.PathEscape(k.ID)
		view := activityView{Title: k.Title, Description: k.Description, Frame: path, Window: path + "/open"}
		if items := l.itemsOfLink(k.ID); len(items) > 0 {
			view.Points = points(items[0].ScoreMaximum)
		}
		page.Activities = append(page.Activities, view)
	}
	for _, t := range l.campus.tools {
		if s.Course.Teaches && !t.Pending && !t.NoDeepLinking {
			page.Tools = append(page.Tools, toolView{t.Name, s.Course.Path + "/add/" + t.ID})
		}
	}
	l.mu.Unlock()
	l.pages.show(w, http.StatusOK, "course", page)
}

func (l *LMS) peoplePage(w http.ResponseWriter, r *http.Request) {
	s, _, c, ok := l.enter(w, r, "people")
	if !ok {
		return
	}
	page := peoplePage{shell: s}
	page.Title = "People · " + c.Title
	l.mu.Lock()
	for _, p := range l.campus.people {
		if len(p.Roles[c.ID]) > 0 {
			page.Members = append(page.Members, memberView{p.Name, initials(p.Name), roleWord(p, c.ID), p.Email})
		}
	}
	l.mu.Unlock()
	l.pages.show(w, http.StatusOK, "people", page)
}
