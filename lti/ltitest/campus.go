package ltitest

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Tool is a registered tool as this LMS knows it, in one deployment.
type Tool struct {
	ID   string // the LMS's own number for it; filled by AddTool
	Name string // "" is "Video classroom"

	ClientID     string // filled if empty; two tools may share one, as two deployments
	DeploymentID string // filled if empty

	LoginURL       string
	LaunchURL      string // the target of links, and the redirect URI if there are no others
	DeepLinkingURL string // "" is LaunchURL
	JWKSURL        string
	PublicKey      string   // PEM, pasted: then JWKSURL isn't fetched, as on Chamilo
	RedirectURIs   []string // compared exactly

	LineItems  string // "none", "readonly" (may list, read and score) or "full" (also "")
	Roster     bool
	ShareName  bool
	ShareEmail bool

	Registered    bool // it registered itself, by a link
	Pending       bool // an admin has to switch it on: see ActivateTool
	NoDeepLinking bool

	// LinkFields are custom parameters of every launch. A value may hold a
	// variable, such as $User.username.
	LinkFields map[string]string
}

// Rights of Tool.LineItems.
const (
	LineItemsNone     = "none"
	LineItemsReadOnly = "readonly"
	LineItemsFull     = "full"
)

// Course is a course of the LMS; its ID is the context's.
type Course struct{ ID, Label, Title string }

// Person is somebody with an account.
type Person struct {
	ID       string // the sub claim
	Username string // stands for the person in paths, and wherever a person is asked for

	Name, Given, Family, Email, Locale string

	// Roles has the roles per course: Teacher, Assistant, Learner, Observer or
	// Designer, or a URI that is sent as it stands.
	Roles map[string][]string
	// InstitutionRoles are URIs, sent in every launch.
	InstitutionRoles []string
	// Mentors lists the people (IDs) that an observer watches.
	Mentors []string
}

// Link is an activity that launches a tool: LTI's resource link.
type Link struct {
	ID            string // filled by AddLink
	Course        string
	Tool          string // may be empty if there is one tool only
	Title         string
	Description   string
	TargetLinkURI string // "" is the tool's LaunchURL
	Custom        map[string]string
	LineItem      *LineItem // not nil: AddLink makes a column for it
}

// Registration is what the tool has to know of the LMS.
type Registration struct {
	Issuer, AuthURL, TokenURL, JWKSURL string
	ClientID, DeploymentID             string
}

// campus is what the LMS administers; LMS.mu guards it.
type campus struct {
	last    int // the last number given
	tools   []Tool
	courses []Course
	people  []Person
	links   []Link
}

func (c *campus) number() string {
	c.last++
	return strconv.Itoa(c.last)
}

// AddTool registers a tool and returns it with its ids.
func (l *LMS) AddTool(t Tool) Tool {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.ID = l.campus.number()
	if t.Name == "" {
		t.Name = "Video classroom"
	}
	if t.ClientID == "" {
		t.ClientID = rand.Text()[:15] // letters and digits: it stands in a command line
	}
	if t.DeploymentID == "" {
		t.DeploymentID = t.ID
	}
	if t.DeepLinkingURL == "" {
		t.DeepLinkingURL = t.LaunchURL
	}
	if len(t.RedirectURIs) == 0 {
		t.RedirectURIs = []string{t.LaunchURL}
	}
	if t.LineItems == "" {
		t.LineItems = LineItemsFull
	}
	l.campus.tools = append(l.campus.tools, t)
	return t
}

// ChangeTool alters a registered tool, say what it may do. Ids stay.
func (l *LMS) ChangeTool(id string, f func(*Tool)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.campus.mustTool(id)
	before := l.campus.tools[i]
	f(&l.campus.tools[i])
	l.campus.tools[i].ID = before.ID
}

// Registration returns what the tool's `platform add` wants to know.
func (l *LMS) Registration(t Tool) Registration {
	l.mu.Lock()
	defer l.mu.Unlock()
	keys := l.address("/lti/certs")
	if l.behaviour.Registering.KeysPerClient {
		keys = l.address("/api/v1/management/applications/" + url.PathEscape(t.ClientID) + "/jwks.json")
	}
	return Registration{
		Issuer:   l.issuer(),
		AuthURL:  l.authURL(),
		TokenURL: l.address("/lti/token"),
		JWKSURL:  keys,
		ClientID: t.ClientID, DeploymentID: t.DeploymentID,
	}
}

// authURL is the authentication endpoint, with what query it has of its own.
func (l *LMS) authURL() string {
	if l.behaviour.AuthQuery != "" {
		return l.address("/lti/auth") + "?" + l.behaviour.AuthQuery
	}
	return l.address("/lti/auth")
}

// AddCourse adds a course. An empty ID is filled.
func (l *LMS) AddCourse(c Course) Course {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.ID == "" {
		c.ID = l.campus.number()
	}
	l.campus.courses = append(l.campus.courses, c)
	return c
}

// AddPerson adds a person. ID, Username and Name are filled if empty.
func (l *LMS) AddPerson(p Person) Person {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.ID == "" {
		p.ID = l.campus.number()
	}
	if p.Name == "" {
		p.Name = strings.TrimSpace(p.Given + " " + p.Family)
	}
	if p.Username == "" {
		p.Username = "user" + p.ID
	}
	p.Roles = cloneRoles(p.Roles)
	l.campus.people = append(l.campus.people, p)
	return p
}

// Enrol gives a person these roles in a course instead of those they had.
func (l *LMS) Enrol(person, course string, roles ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.campus.mustPerson(person)
	roles = slices.Clone(roles)
	l.campus.people[p].Roles = cloneRoles(l.campus.people[p].Roles)
	l.campus.people[p].Roles[course] = roles
}

// AddLink adds an activity to a course, and its column if it has a LineItem.
func (l *LMS) AddLink(k Link) Link {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.addLink(k)
}

func (l *LMS) addLink(k Link) Link {
	if k.Tool == "" && len(l.campus.tools) == 1 {
		k.Tool = l.campus.tools[0].ID
	}
	tool := l.campus.tools[l.campus.mustTool(k.Tool)]
	if _, ok := l.campus.course(k.Course); !ok {
		panic(fmt.Sprintf("ltitest: no course %q", k.Course))
	}
	if k.ID == "" {
		k.ID = l.campus.number()
	}
	if k.TargetLinkURI == "" {
		k.TargetLinkURI = tool.LaunchURL
	}
	k.Custom = maps.Clone(k.Custom)
	if k.LineItem != nil {
		item := *k.LineItem
		item.Course, item.Tool, item.Link = k.Course, k.Tool, k.ID
		if item.Label == "" {
			item.Label = k.Title
		}
		item = l.addItem(item)
		k.LineItem = &item
	}
	l.campus.links = append(l.campus.links, k)
	return k
}

// ChangeLink alters an activity, as its settings or another choice of content
// do. Its ID and column stay.
func (l *LMS) ChangeLink(id string, f func(*Link)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.campus.links, func(k Link) bool { return k.ID == id })
	if i < 0 {
		panic(fmt.Sprintf("ltitest: no link %q", id))
	}
	k := &l.campus.links[i]
	k.Custom = maps.Clone(k.Custom)
	if k.Custom == nil {
		k.Custom = map[string]string{}
	}
	f(k)
	k.ID = id
}

// CopyCourse makes a course with the same people, and copies of the links:
// their custom parameters and line items' tags stay, their ids are new.
func (l *LMS) CopyCourse(from string, to Course) Course {
	to = l.AddCourse(to)
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.campus.people {
		p := &l.campus.people[i]
		if roles, ok := p.Roles[from]; ok {
			p.Roles = cloneRoles(p.Roles)
			p.Roles[to.ID] = roles
		}
	}
	for _, k := range l.campus.linksOf(from) {
		copied := k
		copied.ID, copied.Course = "", to.ID
		if items := l.itemsOfLink(k.ID); len(items) > 0 {
			item := *items[0]
			item.ID = ""
			copied.LineItem = &item
		}
		l.addLink(copied)
	}
	return to
}

// FindTool returns a registered tool by its ID.
func (l *LMS) FindTool(id string) (Tool, bool) {
	return find(l, &l.campus.tools, func(t Tool) bool { return t.ID == id })
}

// FindCourse returns a course by its ID.
func (l *LMS) FindCourse(id string) (Course, bool) {
	return find(l, &l.campus.courses, func(c Course) bool { return c.ID == id })
}

// FindPerson returns a person by ID or Username.
func (l *LMS) FindPerson(id string) (Person, bool) {
	return find(l, &l.campus.people, func(p Person) bool { return p.is(id) })
}

// FindLink returns an activity by its ID.
func (l *LMS) FindLink(id string) (Link, bool) {
	return find(l, &l.campus.links, func(k Link) bool { return k.ID == id })
}

// Links returns the activities of a course, in the order they were added.
func (l *LMS) Links(course string) []Link {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.campus.linksOf(course)
}

// RemoveLink deletes an activity and its columns.
func (l *LMS) RemoveLink(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.campus.links = slices.DeleteFunc(l.campus.links, func(k Link) bool { return k.ID == id })
	for _, item := range l.itemsOfLink(id) {
		l.book.remove(item.ID)
	}
}

func find[T any](l *LMS, all *[]T, match func(T) bool) (T, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return first(*all, match)
}

func first[T any](all []T, match func(T) bool) (T, bool) {
	if i := slices.IndexFunc(all, match); i >= 0 {
		return all[i], true
	}
	var none T
	return none, false
}

func (p Person) is(id string) bool { return id != "" && (p.ID == id || p.Username == id) }

func (c *campus) course(id string) (Course, bool) {
	return first(c.courses, func(x Course) bool { return x.ID == id })
}

func (c *campus) person(id string) (Person, bool) {
	return first(c.people, func(p Person) bool { return p.is(id) })
}

func (c *campus) link(id string) (Link, bool) {
	return first(c.links, func(k Link) bool { return k.ID == id })
}

func (c *campus) linksOf(course string) []Link {
	var links []Link
	for _, k := range c.links {
		if k.Course == course {
			links = append(links, k)
		}
	}
	return links
}

// mustTool panics for an unknown tool: only a test's own mistake gets here.
func (c *campus) mustTool(id string) int {
	i := slices.IndexFunc(c.tools, func(t Tool) bool { return t.ID == id })
	if i < 0 {
		panic(fmt.Sprintf("ltitest: no tool %q", id))
	}
	return i
}

func (c *campus) mustPerson(id string) int {
	i := slices.IndexFunc(c.people, func(p Person) bool { return p.is(id) })
	if i < 0 {
		panic(fmt.Sprintf("ltitest: no person %q", id))
	}
	return i
}

func cloneRoles(roles map[string][]string) map[string][]string {
	if roles == nil {
		return map[string][]string{}
	}
	return maps.Clone(roles)
}
