package ltitest

import (
	"slices"
	"time"
)

// Scores returns all scores that came in for a link or line item (its ID) and
// a person, in their order, refused ones too. An empty person means everybody.
func (l *LMS) Scores(linkOrLineItem, person string) []ScorePost {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, ok := l.campus.person(person); ok {
		person = p.ID
	}
	var posts []ScorePost
	for _, post := range l.book.posts {
		if (post.LineItem == linkOrLineItem || post.Link == linkOrLineItem) && (person == "" || post.Person == person) {
			posts = append(posts, post)
		}
	}
	return posts
}

// AcceptedScores is Scores without the refused ones.
func (l *LMS) AcceptedScores(linkOrLineItem, person string) []ScorePost {
	return slices.DeleteFunc(l.Scores(linkOrLineItem, person), func(p ScorePost) bool { return !p.Accepted() })
}

// Grade returns what the gradebook shows for a person, in the column of a link
// or line item. It isn't ok if there's no column or no grade. Of several
// columns of one link, the first with a grade counts.
func (l *LMS) Grade(linkOrLineItem, person string) (points, maximum float64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, known := l.campus.person(person)
	for _, item := range l.columns(linkOrLineItem) {
		maximum = item.ScoreMaximum
		if cell, found := l.book.cells[item.ID][p.ID]; known && found && cell.graded {
			return cell.points, maximum, true
		}
	}
	return 0, maximum, false
}

// SetGrade is a teacher who enters a grade in the LMS: from then on a score
// with an earlier timestamp is refused, and where hands override, in the column
// of an activity, later ones change nothing. It reports whether there is a
// column.
func (l *LMS) SetGrade(linkOrLineItem, person string, points float64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, known := l.campus.person(person)
	columns := l.columns(linkOrLineItem)
	if !known || len(columns) == 0 {
		return false
	}
	now := l.clock()
	*l.book.cell(columns[0].ID, p.ID) = cell{
		points: points, graded: true, stamp: now, changed: now,
		byHand: l.behaviour.HandsOverride && !columns[0].ByTool,
	}
	return true
}

func (l *LMS) columns(linkOrLineItem string) []*LineItem {
	if item, ok := l.book.item(linkOrLineItem); ok {
		return []*LineItem{item}
	}
	return l.itemsOfLink(linkOrLineItem)
}

// IDToken returns a signed ID token for a launch, without any HTTP, for tests
// of what a tool thinks of tokens. Only Claims, Header, Payload, Sign and
// Token of the options are looked at.
func (l *LMS) IDToken(link, person, nonce string, o LaunchOptions) (string, error) {
	begun, err := l.beginLink(link, person, o.Framed, o)
	if err != nil {
		return "", err
	}
	l.mu.Lock()
	p, _ := l.launches.find(begun.Fields.Get("lti_message_hint"), begun.Fields.Get("login_hint"))
	p.used = true
	l.mu.Unlock()
	return l.mint(p, nonce), nil
}

// Clock returns what the LMS thinks the time is.
func (l *LMS) Clock() time.Time {
	_, now := l.present()
	return now
}
