package handlers

import (
	"fmt"
	"mime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/web"
)

func TestCSVText(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", `""`},
		{"a name", "Ana Ålund", `"Ana Ålund"`},
		{"a name of two parts", "Anne-Marie +1", `"Anne-Marie +1"`},
		{"a name with quotes", `Ana "Ann" Ålund`, `"Ana ""Ann"" Ålund"`},
		{"a formula", "=1+1", `"'=1+1"`},
		{"a sum", "+1", `"'+1"`},
		{"a difference", "-1", `"'-1"`},
		{"a function of old", "@SUM(A1)", `"'@SUM(A1)"`},
		{"behind a tab", "\t=1", "\"'\t'=1\""},
		{"behind a space", " =1", `" '=1"`},
		{"behind a semicolon", "Ann; =1", `"Ann; '=1"`},
		{"behind a line's end", "Ann\r\n-1", "\"Ann\r'\n'-1\""},
		{"behind a comma", "Ann,=1", `"Ann,'=1"`},
		{"in wide letters", "＝1", `"'＝1"`},
		{"a command", `=cmd|' /C calc'!A0`, `"'=cmd|' /C calc'!A0"`},
		{"a command in the second cell", `x|=cmd`, `"x|'=cmd"`},
		{"no text", "\xff=1", "\"\ufffd=1\""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := csvText(test.text); got != test.want {
				t.Errorf("csvText(%q) = %q, want %q", test.text, got, test.want)
			}
		})
	}
}

// cells reads a line as spreadsheets do: only a cell that begins with a quote
// is quoted, and what stands behind its end belongs to it.
func cells(line string, separator byte) []string {
	cells := []string{""}
	quoted, fresh := false, true
	for i := 0; i < len(line); i++ {
		last := &cells[len(cells)-1]
		switch c := line[i]; {
		case c == '"' && fresh:
			quoted, fresh = true, false
		case c == '"' && quoted && strings.HasPrefix(line[i+1:], `"`):
			*last += `"`
			i++
		case c == '"' && quoted:
			quoted = false
		case c == separator && !quoted:
			cells, fresh = append(cells, ""), true
		default:
			*last, fresh = *last+string(c), false
		}
	}
	return cells
}

// Whatever a person is called, and whatever somebody writes into a field that
// isn't the first, no cell begins with a formula, and by commas the name is
// whole.
func TestRegisterLineReadByOtherSeparators(t *testing.T) {
	from := time.Date(2026, 11, 17, 14, 30, 0, 0, time.UTC)
	r := classroom.Register{Session: attendance.Session{Length: 40 * time.Minute}}
	sheet := sheet{func(id string, data web.Data) string { return id + fmt.Sprint(data["LMS"]) }, ",", ".", ""}
	for _, name := range []string{"Ana", "Ana;=1+1", `Ana";=1+1`, "Ana; @SUM(A1);x", "Ana|=cmd", "=1;=1", `"=1`, "Ana,=1"} {
		line := sheet.row(r, classroom.RegisterRow{
			Person: classroom.Person{Name: name}, Role: "viewer", Graded: true,
			Attendance: attendance.Attendance{Time: 20 * time.Minute},
			Stays:      []attendance.Stay{{From: from, To: from.Add(20 * time.Minute), Source: attendance.Poll}},
			Delivery:   &gradebook.Delivery{State: gradebook.Refused, Reason: "forbidden"},
		})
		for _, read := range []struct{ by, written string }{{";", ","}, {"\t", ","}, {"|", ","}, {",", ";"}, {"\t", ";"}} {
			for _, cell := range cells(strings.Join(line, read.written), read.by[0]) {
				if cell != "" && strings.Contains(formulas, cell[:1]) {
					t.Errorf("%q, written by %q, read by %q, has the cell %q", name, read.written, read.by, cell)
				}
			}
		}
		read := cells(strings.Join(line, ","), ',')
		if len(read) != len(line) || strings.ReplaceAll(read[0], "'", "") != name {
			t.Errorf("%q reads as %q", name, read)
		}
		bare := slices.DeleteFunc(slices.Clone(line), func(field string) bool { return strings.HasPrefix(field, `"`) })
		if diff := cmp.Diff([]string{"20.0", "50.0", "0", "0", "0", "0", ""}, bare); diff != "" {
			t.Errorf("fields without quotes (-want +got):\n%s", diff)
		}
	}
}

// A file's name is one on every system, and says what kind of file it is.
func TestFileName(t *testing.T) {
	for _, test := range []struct{ name, room, want string }{
		{"a room", "Intro to Law", "Register Intro to Law 2026-11-17"},
		{"letters of everybody", "Übung: Größe 方程式", "Register Übung- Größe 方程式 2026-11-17"},
		{"a way out of the folder", `../..\etc/passwd`, "Register -..-etc-passwd 2026-11-17"},
		{"what Windows takes no name of", `a*b?c"d<e>f|g:h`, "Register a-b-c-d-e-f-g-h 2026-11-17"},
		{"lines", "one\r\n\ttwo", "Register one two 2026-11-17"},
		{"a turn of the direction", "law\u202efdp.exe", "Register lawfdp.exe 2026-11-17"},
		{"nothing that is seen", "\u200b \x00", "Register 2026-11-17"},
		{"no text", "a\xffb", "Register ab 2026-11-17"},
		{"very long", strings.Repeat("ö", 300), "Register " + strings.Repeat("ö", 60) + " 2026-11-17"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := fileName("Register", test.room, "2026-11-17")
			if got != test.want {
				t.Errorf("fileName(%q) = %q, want %q", test.room, got, test.want)
			}
			header := attachment(got + ".csv")
			if strings.ContainsFunc(header, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("header %q isn't of ASCII", header)
			}
			kind, values, err := mime.ParseMediaType(header)
			if err != nil || kind != "attachment" || values["filename"] != got+".csv" {
				t.Errorf("header %q is read as %s %q: %v", header, kind, values, err)
			}
		})
	}
}
