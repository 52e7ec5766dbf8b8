package handlers

import "testing"

func TestCSVText(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"a name", "Ana Ålund", "Ana Ålund"},
		{"a name of two parts", "Anne-Marie +1", "Anne-Marie +1"},
		{"a formula", "=1+1", "'=1+1"},
		{"a sum", "+1", "'+1"},
		{"a difference", "-1", "'-1"},
		{"a function of old", "@SUM(A1)", "'@SUM(A1)"},
		{"behind a tab", "\t=1", "'\t=1"},
		{"behind a space", " =1", "' =1"},
		{"in wide letters", "＝1", "'＝1"},
		{"a command", `=cmd|' /C calc'!A0`, `'=cmd|' /C calc'!A0`},
		{"no text", "\xff=1", "\xff=1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := csvText(test.text); got != test.want {
				t.Errorf("csvText(%q) = %q, want %q", test.text, got, test.want)
			}
		})
	}
}
