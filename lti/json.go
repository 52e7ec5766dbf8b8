package lti

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Tokens and answers are read with a parser of our own, for three reasons:
// encoding/json takes the last of two equal names in silence, takes "ISS" for
// "iss", and costs more than the rest of a launch but its signature.

var (
	errJSON      = errors.New("not valid JSON")
	errDuplicate = errors.New("a name occurs twice in one object")
	errShape     = errors.New("another JSON type was expected")
)

// maxDepth is how deep values may be nested.
const maxDepth = 64

// jsonText is one JSON value as it came, known to be valid; nil is absent.
type jsonText []byte

// A jsonObject has the members of one object, in their order.
type jsonObject []jsonMember

type jsonMember struct {
	name  []byte   // without quotes and escapes
	value jsonText // nil for null
}

// at is the value of a member. Absent and null are the same: nil.
func (o jsonObject) at(name string) jsonText {
	for i := range o {
		if string(o[i].name) == name {
			return o[i].value
		}
	}
	return nil
}

func (o jsonObject) has(name string) bool {
	return slices.ContainsFunc(o, func(m jsonMember) bool { return string(m.name) == name })
}

// manyMembers is from when on a map finds duplicates faster.
const manyMembers = 64

// duplicate is a name that occurs twice.
func (o jsonObject) duplicate() (name []byte, twice bool) {
	if len(o) < manyMembers {
		for i := range o {
			for j := range i {
				if bytes.Equal(o[i].name, o[j].name) {
					return o[i].name, true
				}
			}
		}
		return nil, false
	}
	seen := make(map[string]bool, len(o))
	for i := range o {
		if seen[string(o[i].name)] {
			return o[i].name, true
		}
		seen[string(o[i].name)] = true
	}
	return nil, false
}

// parseJSON checks that text is one JSON value in UTF-8.
func parseJSON(text []byte) (jsonText, error) {
	value, err := trimJSON(text)
	if err != nil {
		return nil, err
	}
	s := jsonScanner{text: value}
	if err := s.value(); err != nil {
		return nil, err
	}
	if s.at != len(value) {
		return nil, errJSON
	}
	return value, nil
}

// parseJSONObject reads text as one object, in one go, that may have about so
// many members.
func parseJSONObject(text []byte, about int) (jsonObject, error) {
	value, err := trimJSON(text)
	if err != nil {
		return nil, err
	}
	return value.members(about)
}

func trimJSON(text []byte) (jsonText, error) {
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("%w: not UTF-8", errJSON)
	}
	return bytes.Trim(text, " \t\r\n"), nil
}

// object reads an object. An empty array counts as one: PHP writes empty maps
// that way.
func (v jsonText) object() (jsonObject, error) {
	if len(v) > 0 && v[0] == '[' {
		if list, _ := v.list(); len(list) == 0 {
			return jsonObject{}, nil
		}
	}
	return v.members(8)
}

// members reads an object that may have about so many.
func (v jsonText) members(about int) (jsonObject, error) {
	if len(v) == 0 || v[0] != '{' {
		return nil, errShape
	}
	o := make(jsonObject, 0, about)
	s := jsonScanner{text: v}
	err := s.object(func(name, value []byte) {
		if value[0] == 'n' {
			value = nil
		}
		o = append(o, jsonMember{unquoted(name), value})
	})
	if err != nil {
		return nil, err
	}
	if s.at != len(v) {
		return nil, errJSON
	}
	if name, twice := o.duplicate(); twice {
		return nil, fmt.Errorf("%w: %.100q", errDuplicate, name)
	}
	return o, nil
}

// list reads an array.
func (v jsonText) list() ([]jsonText, bool) {
	if len(v) == 0 || v[0] != '[' {
		return nil, false
	}
	list := []jsonText{}
	s := jsonScanner{text: v}
	_ = s.array(func(value []byte) { list = append(list, value) }) // v is valid
	return list, true
}

// text reads a string.
func (v jsonText) text() (string, bool) {
	if len(v) == 0 || v[0] != '"' {
		return "", false
	}
	return unquote(v), true
}

// id reads a string, or a whole number as its digits: some platforms send
// database ids as they are. No id has a NUL, which PostgreSQL doesn't take.
func (v jsonText) id() (string, bool) {
	if s, ok := v.text(); ok {
		if hasNUL(s) {
			return "", false
		}
		return s, true
	}
	if len(v) == 0 || bytes.ContainsAny(v, ".eE") || !v.isNumber() {
		return "", false
	}
	return string(v), true
}

func (v jsonText) isNumber() bool {
	return len(v) > 0 && (v[0] == '-' || v[0] >= '0' && v[0] <= '9')
}

// number reads a number.
func (v jsonText) number() (float64, bool) {
	if !v.isNumber() {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(v), 64)
	return n, err == nil
}

func hasNUL(s string) bool { return strings.IndexByte(s, 0) >= 0 }

// texts reads an array of strings, or a string as an array of one. Other
// members, and what has a NUL, are left out.
func (v jsonText) texts() ([]string, bool) {
	if one, ok := v.text(); ok {
		return []string{one}, true
	}
	list, ok := v.list()
	if !ok {
		return nil, false
	}
	texts := make([]string, 0, len(list))
	for _, member := range list {
		if text, ok := member.text(); ok && !hasNUL(text) {
			texts = append(texts, text)
		}
	}
	return texts, true
}

// unquote reads a valid JSON string.
func unquote(quoted []byte) string { return string(unquoted(quoted)) }

// unquoted is unquote without a copy, where there are no escapes.
func unquoted(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // it is valid
	return []byte(s)
}
