package admin

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pasted is a value without what pasting puts around it and nobody sees:
// blanks of all kinds, line ends, marks of byte order.
func Pasted(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) })
}

// Unseen reports whether a value that must be exact has a character that
// nobody sees, or can't be stored. A blank within is none.
func Unseen(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Unprintable reports whether a name has a control character. It may have
// what scripts need that join letters.
func Unprintable(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl)
}
