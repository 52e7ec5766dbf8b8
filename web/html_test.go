package web

import (
	"fmt"
	"maps"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
)

// eachPage runs f for all samples in all languages.
func eachPage(t *testing.T, f func(t *testing.T, source string, doc *goquery.Document)) {
	all := samples()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, locale := range Locales() {
			t.Run(name+"."+locale, func(t *testing.T) {
				source := render(t, locale, all[name])
				doc, err := goquery.NewDocumentFromReader(strings.NewReader(source))
				if err != nil {
					t.Fatal(err)
				}
				f(t, source, doc)
			})
		}
	}
}

var void = map[string]bool{"meta": true, "link": true, "input": true, "br": true, "img": true, "hr": true}

func TestPagesAreBalanced(t *testing.T) {
	eachPage(t, func(t *testing.T, source string, _ *goquery.Document) {
		var open []string
		tokens := html.NewTokenizer(strings.NewReader(source))
		for {
			kind := tokens.Next()
			token := tokens.Token()
			switch {
			case kind == html.ErrorToken:
				if len(open) > 0 {
					t.Errorf("not closed: %v", open)
				}
				return
			case kind == html.StartTagToken && !void[token.Data]:
				open = append(open, token.Data)
			case kind == html.EndTagToken:
				if len(open) == 0 || open[len(open)-1] != token.Data {
					t.Fatalf("</%s> closes %v", token.Data, open)
				}
				open = open[:len(open)-1]
			}
		}
	})
}

func TestPagesObeyThePolicy(t *testing.T) {
	eachPage(t, func(t *testing.T, source string, doc *goquery.Document) {
		doc.Find("style, iframe, object, embed, base").Each(func(_ int, s *goquery.Selection) {
			t.Errorf("<%s> on the page", goquery.NodeName(s))
		})
		doc.Find("script").Each(func(_ int, s *goquery.Selection) {
			if src, _ := s.Attr("src"); !strings.HasPrefix(src, StaticPath) || s.Text() != "" {
				t.Errorf("script that isn't a file of ours: %q %q", src, s.Text())
			}
		})
		for _, node := range doc.Find("*").Nodes {
			for _, a := range node.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("<%s %s=%q>", node.Data, a.Key, a.Val)
				}
				if (a.Key == "src" || a.Key == "href" && node.Data == "link") && !strings.HasPrefix(a.Val, StaticPath) && !strings.HasPrefix(a.Val, "/tenant/") && (node.Data != "img" || !strings.HasPrefix(a.Val, "data:image/png;")) {
					t.Errorf("<%s %s=%q> isn't ours", node.Data, a.Key, a.Val)
				}
			}
		}
		if strings.Contains(source, "ZgotmplZ") {
			t.Error("html/template took something out")
		}
	})
}

func TestPagesAreAccessible(t *testing.T) {
	eachPage(t, func(t *testing.T, _ string, doc *goquery.Document) {
		ids := map[string]int{}
		doc.Find("[id]").Each(func(_ int, s *goquery.Selection) { ids[s.AttrOr("id", "")]++ })
		for id, n := range ids {
			if n > 1 {
				t.Errorf("id %q is there %d times", id, n)
			}
		}
		for _, name := range []string{"aria-labelledby", "aria-describedby", "for"} {
			doc.Find("[" + name + "]").Each(func(_ int, s *goquery.Selection) {
				for _, id := range strings.Fields(s.AttrOr(name, "")) {
					if ids[id] == 0 {
						t.Errorf("%s names %q, which isn't there", name, id)
					}
				}
			})
		}
		doc.Find("input:not([type=hidden]), textarea, select").Each(func(_ int, s *goquery.Selection) {
			if s.AttrOr("aria-label", "") == "" && doc.Find(`label[for="`+s.AttrOr("id", "none")+`"]`).Length() == 0 {
				t.Errorf("field %q has no label", s.AttrOr("name", ""))
			}
		})
		doc.Find("button, a").Each(func(_ int, s *goquery.Selection) {
			if strings.TrimSpace(s.Text()) == "" {
				t.Error("a button or link says nothing")
			}
		})
		if n := doc.Find("h1").Length(); n != 1 {
			t.Errorf("%d headings", n)
		}
		if doc.Find("html[lang]").Length() != 1 || doc.Find("main").Length() != 1 || strings.TrimSpace(doc.Find("title").Text()) == "" {
			t.Error("no language, main part or title")
		}
		if n := doc.Find("button.primary:not([disabled]), a.primary").Length(); n > 1 && doc.Find("main.guide").Length() == 0 {
			t.Errorf("%d primary actions", n)
		}
	})
}

// What couldn't be taken is said on top, where a small screen begins, and the
// cursor stands in the field.
func TestWrongFields(t *testing.T) {
	for field, page := range map[string]any{"percent": settingsPage("percent"), "title": settingsPage("title"), "points": settingsPage("points"), "room": wrongPicker()} {
		doc, err := goquery.NewDocumentFromReader(strings.NewReader(render(t, "en", page)))
		if err != nil {
			t.Fatal(err)
		}
		if got := doc.Find(".notice.needs").Text(); !strings.Contains(got, "Nothing is saved yet.") {
			t.Errorf("%s: the page doesn't say on top that nothing was saved: %q", field, got)
		}
		if focus := doc.Find("[autofocus]"); focus.Length() != 1 || focus.AttrOr("name", "") != field {
			t.Errorf("%s: the cursor stands in %q", field, focus.AttrOr("name", ""))
		}
	}
}

// All that is wrong is told at once, at each field and on top, and the cursor
// stands in the first.
func TestAllWrongFieldsAtOnce(t *testing.T) {
	picked := picker(true)
	picked.Wrong = Wrong{"title", "minutes", "points"}
	for name, test := range map[string]struct {
		page  any
		wrong Wrong
	}{
		"settings": {settingsPage("title", "welcome", "max_participants", "percent", "points"), Wrong{"title", "welcome", "max_participants", "percent", "points"}},
		"picker":   {picked, picked.Wrong},
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := goquery.NewDocumentFromReader(strings.NewReader(render(t, "en", test.page)))
			if err != nil {
				t.Fatal(err)
			}
			top := doc.Find(".wrongs li")
			if top.Length() != len(test.wrong) || !strings.Contains(doc.Find(".wrongs").Text(), fmt.Sprintf("Look at these %d fields", len(test.wrong))) {
				t.Errorf("on top: %s", doc.Find(".wrongs").Text())
			}
			for i, field := range test.wrong {
				message := pages.Text("en", "wrong."+field, nil)
				line := top.Eq(i)
				if href := line.Find("a").AttrOr("href", ""); href != "#f-"+field || !strings.Contains(line.Text(), message) {
					t.Errorf("line %d on top leads to %s and says %q", i, href, line.Text())
				}
				input := doc.Find("#f-" + field)
				if input.AttrOr("aria-invalid", "") != "true" || !strings.Contains(input.AttrOr("aria-describedby", ""), "w-"+field) {
					t.Errorf("%s isn't marked: %v", field, input.Nodes[0].Attr)
				}
				if got := strings.TrimSpace(doc.Find("#w-" + field).Text()); got != message {
					t.Errorf("at %s stands %q, want %q", field, got, message)
				}
			}
			if focus := doc.Find("[autofocus]"); focus.Length() != 1 || focus.AttrOr("name", "") != test.wrong[0] {
				t.Errorf("the cursor stands in %q, of %d", focus.AttrOr("name", ""), focus.Length())
			}
			if _, ok := doc.Find("main form").Attr("novalidate"); !ok {
				t.Error("the browser stops at the first by itself")
			}
		})
	}
}

// Who presses Enter in a dialog that has just opened ends no class.
func TestDialogStartsAtTheSafeButton(t *testing.T) {
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(render(t, "en", teacherRoom(Live, 2))))
	if err != nil {
		t.Fatal(err)
	}
	if first := doc.Find("dialog [autofocus]"); first.Length() != 1 || strings.TrimSpace(first.Text()) != "Go on with class" {
		t.Errorf("the dialog begins at %q", first.Text())
	}
}

// Learners read what they can do; why a platform said no is for the teacher.
func TestLearnersAreNotToldToLookAtRoles(t *testing.T) {
	page := render(t, "en", learnerRoom(Down))
	if strings.Contains(page, "Look at their role") || !strings.Contains(page, "Tell your teacher.") {
		t.Error("a learner is told what a teacher has to do")
	}
}

// Whatever a person, course or platform is called, it stays text.
func TestHostileNames(t *testing.T) {
	const name = `"><script>alert(1)</script><b x='`
	doc := func(page any) *goquery.Document {
		d, err := goquery.NewDocumentFromReader(strings.NewReader(render(t, "en", page)))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	room := teacherRoom(Live, 2)
	room.Title, room.Course, room.Here[0].Name = name, name, name
	room.Join.Ticket = name
	form := settingsPage()
	form.Name, form.Welcome = name, "</textarea>"+name
	reg := register(3, true)
	reg.Title, reg.People[0].Name, reg.Show, reg.Sort = name, name, name, name
	reg.People[2].Grade = &Grade{State: GradeRefused, Detail: name, LMS: name, Reason: name}
	pick := picker(true)
	pick.Course, pick.Name, pick.Rooms[0].Title, pick.Rule.Minutes = name, name, name, name
	for what, page := range map[string]any{
		"teacher": room, "settings": form, "register": reg, "picker": pick,
		"window":  NewWindow{Person: name, URL: "/x", Fields: []Hidden{{name, name}}},
		"problem": Problem{Code: name, Request: name, Quote: name, BackURL: "javascript:alert(1)"},
		"return":  ReturnPage{URL: "javascript:alert(1)", JWT: name},
		"left":    LeftPage{Title: name, CourseURL: `data:text/html,x`},
	} {
		d := doc(page)
		if n := d.Find("main script, b").Length(); n > 0 {
			t.Errorf("%s: %d elements came in", what, n)
		}
		for _, attribute := range []string{"href", "action"} {
			d.Find("[" + attribute + "]").Each(func(_ int, s *goquery.Selection) {
				if u, err := url.Parse(s.AttrOr(attribute, "")); err != nil || u.Scheme != "" && u.Scheme != "https" && u.Scheme != "http" {
					t.Errorf("%s: %s=%q", what, attribute, s.AttrOr(attribute, ""))
				}
			})
		}
		if what != "return" && !strings.Contains(d.Text()+d.Find("input").AttrOr("value", ""), "alert(1)") {
			t.Errorf("%s: the name is lost", what)
		}
	}
}

// tokens are the colours of app.css: light, and dark over light.
func tokens(t *testing.T) (light, dark map[string]string) {
	t.Helper()
	light, dark = map[string]string{}, map[string]string{}
	css := string(pages.assets["app.css"].body)
	first, rest, _ := strings.Cut(css, "@media screen and (prefers-color-scheme: dark)")
	second, _, _ := strings.Cut(rest, "\n}\n")
	colour := regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`)
	for _, c := range colour.FindAllStringSubmatch(first, -1) {
		light[c[1]], dark[c[1]] = c[2], c[2]
	}
	for _, c := range colour.FindAllStringSubmatch(second, -1) {
		dark[c[1]] = c[2]
	}
	return light, dark
}

// luminance is the relative one of WCAG 2.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatalf("colour %q: %v", colour, err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func TestContrast(t *testing.T) {
	light, dark := tokens(t)
	for mode, colours := range map[string]map[string]string{"light": light, "dark": dark} {
		for _, pair := range []struct {
			front, back string
			least       float64
		}{
			{"text", "bg", 4.5}, {"text", "surface", 4.5}, {"muted", "bg", 4.5}, {"muted", "surface", 4.5},
			{"accent", "bg", 4.5}, {"accent", "surface", 4.5}, {"accent-hover", "bg", 4.5}, {"on-accent", "accent", 4.5}, {"on-accent", "accent-hover", 4.5},
			{"live", "bg", 4.5}, {"waiting", "bg", 4.5}, {"needs", "bg", 4.5},
			{"live", "live-surface", 4.5}, {"waiting", "waiting-surface", 4.5}, {"needs", "needs-surface", 4.5},
			{"text", "live-surface", 4.5}, {"text", "needs-surface", 4.5}, {"accent", "needs-surface", 4.5},
			{"edge", "bg", 3}, {"bar", "bg", 3}, {"accent", "bg", 3},
		} {
			front, back := colours[pair.front], colours[pair.back]
			if front == "" || back == "" {
				t.Errorf("%s: no token %s or %s", mode, pair.front, pair.back)
				continue
			}
			a, b := luminance(t, front)+0.05, luminance(t, back)+0.05
			if contrast := max(a, b) / min(a, b); contrast < pair.least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, less than %.1f", mode, pair.front, pair.back, contrast, pair.least)
			}
		}
	}
	if len(dark) != len(light) {
		t.Errorf("%d tokens in dark, %d in light", len(dark), len(light))
	}
}

// Forty classes leave room for what stands below them, and each refused grade
// leads to its register.
func TestManyClasses(t *testing.T) {
	for _, test := range []struct {
		name       string
		page       TeacherRoom
		rows       int
		link, href string
	}{
		{"few", teacherRoom(Waiting, 0), 3, "", ""},
		{"the newest", manyClasses(teacherRoom(Waiting, 0), 8), 8, "All 40 classes", "/rooms/r1?v=v1&classes=all#classes"},
		{"all", manyClasses(teacherRoom(Waiting, 0), 40), 40, "Only the newest classes", "/rooms/r1?v=v1#classes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			doc, err := goquery.NewDocumentFromReader(strings.NewReader(render(t, "en", test.page)))
			if err != nil {
				t.Fatal(err)
			}
			if n := doc.Find(".classes tbody tr").Length(); n != test.rows {
				t.Errorf("%d classes, want %d", n, test.rows)
			}
			link := doc.Find("#classes p > a.link")
			if got := strings.TrimSpace(link.Text()); got != test.link || link.AttrOr("href", "") != test.href {
				t.Errorf("link %q to %q", got, link.AttrOr("href", ""))
			}
		})
	}
}

// A class says what became of its grades: first what needs somebody.
func TestClassGrades(t *testing.T) {
	for _, test := range []struct {
		name   string
		grades *GradeCounts
		change func(*ClassLine)
		want   string
	}{
		{"nothing to send", nil, nil, ""},
		{"nothing at all", &GradeCounts{}, nil, ""},
		{"sent", &GradeCounts{Sent: 3, Seen: 4}, nil, "Grades sent"},
		{"seen, and one by hand", &GradeCounts{Seen: 4, Superseded: 1}, nil, "Grades in the gradebook"},
		{"by hand alone", &GradeCounts{Superseded: 2}, nil, "2 graded by hand"},
		{"on their way", &GradeCounts{Sent: 3, Waiting: 2}, nil, "2 on their way"},
		{"refused", &GradeCounts{Sent: 3, Refused: 1}, nil, "1 refused→refused"},
		{"each kind of trouble", &GradeCounts{Refused: 1, Missing: 2, Waiting: 3}, nil, "1 refused→refused 2 not in the gradebook→missing 3 on their way"},
		{"still live", &GradeCounts{Refused: 1}, func(c *ClassLine) { c.To = time.Time{} }, ""},
		{"being counted", &GradeCounts{Refused: 1}, func(c *ClassLine) { c.Counting = true }, ""},
		{"of another link", &GradeCounts{Refused: 1}, func(c *ClassLine) { c.NotHere = true }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			page := teacherRoom(Waiting, 0)
			page.Classes = page.Classes[:1]
			page.Classes[0].Grades = test.grades
			if test.change != nil {
				test.change(&page.Classes[0])
			}
			doc, err := goquery.NewDocumentFromReader(strings.NewReader(render(t, "en", page)))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			doc.Find(".classes tbody td:last-child .status").Each(func(_ int, s *goquery.Selection) {
				mark := strings.TrimSpace(s.Text())
				if href, ok := s.Closest("a").Attr("href"); ok {
					u, err := url.Parse(href)
					if err != nil || u.Path != "/rooms/r1/sessions/s3" || u.Query().Get("v") != "v1" {
						t.Errorf("%q leads to %s", mark, href)
					}
					mark += "→" + u.Query().Get("show")
				}
				got = append(got, mark)
			})
			if strings.Join(got, " ") != test.want {
				t.Errorf("the line says %q, want %q", got, test.want)
			}
		})
	}
}
