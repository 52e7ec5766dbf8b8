package lti

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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

// jsonObject has the members of one object. Absent and null are the same: nil.
type jsonObject map[string]jsonText

// parseJSON checks that text is one JSON value in UTF-8.
func parseJSON(text []byte) (jsonText, error) {
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("%w: not UTF-8", errJSON)
	}
	text = bytes.Trim(text, " \t\r\n")
	s := jsonScanner{text: text}
	if err := s.value(); err != nil {
		return nil, err
	}
	if s.at != len(text) {
		return nil, errJSON
	}
	return jsonText(text), nil
}

// object reads an object. An empty array counts as one: PHP writes empty maps
// that way.
func (v jsonText) object() (jsonObject, error) {
	if len(v) > 0 && v[0] == '[' {
		if list, _ := v.list(); len(list) == 0 {
			return jsonObject{}, nil
		}
	}
	if len(v) == 0 || v[0] != '{' {
		return nil, errShape
	}
	o := make(jsonObject, 16)
	s := jsonScanner{text: v}
	err := s.object(func(name, value []byte) error {
		key := unquote(name)
		if _, twice := o[key]; twice {
			return fmt.Errorf("%w: %.100q", errDuplicate, key)
		}
		if string(value) == "null" {
			value = nil
		}
		o[key] = value
		return nil
	})
	if err != nil {
		return nil, err
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
// database ids as they are.
func (v jsonText) id() (string, bool) {
	if s, ok := v.text(); ok {
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
	var n float64
	if !v.isNumber() || json.Unmarshal(v, &n) != nil {
		return 0, false
	}
	return n, true
}

// texts reads an array of strings, or a string as an array of one. Other
// members are left out.
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
		if text, ok := member.text(); ok {
			texts = append(texts, text)
		}
	}
	return texts, true
}

// unquote reads a valid JSON string.
func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // it is valid
	return s
}
