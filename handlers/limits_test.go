package handlers

import (
	"fmt"
	"testing"
)

// Made-up issuers take no more memory than so many, and a real one is limited
// all the same.
func TestIssuersAreBounded(t *testing.T) {
	l := limits{rate: 1}
	for i := range 3 * issuersMost {
		l.allow(fmt.Sprint("https://made-up.example/", i))
		if len(l.of) > issuersMost+1 {
			t.Fatalf("%d issuers are remembered", len(l.of))
		}
	}
	taken := 0
	for range 100 {
		if l.allow("https://lms.example") {
			taken++
		}
	}
	if taken > 5 {
		t.Errorf("%d logins of one issuer were taken in a burst", taken)
	}
}
