package bbb

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// A query is a raw query in the making. All of a call's parameters go through
// its one encoder (space is +), so what is hashed is what is sent.
type query struct {
	raw []byte
}

func (q *query) add(name, value string) {
	if len(q.raw) > 0 {
		q.raw = append(q.raw, '&')
	}
	q.raw = append(q.raw, url.QueryEscape(name)...)
	q.raw = append(q.raw, '=')
	q.raw = append(q.raw, url.QueryEscape(value)...)
}

// The following add nothing for a value that isn't set, so that the server's
// own setting counts.

func (q *query) text(name, value string) {
	if value != "" {
		q.add(name, value)
	}
}

func (q *query) flag(name string, value *bool) {
	if value != nil {
		q.add(name, strconv.FormatBool(*value))
	}
}

func (q *query) number(name string, value int64) {
	if value > 0 {
		q.add(name, strconv.FormatInt(value, 10))
	}
}

// minutes rounds up, never to 0: BigBlueButton 3.0 takes 0 for "at once" where
// its documentation says "never".
func (q *query) minutes(name string, value time.Duration) {
	q.number(name, int64((value+time.Minute-1)/time.Minute))
}

func (q *query) list(name string, values []string) {
	q.text(name, strings.Join(values, ","))
}

// metadataName is what BigBlueButton keeps; it drops other names without a
// word, among them all that have an underscore.
var metadataName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]*$`)

// metadata adds meta_ parameters in the order of their names.
func (q *query) metadata(values map[string]string) error {
	seen := make(map[string]bool, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		lower := strings.ToLower(name) // as the server will call it
		if !metadataName.MatchString(name) || seen[lower] {
			return fmt.Errorf("metadata name %q: %w", name, ErrInvalid)
		}
		seen[lower] = true
		q.add("meta_"+name, values[name])
	}
	return nil
}

// extra adds parameters that have no field, unless they have one after all.
func (q *query) extra(values url.Values) error {
	known, _ := url.ParseQuery(q.String()) // our own encoding can be read
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if name == "" || name == "checksum" || known.Has(name) {
			return fmt.Errorf("extra parameter %q: %w", name, ErrInvalid)
		}
		for _, value := range values[name] {
			q.add(name, value)
		}
	}
	return nil
}

func (q *query) String() string { return string(q.raw) }

// cleanName makes a name of a person or meeting fit for the API: no control
// characters, which the server would strip, and at most 64 characters.
func cleanName(name string) string {
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, name))
	if runes := []rune(name); len(runes) > 64 {
		return strings.TrimSpace(string(runes[:63])) + "…"
	}
	return name
}

// checkIDs refuses what the server would take for no id or for several.
func checkIDs(ids ...string) error {
	for _, id := range ids {
		if len(id) < 2 || len(id) > 256 || strings.Contains(id, ",") {
			return fmt.Errorf("id %q: %w", id, ErrInvalid)
		}
	}
	return nil
}
