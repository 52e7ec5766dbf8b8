package web

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"
)

func namesOf(people []Person) string {
	var names []string
	for _, p := range people {
		names = append(names, strings.Fields(p.Name)[0])
	}
	return strings.Join(names, " ")
}

func TestArrange(t *testing.T) {
	for _, test := range []struct{ name, sort, show, want string }{
		{"by name, as the language orders accents", "", "", "Anna Ben Clara Dien Élodie Émile Farid Grace Hans-Jürgen"},
		{"by name, downwards", "-name", "", "Hans-Jürgen Grace Farid Émile Élodie Dien Clara Ben Anna"},
		{"something unknown", "'; DROP", "nobody", "Anna Ben Clara Dien Élodie Émile Farid Grace Hans-Jürgen"},
		{"longest first", "-time", "", "Anna Ben Grace Émile Élodie Clara Farid Dien Hans-Jürgen"},
		{"by arrival, who didn't come last", "arrival", "", "Anna Élodie Farid Ben Émile Grace Clara Dien Hans-Jürgen"},
		{"what needs the teacher first", "-grade", "", "Clara Ben Émile Élodie Farid Grace Anna Dien Hans-Jürgen"},
		{"by what all classes come to", "result", "", "Hans-Jürgen Dien Farid Clara Élodie Émile Ben Grace Anna"},
		{"by what this class comes to", "here", "", "Hans-Jürgen Dien Farid Clara Élodie Émile Ben Grace Anna"},
		{"most active first, unknown last", "-activity", "", "Émile Ben Clara Anna Dien Élodie Farid Grace Hans-Jürgen"},
		{"absent", "", "absent", "Hans-Jürgen"},
		{"late", "", "late", "Dien"},
		{"left early", "", "early", "Dien Farid"},
		{"not complete, learners only", "", "incomplete", "Dien Hans-Jürgen"},
		{"refused", "", "refused", "Clara"},
		{"missing in the gradebook", "", "missing", "Ben"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := register(9, true)
			r.Sort, r.Show = test.sort, test.show
			if got := namesOf(pages.locales["fr"].arrange(r)); got != test.want {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
			if got := namesOf(r.People); got != namesOf(register(9, true).People) {
				t.Errorf("the register itself was sorted: %s", got)
			}
		})
	}
}

func TestColumn(t *testing.T) {
	for _, test := range []struct{ name, sort, column, url, order string }{
		{"names stand upwards", "", "name", "/s?show=late&sort=-name&v=1", "ascending"},
		{"another click turns back", "-name", "name", "/s?show=late&sort=name&v=1", "descending"},
		{"figures start with the largest", "", "time", "/s?show=late&sort=-time&v=1", ""},
		{"and turn", "-time", "time", "/s?show=late&sort=time&v=1", "descending"},
		{"nonsense is by name", "x", "name", "/s?show=late&sort=-name&v=1", "ascending"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Register{URL: "/s?v=1", Sort: test.sort, Show: onlyLate}.Column(test.column)
			if c.URL != test.url || c.Order != test.order {
				t.Errorf("Column(%s) = %s %q, want %s %q", test.column, c.URL, c.Order, test.url, test.order)
			}
		})
	}
}

// What a bar draws is said in words, too.
func TestStaysInWords(t *testing.T) {
	at := func(m int) time.Time {
		return time.Date(2026, 11, 10, 14, 30, 0, 0, time.UTC).Add(time.Duration(m) * time.Minute)
	}
	for _, test := range []struct {
		name, locale string
		stays        []Stay
		want         string
	}{
		{"one", "en", []Stay{{at(1), at(20), true}}, "there 14:31–14:50"},
		{"two", "en", []Stay{{at(1), at(20), false}, {at(32), at(90), false}}, "there 14:31–14:50 and 15:02–16:00, observed"},
		{"three", "de", []Stay{{at(1), at(2), true}, {at(3), at(4), true}, {at(5), at(6), true}}, "anwesend 14:31–14:32, 14:33–14:34 und 14:35–14:36"},
		{"both kinds", "en", []Stay{{at(1), at(20), true}, {at(32), at(90), false}}, "there 14:31–14:50; there 15:02–16:00, observed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := register(2, true)
			r.People[1].Stays = test.stays
			doc, err := goquery.NewDocumentFromReader(strings.NewReader(render(t, test.locale, r)))
			if err != nil {
				t.Fatal(err)
			}
			words := doc.Find("td.axis").Eq(1).Find(".vh")
			if words.Text() != test.want {
				t.Errorf("the bar of Ben says %q, want %q", words.Text(), test.want)
			}
			if n := words.Find("time[datetime]").Length(); n != 2*len(test.stays) {
				t.Errorf("%d times follow the browser's zone, want %d", n, 2*len(test.stays))
			}
		})
	}
}

// Everybody can sort by everything, and sees by what it is sorted.
func TestSorting(t *testing.T) {
	r := register(9, true)
	r.Sort, r.Show = "arrival", onlyRefused
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(render(t, "en", r)))
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"thead", ".sorting"} {
		var by []string
		doc.Find(where + ` a[href*="sort="]:not(.filters a)`).Each(func(_ int, a *goquery.Selection) { by = append(by, strings.TrimSpace(a.Text())) })
		if got := strings.Join(by, ", "); got != "Name, Arrival ↑, Attended, Activity, This class, Overall, Grade" {
			t.Errorf("%s sorts by %s", where, got)
		}
	}
	if got := strings.Join(strings.Fields(doc.Find(".sorting summary").Text()), " "); got != "Grade refused 1 · Sorted by: Arrival ↑" {
		t.Errorf("what is shown, and how: %q", got)
	}
	if by := doc.Find("th[aria-sort]"); by.Length() != 1 || by.AttrOr("aria-sort", "") != "ascending" || !by.HasClass("axis") {
		t.Errorf("a screen reader hears that %d columns are sorted", by.Length())
	}
}

func TestChips(t *testing.T) {
	r := register(9, true)
	r.Show = onlyLate
	got := map[string]int{}
	for _, c := range r.Chips() {
		got[c.Show] = c.Count
		if c.On != (c.Show == onlyLate) || c.On == strings.Contains(c.URL, "show=") {
			t.Errorf("chip %+v", c)
		}
	}
	if diff := cmp.Diff(map[string]int{"absent": 1, "late": 1, "early": 2, "incomplete": 2, "refused": 1, "missing": 1}, got); diff != "" {
		t.Error(diff)
	}
	if chips := (Register{}).Chips(); len(chips) != 0 {
		t.Errorf("chips that show nobody: %+v", chips)
	}
}

func TestBar(t *testing.T) {
	from := time.Date(2026, 11, 10, 14, 0, 0, 0, time.UTC)
	at := func(m int) time.Time { return from.Add(time.Duration(m) * time.Minute) }
	r := Register{From: from, To: at(100)}
	for _, test := range []struct {
		name  string
		stays []Stay
		want  []span
	}{
		{"all of it", []Stay{{at(0), at(100), true}}, []span{{"0.00%", "100.00%", true}}},
		{"a part", []Stay{{at(25), at(50), false}}, []span{{"25.00%", "25.00%", false}}},
		{"came before and left after", []Stay{{at(-5), at(130), true}}, []span{{"0.00%", "100.00%", true}}},
		{"a moment is seen", []Stay{{at(10), at(10), true}}, []span{{"10.00%", "0.40%", true}}},
		{"a moment at the end stays inside", []Stay{{at(100), at(100), true}}, []span{{"99.60%", "0.40%", true}}},
		{"not there", nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, r.Bar(Person{Stays: test.stays}).Spans); diff != "" {
				t.Error(diff)
			}
		})
	}
	if b := (Register{From: from, To: from}).Bar(Person{Stays: []Stay{{at(0), at(1), true}}}); b.Spans != nil {
		t.Errorf("bar of a class without length: %+v", b)
	}
}

func TestTicks(t *testing.T) {
	nepal := time.FixedZone("+0545", 5*3600+45*60)
	for _, test := range []struct {
		name   string
		from   time.Time
		length time.Duration
		want   string
	}{
		{"a lesson", time.Date(2026, 11, 10, 14, 30, 0, 0, time.UTC), 92 * time.Minute, "14:30 15:00 15:30"},
		{"round in the zone that is shown", time.Date(2026, 11, 10, 14, 10, 0, 0, nepal), 2 * time.Hour, "14:30 15:00 15:30"},
		{"a few minutes", time.Date(2026, 11, 10, 14, 30, 20, 0, time.UTC), 4 * time.Minute, "14:31 14:32 14:33"},
		{"a day", time.Date(2026, 11, 10, 8, 0, 0, 0, time.UTC), 10 * time.Hour, "08:00 10:00 12:00 14:00 16:00"},
		{"none", time.Date(2026, 11, 10, 8, 0, 0, 0, time.UTC), 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, tick := range (Register{From: test.from, To: test.from.Add(test.length)}).Ticks() {
				got = append(got, pages.locales["en"].clockText(tick.At))
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("ticks %v, want %s", got, test.want)
			}
		})
	}
}

// Each row of a register is as wide as its head, whatever the rule asks of a
// class.
func TestRegisterRowsAreWhole(t *testing.T) {
	for _, test := range []struct {
		name   string
		rule   Rule
		needed time.Duration // in this class
		want   int
	}{
		{"nothing is graded", Rule{}, 0, 4},
		{"each class by itself", Rule{Measure: Percent, Need: 60, Points: 10}, 55 * time.Minute, 7},
		{"all classes together", Rule{Measure: Minutes, Need: 300, InTotal: true, Points: 10}, 0, 6},
	} {
		for show, people := range map[string]int{"": 9, "refused": 1, "late": 0} {
			t.Run(test.name+", "+show, func(t *testing.T) {
				r := register(9, true)
				r.Rule, r.NeededHere, r.Show = test.rule, test.needed, show
				if people == 0 {
					r.People = nil
				}
				doc, err := goquery.NewDocumentFromReader(strings.NewReader(render(t, "en", r)))
				if err != nil {
					t.Fatal(err)
				}
				doc.Find("table.register tr").Each(func(i int, row *goquery.Selection) {
					wide := 0
					row.ChildrenFiltered("th, td").Each(func(_ int, cell *goquery.Selection) {
						n, err := strconv.Atoi(cell.AttrOr("colspan", "1"))
						if err != nil {
							t.Error(err)
						}
						wide += n
					})
					if wide != test.want {
						t.Errorf("row %d has %d columns, want %d", i, wide, test.want)
					}
				})
			})
		}
	}
}
