package bbb

import (
	"context"
	"errors"
	"strings"
	"testing"
)

const (
	answerHead = "<response><returncode>SUCCESS</returncode>"
	answerFoot = "</response>"
)

// hostile are answers that would take much of a careless reader, each of size
// bytes or so.
func hostile(size int) map[string]string {
	of := func(piece string) string { return strings.Repeat(piece, size/len(piece)) }
	return map[string]string{
		"text in pieces":             answerHead + "<message>" + of("a<!---->") + "</message>" + answerFoot,
		"elements":                   answerHead + of("<a></a>") + answerFoot,
		"elements without an end":    answerHead + of("<a/>") + answerFoot,
		"attributes of one":          answerHead + "<a " + of(`b="" `) + "/>" + answerFoot,
		"attributes without quotes":  answerHead + "<a " + of("b=c ") + "/>" + answerFoot,
		"attributes without a value": answerHead + "<a " + of("b ") + "/>" + answerFoot,
		"attributes with a >":        answerHead + "<a " + of(`b = ">" `) + "/>" + answerFoot,
		"attributes of many":         answerHead + of(`<a b='' c="" d=""/>`) + answerFoot,
		"depth":                      answerHead + of("<a>"),
		"lists in JSON":              `{"response":{"returncode":"SUCCESS","a":[` + of("[],") + `[]]}}`,
		"names in JSON":              `{"response":{"returncode":"SUCCESS","a":[` + of(`{"a":1},`) + `{}]}}`,
	}
}

// TestHostileAnswers: reading them takes memory in proportion to their size, and
// what would take more is refused.
func TestHostileAnswers(t *testing.T) {
	for name, body := range hostile(4 << 20) {
		t.Run(name, func(t *testing.T) {
			root, err := parseAnswer(t.Context(), []byte(body))
			if name == "text in pieces" {
				if err != nil || len(root.text("message")) < 400_000 {
					t.Errorf("%v", err)
				}
				return
			}
			want := ErrTooLarge
			if name == "depth" {
				want = ErrNotBBB
			}
			if !errors.Is(err, want) {
				t.Errorf("error %v, want %v", err, want)
			}
		})
	}
}

// What is allocated for one of 4 times the size is 4 times as much or so; text
// that is put together piece by piece would take 16 times.
func TestHostileAnswersGrowInProportion(t *testing.T) {
	allocated := func(size int) int64 {
		body := []byte(hostile(size)["text in pieces"])
		return testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := parseAnswer(b.Context(), body); err != nil {
					b.Fatal(err)
				}
			}
		}).AllocedBytesPerOp()
	}
	if small, large := allocated(50<<10), allocated(200<<10); large > 8*small {
		t.Errorf("%d bytes for 50 KB, %d for 200 KB", small, large)
	}
}

// Reading ends when the call's time does.
func TestReadingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range []string{"text in pieces", "elements"} {
		body := []byte(hostile(1 << 20)[name])
		if root, err := parseAnswer(ctx, body); err == nil {
			t.Errorf("%s: read to the end: %v", name, root.name)
		}
	}
}

// An answer as large as they get is read.
func TestLargeAnswer(t *testing.T) {
	meeting := "<meeting>" + strings.Repeat("<field>some text of it</field>", 40) + "</meeting>"
	body := answerHead + "<meetings>" + strings.Repeat(meeting, 4_500) + "</meetings>" + answerFoot
	root, err := parseAnswer(t.Context(), []byte(body))
	if err != nil || len(root.child("meetings").children) != 4_500 {
		t.Errorf("%v", err)
	}
}

func BenchmarkHostileAnswers(b *testing.B) {
	for name, body := range hostile(3 << 20) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = parseAnswer(b.Context(), []byte(body))
			}
		})
	}
}
