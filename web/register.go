package web

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/collate"
)

// A Register is one class: who came, for how long, and what came of it.
// It sorts and filters its People itself, by Sort and Show.
type Register struct {
	Title, Course  string // of the room
	Now            time.Time
	URL            string    // of this page, without sort and show; it may have a query
	BackURL        string    // the room's page
	CSVURL         string    // the whole register as text/csv
	From, To       time.Time // of the class; To zero: still live
	Length         time.Duration
	Came, Enrolled int           // learners
	NeededHere     time.Duration // in this class alone; 0: it isn't judged by itself
	Enough         int           // learners who have that
	Complete       int           // learners, by all that counts
	Exact          bool          // by BigBlueButton's report, except for whom and what it doesn't name
	Every          time.Duration // what was observed was so often, also where only a part was; zero: not told
	Counting       bool          // the exact figures may still come
	Rule           Rule
	NotHere        bool   // the class doesn't count for this link
	For            []Link // but for these
	People         []Person
	Breaks         []Break
	Sort           string // the query's "sort": a column, "-" before it for downwards. Anything else sorts by name
	Show           string // the query's "show": a filter. Anything else shows all
	Said           string
	ResendAll      Post      // zero: there is nothing to send again
	NoGrades       *NoGrades // nil: the platform takes them, or nothing is graded
}

// Moving reports whether the figures are about to change: the page then looks
// again every few seconds, else now and then.
func (r Register) Moving() bool {
	return r.To.IsZero() || r.Counting || slices.ContainsFunc(r.People, func(p Person) bool { return p.Grade != nil && p.Grade.State == GradeWaiting })
}

// A Person is one row of a register.
type Person struct {
	ID       string // unique in the register; letters, digits, - and _
	Name     string
	Learner  bool   // graded; else a teacher, guest or test user
	Stays    []Stay // in order, none overlaps
	Time     time.Duration
	Activity *Activity     // nil: not known
	Complete bool          // by the rule, over all that counts
	Have     time.Duration // that counts by the rule
	Needed   time.Duration // for all points; 0: not known
	Grade    *Grade        // nil: nothing to send
	Resend   Post          // zero: nothing to send again
	Replace  Post          // what somebody gave in the gradebook, by ours; zero: nothing to replace
	Unnamed  bool          // was observed in a class of whose report they are no part
}

// A Stay is an interval in which a person was there.
type Stay struct {
	From, To time.Time
	Exact    bool // else observed
}

// An Activity is what a person did in class.
type Activity struct {
	Chats, Talks, Hands, Emojis, Votes int
	TalkTime                           time.Duration
}

// The columns of a register, as its query's "sort" names them.
const (
	byName, byTime, byArrival, byActivity, byHere, byResult, byGrade = "name", "time", "arrival", "activity", "here", "result", "grade"
)

// The filters of a register, as its query's "show" names them.
const (
	onlyAbsent, onlyLate, onlyEarly, onlyIncomplete, onlyRefused, onlyMissing = "absent", "late", "early", "incomplete", "refused", "missing"
)

// lateAfter is how much of a class one may miss at its start or end without
// being called late or gone early.
const lateAfter = 5 * time.Minute

// Unnamed is how many people were observed whom the class's report doesn't name.
func (r Register) Unnamed() int {
	n := 0
	for _, p := range r.People {
		if p.Unnamed {
			n++
		}
	}
	return n
}

// Beyond reports whether there are people of the class's report who were
// observed outside its time.
func (r Register) Beyond() bool {
	return slices.ContainsFunc(r.People, func(p Person) bool {
		return !p.Unnamed && slices.ContainsFunc(p.Stays, func(s Stay) bool { return !s.Exact })
	})
}

func (r Register) end() time.Time {
	if r.To.IsZero() {
		return r.Now
	}
	return r.To
}

// Share is how much of the class the person was there, 0 to 1.
func (r Register) Share(p Person) float64 {
	if r.Length <= 0 {
		return 0
	}
	return min(1, float64(p.Time)/float64(r.Length))
}

// HasEnough reports whether the person was there for as long as this class alone
// asks.
func (r Register) HasEnough(p Person) bool { return p.Time >= r.NeededHere }

// Columns are how many the table has.
func (r Register) Columns() int {
	switch {
	case !r.Rule.Graded():
		return 4
	case r.NeededHere == 0:
		return 6
	}
	return 7
}

// A chip is a filter that the page offers.
type chip struct {
	Show, URL string
	Count     int
	On        bool
}

// Chips are the filters that would show anybody, or that are on.
func (r Register) Chips() []chip {
	shows := []string{onlyAbsent, onlyLate, onlyEarly}
	if r.Rule.Graded() {
		shows = append(shows, onlyIncomplete, onlyRefused, onlyMissing)
	}
	var chips []chip
	for _, show := range shows {
		c := chip{Show: show, On: show == r.Show, URL: r.address(r.Sort, show)}
		if c.On {
			c.URL = r.address(r.Sort, "")
		}
		for _, p := range r.People {
			if r.shows(show, p) {
				c.Count++
			}
		}
		if c.Count > 0 || c.On {
			chips = append(chips, c)
		}
	}
	return chips
}

// Filtered reports whether a filter is on.
func (r Register) Filtered() bool {
	return slices.Contains([]string{onlyAbsent, onlyLate, onlyEarly, onlyIncomplete, onlyRefused, onlyMissing}, r.Show)
}

// AllURL is the page without a filter.
func (r Register) AllURL() string { return r.address(r.Sort, "") }

func (r Register) shows(show string, p Person) bool {
	here := len(p.Stays) > 0
	switch show {
	case onlyAbsent:
		return p.Learner && !here
	case onlyLate:
		return p.Learner && here && p.Stays[0].From.Sub(r.From) > lateAfter
	case onlyEarly:
		return p.Learner && here && r.end().Sub(p.Stays[len(p.Stays)-1].To) > lateAfter
	case onlyIncomplete:
		return p.Learner && !p.Complete
	case onlyRefused:
		return p.Grade != nil && p.Grade.State == GradeRefused
	case onlyMissing:
		return p.Grade != nil && p.Grade.State == GradeMissing
	}
	return true
}

// A column is a head of the register that sorts by it.
type column struct {
	Name, URL string
	Order     string // aria-sort: ascending, descending or empty
	Label     string // message id
}

// Column is the head named so. Figures start with the largest.
func (r Register) Column(name string) column {
	c := column{Name: name, Label: "register.column." + name}
	down := name == byTime || name == byActivity || name == byGrade
	by, isDown := strings.CutPrefix(r.Sort, "-")
	if !slices.Contains([]string{byTime, byArrival, byActivity, byHere, byResult, byGrade}, by) {
		by, isDown = byName, r.Sort == "-"+byName
	}
	if by == name {
		c.Order = map[bool]string{false: "ascending", true: "descending"}[isDown]
		down = !isDown
	}
	sort := name
	if down {
		sort = "-" + name
	}
	c.URL = r.address(sort, r.Show)
	return c
}

// Sorts are all columns by which the register sorts.
func (r Register) Sorts() []column {
	names := []string{byName, byArrival, byTime, byActivity}
	if r.NeededHere > 0 {
		names = append(names, byHere)
	}
	if r.Rule.Graded() {
		names = append(names, byResult, byGrade)
	}
	columns := make([]column, len(names))
	for i, name := range names {
		columns[i] = r.Column(name)
	}
	return columns
}

// Sorted is the column by which it is sorted.
func (r Register) Sorted() column {
	for _, c := range r.Sorts() {
		if c.Order != "" {
			return c
		}
	}
	return r.Column(byName)
}

func (r Register) address(sort, show string) string {
	return withQuery(r.URL, "sort", sort, "show", show)
}

// withQuery is an address with these names and values in its query; an empty
// value isn't in it.
func withQuery(address string, pairs ...string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	query := u.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		query.Del(pairs[i])
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// arrange returns the people that the register shows, in its order. Names
// stand as the language orders them.
func (l *locale) arrange(r Register) []Person {
	people := slices.Clone(r.People)
	if r.Filtered() {
		people = slices.DeleteFunc(people, func(p Person) bool { return !r.shows(r.Show, p) })
	}
	names := collate.New(l.tag, collate.IgnoreCase, collate.Numeric)
	by, down := strings.CutPrefix(r.Sort, "-")
	slices.SortStableFunc(people, func(a, b Person) int {
		order := r.compare(by, a, b)
		if by == byName || order == 0 {
			order = names.CompareString(a.Name, b.Name)
			if by != byName {
				return order
			}
		}
		if down {
			return -order
		}
		return order
	})
	return people
}

func (r Register) compare(by string, a, b Person) int {
	switch by {
	case byTime, byHere:
		return cmp.Compare(a.Time, b.Time)
	case byArrival:
		return cmp.Compare(r.arrival(a), r.arrival(b))
	case byActivity:
		return cmp.Compare(a.Activity.sum(), b.Activity.sum())
	case byResult:
		return cmp.Or(compareBool(a.Complete, b.Complete), cmp.Compare(a.Have, b.Have))
	case byGrade:
		return cmp.Compare(trouble(a.Grade), trouble(b.Grade))
	}
	return 0
}

// arrival is after the class's start; who didn't come comes last.
func (r Register) arrival(p Person) time.Duration {
	if len(p.Stays) == 0 {
		return 1 << 62
	}
	return p.Stays[0].From.Sub(r.From)
}

func (a *Activity) sum() int {
	if a == nil {
		return -1
	}
	return a.Chats + a.Talks + a.Hands + a.Emojis + a.Votes
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// trouble orders grades by how much they need the teacher.
func trouble(g *Grade) int {
	if g == nil {
		return 0
	}
	return 1 + slices.Index([]GradeState{GradeSeen, GradeSent, GradeGiven, GradeSuperseded, GradeWaiting, GradeMissing, GradeRefused}, g.State)
}
