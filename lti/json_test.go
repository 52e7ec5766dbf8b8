package lti

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseJSON(t *testing.T) {
	for _, test := range []struct {
		text string
		good bool
	}{
		{`{}`, true}, {" [1, -2.5e+3 ,\t0.1E-1]\n", true}, {`"a\u00e9\"\\\/\b\f\n\r\t"`, true}, {`null`, true}, {`true`, true}, {`false`, true},
		{`{"a":{"b":[]},"c":""}`, true}, {`-0`, true},
		{``, false}, {`{`, false}, {`{"a"}`, false}, {`{"a":}`, false}, {`{"a":1,}`, false}, {`{,}`, false}, {`[1,]`, false}, {`[1 2]`, false},
		{`{a:1}`, false}, {`01`, false}, {`1.`, false}, {`.5`, false}, {`1e`, false}, {`-`, false}, {`+1`, false}, {`nul`, false}, {`True`, false},
		{`"`, false}, {"\"\n\"", false}, {`"\x"`, false}, {`"\u12g4"`, false}, {`"\u12`, false}, {`{} {}`, false}, {"\"\xff\"", false}, {"\ufeff{}", false},
		{strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth), true},
		{strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1), false},
		{strings.Repeat("[", 100_000), false},
	} {
		if _, err := parseJSON([]byte(test.text)); (err == nil) != test.good {
			t.Errorf("parseJSON(%.60q) = %v, want it good: %v", test.text, err, test.good)
		}
	}
}

func TestObject(t *testing.T) {
	o, err := jsonText(`{ "a" : 1 , "b" : null, "\u0063" : [ 1, 2 ] }`).object()
	if err != nil {
		t.Fatal(err)
	}
	if string(o.at("a")) != "1" || o.at("b") != nil || !o.has("b") || string(o.at("c")) != "[ 1, 2 ]" || o.at("A") != nil || o.has("A") {
		t.Errorf("got %q", o)
	}
	for text, want := range map[string]error{
		`{"a":1,"a":1}`: errDuplicate, `{"a":null,"\u0061":1}`: errDuplicate, `[1]`: errShape, `"a"`: errShape, `7`: errShape, ``: errShape,
		`[]`: nil, `[ ]`: nil, `{}`: nil, manyNames(1000): nil, manyNames(1000) + " ": errJSON,
		strings.Replace(manyNames(1000), "999", "998", 1): errDuplicate,
	} {
		if _, err := jsonText(text).object(); !errors.Is(err, want) {
			t.Errorf("object(%.60s) = %v, want %v", text, err, want)
		}
	}
}

// manyNames is an object with so many members.
func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%d":0`, i)
	}
	return "{" + b.String()[1:] + "}"
}

func TestID(t *testing.T) {
	for text, want := range map[string]string{
		`"a"`: "a", `7`: "7", `9`: "9", `-7`: "-7", `0`: "0", `12345678901234567890`: "12345678901234567890",
		`7.0`: "", `1e3`: "", `true`: "", `{}`: "", ``: "", `[1]`: "", `"a\u0000"`: "",
	} {
		if got, _ := jsonText(text).id(); got != want {
			t.Errorf("id(%s) = %q, want %q", text, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]bool{`1`: true, `-1.5`: true, `1e400`: false, `"1"`: false, ``: false, `null`: false} {
		if _, got := jsonText(text).number(); got != want {
			t.Errorf("number(%s): %v, want %v", text, got, want)
		}
	}
}
