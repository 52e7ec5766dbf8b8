package lti

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMoodleRefusesTokens reads how Moodle 4.5.6 refuses registration tokens:
// in plain text, or by a page for an exception. A form that stands open for
// more than an hour ends in the first of them.
func TestMoodleRefusesTokens(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "testdata", "moodle", "dynamic_registration_refusals.json"))
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct {
		Calls []struct {
			Name     string
			Status   int
			Response string
		}
	}
	if err := json.Unmarshal(text, &recorded); err != nil {
		t.Fatal(err)
	}
	type refusal struct{ Name, Code, Words string }
	var got []refusal
	for _, call := range recorded.Calls {
		status := strconv.Itoa(call.Status) + " " + http.StatusText(call.Status)
		words := exchange{}.clean(reasonOf(status, []byte(call.Response)))
		got = append(got, refusal{call.Name, refusedCode(call.Status, words), words})
	}
	want := []refusal{
		{"token too old", CodeRegistrationToken, "Exception - Expired token"},
		{"token of tomorrow", CodeRegistrationRefused, "Exception - Cannot handle token with iat prior to 2026-11-27T21:06:34+0000"},
		{"broken token", CodeRegistrationToken, "Exception - Wrong number of segments"},
		{"token signed by somebody else", CodeRegistrationToken, "Exception - Signature verification failed"},
		{"token of a scope that is none", CodeRegistrationToken, "Incorrect scope"},
		{"update of a tool that is gone", CodeRegistrationRefused, "Unknown client"},
		{"token used before", CodeRegistrationToken, "token_already_used"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestExceptionPages: a page that isn't one, or isn't whole, says nothing.
func TestExceptionPages(t *testing.T) {
	for _, test := range []struct{ name, page, want string }{
		{"an exception", `<html><p class="errormessage">Coding error &amp; more</p>`, "Coding error & more"},
		{"markup in it ends it", `<html><p class="errormessage">One <b>two</b></p>`, "One"},
		{"another page", "<html><h1>It works!</h1></html>", "Not Found"},
		{"empty", `<html><p class="errormessage"> </p>`, "Not Found"},
		{"cut off", `<html><p class="errormessage">Half a`, "Not Found"},
		{"nothing", "", "Not Found"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := reasonOf("404 Not Found", []byte(test.page)); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
