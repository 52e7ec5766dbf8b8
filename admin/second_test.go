package admin

import (
	"encoding/base32"
	"fmt"
	"testing"
	"time"
)

// The test vectors of RFC 6238, appendix B, in six digits.
func TestCodesOfTheRFC(t *testing.T) {
	f := SecondFactor{Secret: FactorSecret(base32.StdEncoding.EncodeToString([]byte("12345678901234567890")))}
	for at, code := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		for d, want := range map[int64]bool{-60: false, -30: true, 0: true, 30: true, 60: false} {
			if at+d < 0 {
				continue
			}
			got, ok := f.matchingStep(code, time.Unix(at+d, 0))
			if ok != want || ok && got != at/30 {
				t.Errorf("%s at %d%+d: step %d %v", code, at, d, got, ok)
			}
		}
	}
	for _, code := range []string{"", "28708", "2870822", "28708a", "۲۸۷۰۸۲"} {
		if _, ok := f.matchingStep(code, time.Unix(59, 0)); ok {
			t.Errorf("%q is a code", code)
		}
	}
	if got := fmt.Sprint(f); got != "{[redacted] 0001-01-01 00:00:00 +0000 UTC 0 0}" {
		t.Errorf("printed: %s", got)
	}
}

func TestTypedCode(t *testing.T) {
	for text, want := range map[string]string{
		"123 456": "123456", " q3nn-EHEB xe3f.vvom\n": "Q3NNEHEBXE3FVVOM", "": "", "é1": "1", string(make([]byte, 1000)) + "1": "",
	} {
		if got := typedCode(text); got != want {
			t.Errorf("typedCode(%q) = %q, want %q", text, got, want)
		}
	}
}
