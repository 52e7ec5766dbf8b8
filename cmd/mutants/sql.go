package main

import (
	"regexp"
	"slices"
	"strings"
)

var (
	sqlWord = regexp.MustCompile(`\b(SELECT|UPDATE|DELETE FROM|INSERT INTO|WHERE|VALUES)\b`)
	sqlEdge = regexp.MustCompile(` [<>]=? `)
	// sqlPart is what a condition may begin after, or end at.
	sqlPart = regexp.MustCompile(`\b[A-Z]+\b|[()` + "`" + `"]`)
)

func isSQL(text string) bool { return sqlWord.MatchString(text) }

// ends are the words that end a condition.
var ends = strings.Fields("AND OR WHERE ORDER GROUP LIMIT RETURNING ON HAVING UNION FOR SET JOIN LEFT THEN WHEN ELSE END")

// conditions are the places of the conditions that WHERE and AND begin, but
// for ranges and for what goes on in another text.
func conditions(text string) [][2]int {
	var found [][2]int
	parts := sqlPart.FindAllStringIndex(text, -1)
	for i, p := range parts {
		word := text[p[0]:p[1]]
		if word != "WHERE" && word != "AND" {
			continue
		}
		if end, ok := endOf(text, parts[i+1:]); ok {
			condition := text[p[1]:end]
			from := p[1] + len(condition) - len(strings.TrimLeft(condition, " \t\n"))
			to := p[1] + len(strings.TrimRight(condition, " \t\n"))
			if from < to && !strings.Contains(condition, "BETWEEN") && !between(text[:p[0]], word) {
				found = append(found, [2]int{from, to})
			}
		}
	}
	return found
}

// endOf is where a condition ends that is followed by parts.
func endOf(text string, parts [][]int) (int, bool) {
	depth := 0
	for _, p := range parts {
		switch part := text[p[0]:p[1]]; {
		case part == "(":
			depth++
		case part == ")" && depth > 0:
			depth--
		case depth > 0 && (part == "`" || part == `"`):
			return 0, false
		case depth == 0 && (strings.Contains(")`\"", part) || slices.Contains(ends, part)):
			return p[0], true
		}
	}
	return 0, false
}

// between reports whether an AND that follows is the one of a range.
func between(text, word string) bool {
	return word == "AND" && strings.LastIndex(text, "BETWEEN") > max(strings.LastIndex(text, "AND"), strings.LastIndex(text, "WHERE"))
}
