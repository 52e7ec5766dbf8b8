package ltitest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// gradesPage is the gradebook: all of it for those who teach or assist, one's
// own grades for the others.
func (l *LMS) gradesPage(w http.ResponseWriter, r *http.Request) {
	s, p, c, ok := l.enter(w, r, "grades")
	if !ok {
		return
	}
	page := gradesPage{shell: s}
	page.Title = "Grades · " + c.Title
	l.mu.Lock()
	items := l.columnsOf(c.ID)
	if p.teaches(c.ID) || p.has(c.ID, Assistant) || p.administers() {
		l.fillGradebook(&page, c.ID, items)
	} else {
		for _, item := range items {
			page.Own = append(page.Own, ownGrade{item.Label, l.gradeView(item, p)})
		}
	}
	l.mu.Unlock()
	l.pages.show(w, http.StatusOK, "grades", page)
}

func (l *LMS) columnsOf(course string) []*LineItem {
	return slices.DeleteFunc(slices.Clone(l.book.items), func(i *LineItem) bool { return i.Course != course })
}

// fillGradebook makes the table; the caller holds mu.
func (l *LMS) fillGradebook(page *gradesPage, course string, items []*LineItem) {
	for _, item := range items {
		page.Columns = append(page.Columns, item.Label)
	}
	for _, p := range l.campus.people {
		if !p.gradable(course) {
			continue
		}
		row := gradeRow{Name: p.Name, Initials: initials(p.Name)}
		for _, item := range items {
			row.Cells = append(row.Cells, l.gradeView(item, p))
		}
		page.Rows = append(page.Rows, row)
	}
	for _, post := range slices.Backward(l.book.posts) {
		i := slices.IndexFunc(items, func(i *LineItem) bool { return i.ID == post.LineItem })
		if i >= 0 && len(page.Posts) < 12 {
			page.Posts = append(page.Posts, l.postView(post, items[i].Label))
		}
	}
}

func (l *LMS) gradeView(item *LineItem, p Person) gradeView {
	v := gradeView{Maximum: decimal(item.ScoreMaximum)}
	if cell, ok := l.book.cells[item.ID][p.ID]; ok && cell.graded {
		v.Points, v.Changed, v.Comment = decimal(cell.points), clockTime(cell.changed), cell.comment
	}
	return v
}

func (l *LMS) postView(post ScorePost, column string) postView {
	v := postView{At: clockTime(post.At), Column: column, Person: post.Person, Accepted: post.Accepted(), Points: "—"}
	if p, ok := l.campus.person(post.Person); ok {
		v.Person = p.Name
	}
	if post.ScoreGiven != nil && post.ScoreMaximum != nil {
		v.Points = decimal(*post.ScoreGiven) + " of " + decimal(*post.ScoreMaximum)
	}
	// Moodle's reason repeats what was posted.
	v.Reason, _, _ = strings.Cut(post.Reason, "{")
	return v
}

// decimal writes points with as many digits as they need, two at most.
func decimal(f float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(f, 'f', 2, 64), "0"), ".")
}

func points(maximum float64) string {
	if maximum == 1 {
		return "1 point"
	}
	return decimal(maximum) + " points"
}

// adminPage shows what to paste into the tool.
func (l *LMS) adminPage(w http.ResponseWriter, _ *http.Request) {
	page := adminPage{shell: l.shell("Administration"), Profile: l.profile}
	l.mu.Lock()
	page.Keys = append(page.Keys, l.keys.current.kid)
	if kid := l.keys.previous.kid; kid != "" {
		page.Keys = append(page.Keys, kid+" (before)")
	}
	tools := slices.Clone(l.campus.tools)
	page.Links = !l.behaviour.Registering.Off
	l.mu.Unlock()
	for _, t := range tools {
		r := l.Registration(t)
		activate := ""
		if t.Pending {
			activate = l.base.Path + "/admin/tools/" + url.PathEscape(t.ID) + "/activate"
		}
		page.Tools = append(page.Tools, adminTool{
			Activate: activate,
			Name:     t.Name, Registration: r, Command: addCommand(l.name, r),
			Knows: []field{
				{"Login initiation", t.LoginURL}, {"Launch", t.LaunchURL},
				{"Redirect URIs", strings.Join(t.RedirectURIs, " ")}, {"Deep linking", t.DeepLinkingURL},
				{"Key set", t.JWKSURL}, {"Line items", t.LineItems}, {"Shares", shares(t)},
			},
		})
	}
	l.pages.show(w, http.StatusOK, "admin", page)
}

func shares(t Tool) string {
	var what []string
	for _, s := range []struct {
		on   bool
		name string
	}{{t.ShareName, "names"}, {t.ShareEmail, "email addresses"}, {t.Roster, "the roster"}} {
		if s.on {
			what = append(what, s.name)
		}
	}
	if len(what) == 0 {
		return "nothing about people"
	}
	return strings.Join(what, ", ")
}

// addCommand is the command line that registers this LMS with bbbridge.
func addCommand(name string, r Registration) string {
	return fmt.Sprintf("bbbridge platform add --name %q \\\n  --issuer %s \\\n  --client-id %s --deployment-id %s \\\n"+
		"  --auth-url %s \\\n  --token-url %s \\\n  --jwks-url %s",
		name, r.Issuer, r.ClientID, r.DeploymentID, r.AuthURL, r.TokenURL, r.JWKSURL)
}

func (l *LMS) rotate(w http.ResponseWriter, r *http.Request) {
	l.RotateKeys(true)
	http.Redirect(w, r, l.base.Path+"/admin", http.StatusSeeOther)
}
