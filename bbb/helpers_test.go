package bbb

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

const testSecret = "0123456789abcdefABCDEF-secret"

// shared reads a file of the repository's testdata.
func shared(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func sharedJSON(t testing.TB, name string, into any) {
	t.Helper()
	if err := json.Unmarshal(shared(t, name), into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// golden compares got with a golden file of this package.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update makes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}

// checksum is the servers' side of the signature, apart from our own code.
func checksum(hash, text string) string {
	switch hash {
	case "sha1":
		sum := sha1.Sum([]byte(text))
		return hex.EncodeToString(sum[:])
	case "sha256":
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	case "sha384":
		sum := sha512.Sum384([]byte(text))
		return hex.EncodeToString(sum[:])
	case "sha512":
		sum := sha512.Sum512([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	return ""
}

// A call is what a test server was asked.
type call struct {
	Method, Name, Query, ContentType, Accept, UserAgent, Body string
}

// server answers every call with one body, and keeps the calls. A call that
// isn't signed as plugNmeet wants it, the strictest of all, fails the test.
func server(t testing.TB, status int, body string, headers ...string) (*Client, *[]call) {
	var calls []call
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/prefix/bigbluebutton/api/")
		sent, _ := io.ReadAll(r.Body)
		calls = append(calls, call{
			r.Method, name, r.URL.RawQuery, r.Header.Get("Content-Type"), r.Header.Get("Accept"), r.UserAgent(), string(sent),
		})
		query, sum, _ := strings.Cut("&"+r.URL.RawQuery, "&checksum=")
		if name != "" && sum != checksum("sha256", name+strings.TrimPrefix(query, "&")+testSecret) {
			t.Errorf("%s?%s: wrong checksum", name, r.URL.RawQuery)
		}
		w.Header().Set("Content-Type", "text/xml")
		for i := 0; i < len(headers); i += 2 {
			if headers[i+1] != "" {
				w.Header().Set(headers[i], headers[i+1])
			}
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return &Client{Server: Server{URL: s.URL + "/prefix/bigbluebutton/api", Secret: testSecret}, UserAgent: "test/1"}, &calls
}

func pointer[T any](v T) *T { return &v }
