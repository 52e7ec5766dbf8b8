package web

import (
	"fmt"
	"html/template"
	"time"
)

// A Link is a link of a course by which a teacher can tell it from others.
type Link struct {
	Title string // may be empty
	Nth   int    // of the links with this title, from 1
	This  bool   // the one through which they came
}

// A Counting says for which links of the course the room's classes count.
type Counting struct {
	Now          time.Time
	Links        []Link // the course's links with grades
	AllLinks     bool   // every class counts for each of them
	Share        Post   // makes it so, or again each class its own link's
	Classes      []CountedClass
	Earlier      int  // how many classes began before this link led here
	EarlierToo   bool // they count for it, as a teacher has said
	Left         bool // a class was started through a link that leads elsewhere by now
	CountEarlier Post // makes it so, or not
}

// A CountedClass is a class, and the links for which it counts.
type CountedClass struct {
	From, To time.Time // To zero: still live
	For      []Link
	Moves    []Move
}

// A Move has a class count for another link.
type Move struct {
	To   Link
	Post Post
}

// Several reports whether there is more than one link, or was.
func (c Counting) Several() bool { return len(c.Links) > 1 || c.Left && len(c.Links) > 0 }

// shownClasses is how many classes the list names before it folds the rest.
const shownClasses = 4

// First are the classes that are named at once.
func (c Counting) First() []CountedClass { return c.Classes[:min(len(c.Classes), shownClasses)] }

// More are the others.
func (c Counting) More() []CountedClass { return c.Classes[min(len(c.Classes), shownClasses):] }

// linksOf names links one after the other.
func (l *locale) linksOf(links []Link) (template.HTML, error) {
	names := make([]template.HTML, len(links))
	for i, link := range links {
		var err error
		if names[i], err = l.link(link); err != nil {
			return "", err
		}
	}
	return l.list(names), nil
}

func (l *locale) link(link Link) (template.HTML, error) {
	name := isolated(link.Title)
	if link.Title == "" {
		var err error
		if name, err = l.say("counting.unnamed"); err != nil {
			return "", err
		}
	}
	if link.Nth > 1 {
		name += template.HTML(fmt.Sprintf(" · %d", link.Nth))
	}
	if link.This {
		return l.say("counting.this", "Link", name)
	}
	return name, nil
}

// A countedRow is a class with what its row needs.
type countedRow struct {
	CountedClass
	Now time.Time
}

func newCountedRow(c CountedClass, now time.Time) countedRow { return countedRow{c, now} }

// A RuleQuestion asks which classes a changed rule counts: what it gives and
// takes, if it counts for those that were held already. It posts to URL the
// form that was sent, "gain" and "lose" as shown, and "from": next, all, or
// back for the form as it was typed.
type RuleQuestion struct {
	Title, Course string // of the room
	URL           string
	Fields        []Hidden
	Was, Rule     Rule
	Gain, Lose    int // people
	Live          bool
}
