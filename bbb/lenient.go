package bbb

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Values of JSON whose type varies with the version of the server. None of
// them ever fails: what can't be understood is the zero value.
type (
	text    string
	number  float64
	boolean bool
	stamp   time.Time
)

func (t *text) UnmarshalJSON(raw []byte) error {
	*t = text(jsonText(raw))
	return nil
}

// jsonText is a string's content, and any other value's JSON.
func jsonText(raw []byte) string {
	var s string
	switch {
	case string(raw) == "null":
		return ""
	case raw[0] == '"' && json.Unmarshal(raw, &s) == nil:
		return s
	}
	return string(raw)
}

func (n *number) UnmarshalJSON(raw []byte) error {
	f, err := strconv.ParseFloat(strings.TrimSpace(jsonText(raw)), 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > 1e9 {
		f = 0
	}
	*n = number(f)
	return nil
}

func (n number) count() int { return int(n) }

// duration takes n for seconds, of which old versions have fractions.
func (n number) duration() time.Duration {
	return time.Duration(math.Round(float64(n)*1000)) * time.Millisecond
}

func (b *boolean) UnmarshalJSON(raw []byte) error {
	*b = boolean(isTrue(jsonText(raw)))
	return nil
}

// stampLayouts are ISO 8601 with an offset (bbbevents 2.0), and what Ruby
// prints by default (1.2). Parse takes a fraction of the second with each.
var stampLayouts = []string{
	time.RFC3339,
	"2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05 UTC",
	"2006-01-02T15:04:05-0700",
	"2006-01-02 15:04:05-07:00",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05",
}

func (s *stamp) UnmarshalJSON(raw []byte) error {
	*s = stamp(parseStamp(strings.TrimSpace(jsonText(raw))))
	return nil
}

func parseStamp(text string) time.Time {
	if len(text) > 40 {
		return time.Time{}
	}
	for _, layout := range stampLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			return millisTime(at.UnixMilli())
		}
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return millisTime(ms)
	}
	return time.Time{}
}

var (
	capitalsThenWord = regexp.MustCompile(`([A-Z0-9]+)([A-Z][a-z])`)
	smallThenCapital = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	camelCase        = regexp.MustCompile(`[A-Z-]|::`)
)

// underscored does to an id what the server does to all keys of its report:
// CamelCase becomes snake_case, - becomes _, :: becomes /. What was there
// before can't be told from the result, so known ids are compared in this form.
func underscored(id string) string {
	if !camelCase.MatchString(id) {
		return id
	}
	id = strings.ReplaceAll(id, "::", "/")
	id = capitalsThenWord.ReplaceAllString(id, "${1}_${2}")
	id = smallThenCapital.ReplaceAllString(id, "${1}_${2}")
	return strings.ToLower(strings.ReplaceAll(id, "-", "_"))
}
