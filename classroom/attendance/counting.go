package attendance

import (
	"cmp"
	"slices"
	"time"
)

// A Link is what of a placement says which sessions count for it, and by
// which rules.
type Link struct {
	PlacementID, CourseID string
	Rule                  Rule
	Terms                 Terms
}

// Terms say from when on a placement counts sessions. Its times are of our
// clock. The zero Terms count all sessions of the room by the rule of now.
type Terms struct {
	Since   time.Time // it leads to its room; zero: not known, so there's no before
	Earlier bool      // its teacher says that sessions from before count, too
	Graded  time.Time // it has had a rule, if later than Since; zero: all along
	Past    []PastRule
}

// A PastRule was in force for the sessions that began before Until, back to
// the one before it. What it has given stays.
type PastRule struct {
	Rule  Rule      `json:"rule"`
	Until time.Time `json:"until"`
}

// A Class is a session as it counts for links. Its times are of our clock, as
// far as the server's is known.
type Class struct {
	From, To  time.Time         // To zero: it goes on
	StartedBy string            // the placement through which it was started; empty: not known
	Moved     map[string]string // course → the placement for which its teacher says that it counts
}

// Decisions are what teachers have said about a room's classes.
type Decisions struct {
	Moved    map[string]map[string]string // Meeting.ID → course → placement
	AllLinks map[string]bool              // by course: every class counts for each of its links
	Graded   map[string]string            // placement → course: those that have left the room with points, and may be back
}

// A Counting says which sessions of a room count for which of its links.
type Counting struct {
	Links    []Link
	Classes  map[string]Class  // by Session.ID
	AllLinks map[string]bool   // by course
	Graded   map[string]string // placement → course: see Decisions
}

// CountingOf puts together what is known of a room's sessions: sessionOf says
// which meetings they are made of.
func CountingOf(links []Link, meetings []Meeting, sessionOf map[string]string, d Decisions) Counting {
	c := Counting{Links: links, Classes: map[string]Class{}, AllLinks: d.AllLinks, Graded: d.Graded}
	sorted := slices.Clone(meetings)
	slices.SortFunc(sorted, func(a, b Meeting) int {
		return cmp.Or(a.CreateTime.Compare(b.CreateTime), cmp.Compare(a.ID, b.ID))
	})
	ahead := map[string]time.Duration{} // by server, as far as a creation was seen
	for _, m := range sorted {
		if m.ClockOffset == 0 {
			m.ClockOffset = ahead[m.ServerID]
		}
		ahead[m.ServerID] = m.ClockOffset
		if id, ok := sessionOf[m.ID]; ok {
			c.Classes[id] = c.Classes[id].with(m, d.Moved[m.ID])
		}
	}
	return c
}

// with is the class and its next meeting.
func (c Class) with(m Meeting, moved map[string]string) Class {
	first := c.From.IsZero()
	if first {
		c.From = m.CreateTime.Add(-m.ClockOffset)
		c.Moved = map[string]string{}
	}
	switch end := m.EndedAt.Add(-m.ClockOffset); {
	case m.EndedAt.IsZero():
		c.To = time.Time{}
	case first || end.After(c.To):
		c.To = end
	}
	if c.StartedBy == "" {
		c.StartedBy = m.PlacementID
	}
	for course, placement := range moved {
		if c.Moved[course] == "" {
			c.Moved[course] = placement
		}
	}
	return c
}

// there reports whether something that is so since t was so when c began.
func (c Class) there(t time.Time) bool { return !t.After(c.From) }

// over reports whether c was over at t.
func (c Class) over(t time.Time) bool { return !c.To.IsZero() && !c.To.After(t) }

// Counts reports whether a session counts for a link of the room.
func (c Counting) Counts(l Link, sessionID string) bool {
	class := c.Classes[sessionID]
	if to := class.Moved[l.CourseID]; c.gradedLink(l.CourseID, to) {
		return to == l.PlacementID
	}
	if !class.there(l.Terms.Since) {
		if l.Terms.Earlier {
			return true
		}
		if class.over(l.Terms.Since) {
			return false
		}
	}
	switch {
	case c.AllLinks[l.CourseID]:
		return true
	case c.LeftWith(l.CourseID, sessionID):
		return false
	case !c.several(l, class):
		return true
	case class.StartedBy == "": // as it was before we knew
		return l.Terms.Since.IsZero()
	}
	return class.StartedBy == l.PlacementID
}

// LeftWith reports whether a class was started through a link of the course
// that has left the room since, with the points that it has given.
func (c Counting) LeftWith(courseID, sessionID string) bool {
	class := c.Classes[sessionID]
	if of, left := c.Graded[class.StartedBy]; !left || of != courseID {
		return false
	}
	return !slices.ContainsFunc(c.Links, func(l Link) bool { return l.PlacementID == class.StartedBy && class.there(l.Terms.Since) })
}

// gradedLink reports whether the course has this link with a rule.
func (c Counting) gradedLink(courseID, placementID string) bool {
	return slices.ContainsFunc(c.Links, func(l Link) bool {
		return l.CourseID == courseID && l.PlacementID == placementID && l.Grades()
	})
}

// several reports whether l's course had another link with a rule for which
// the class may have been meant: when it began, or, if l came later, before
// it was over. A link that comes after a class takes nothing of it away.
func (c Counting) several(l Link, class Class) bool {
	late := !class.there(l.Terms.Since)
	return slices.ContainsFunc(c.Links, func(o Link) bool {
		if o.CourseID != l.CourseID || o.PlacementID == l.PlacementID || o.ruleOf(class).Measure == NoMeasure {
			return false
		}
		since := o.Terms.Since
		if o.Terms.Graded.After(since) {
			since = o.Terms.Graded
		}
		return class.there(since) || late && !class.over(since)
	})
}

// Grades reports whether l has, or had for some class, a rule that grades.
func (l Link) Grades() bool { return l.Worth().Measure != NoMeasure }

// Worth is the rule that says what points l's results are worth: the one of
// now, or, if that grades nothing, the newest that did.
func (l Link) Worth() Rule {
	rules := l.rules()
	for _, r := range slices.Backward(rules) {
		if r.Measure != NoMeasure {
			return r
		}
	}
	return l.Rule
}

// rules are all of l, the oldest first.
func (l Link) rules() []Rule {
	var rules []Rule
	for _, p := range l.Terms.Past {
		rules = append(rules, p.Rule)
	}
	return append(rules, l.Rule)
}

// era is the number, in rules, of the one by which a class counts.
func (l Link) era(class Class) int {
	for i, p := range l.Terms.Past {
		if class.From.Before(p.Until) {
			return i
		}
	}
	return len(l.Terms.Past)
}

func (l Link) ruleOf(class Class) Rule { return l.rules()[l.era(class)] }

// InForce reports whether a session is judged by l's rule of now.
func (c Counting) InForce(l Link, sessionID string) bool {
	return l.era(c.Classes[sessionID]) == len(l.Terms.Past)
}

// From is l with another rule that counts from now on. What its rule has given
// for classes that began before stays.
func (c Counting) From(l Link, rule Rule, now time.Time) Link {
	past := slices.Clone(l.Terms.Past)
	if c.began(l) {
		past = append(past, PastRule{Rule: l.Rule, Until: now.UTC().Truncate(time.Millisecond)})
	} else if n := len(past); n > 0 && past[n-1].Rule == rule { // back to what it was, without a class between
		past = past[:n-1]
	}
	if len(past) == 0 && l.Rule.Measure == NoMeasure {
		l.Terms.Graded = now
	}
	l.Rule, l.Terms.Past = rule, past
	return l
}

// began reports whether a class has begun since l has its rule.
func (c Counting) began(l Link) bool {
	for id := range c.Classes {
		if c.InForce(l, id) {
			return true
		}
	}
	return false
}

// ForAll is l with a rule that counts for all classes.
func (l Link) ForAll(rule Rule, now time.Time) Link {
	for _, p := range l.Terms.Past {
		if p.Rule.Measure == NoMeasure {
			l.Terms.Graded = p.Until
		}
	}
	if l.Rule.Measure == NoMeasure {
		l.Terms.Graded = now
	}
	l.Rule, l.Terms.Past = rule, nil
	return l
}
