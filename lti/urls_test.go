package lti

import (
	"errors"
	"strings"
	"testing"
)

func TestAbsoluteURL(t *testing.T) {
	long := "https://lms.example/" + strings.Repeat("x", 4096-len("https://lms.example/"))
	for _, test := range []struct {
		text     string
		insecure bool
		want     error
	}{
		{"https://lms.example", false, nil}, {"https://lms.example:8443/a?b=c#d", false, nil}, {"HTTPS://lms.example/", false, nil},
		{"http://lms.example", false, errNotHTTPS}, {"http://127.0.0.1:8085/a", true, nil}, {"https://lms.example", true, nil},
		{"ftp://lms.example", true, errNotHTTPS}, {"javascript:alert(1)", true, errNotURL}, {"file:///etc/passwd", true, errNotURL},
		{"https:///a", false, errNotURL}, {"https:lms.example", false, errNotURL}, {"//lms.example", false, errNotHTTPS}, {"/a", false, errNotURL},
		{"", false, errNotURL}, {"https://lms.example/%zz", false, errNotURL}, {"https://lms.example:port/", false, errNotURL}, {"https://a@lms.example/", false, errNotURL},
		{"https://[2001:db8::1]:8443/", false, nil}, {"https://[fe80::1%25eth0]/", false, errNotURL}, {"https://[::1%25%20https:%20]/", false, errNotURL},
		{"https://lms%25.example/", false, errNotURL},
		{"https://lms.example/\x00", false, errNotURL}, {long, false, nil}, {long + "x", false, errNotURL},
	} {
		if _, err := absoluteURL(test.text, test.insecure); !errors.Is(err, test.want) {
			t.Errorf("absoluteURL(%.60q, %v) = %v, want %v", test.text, test.insecure, err, test.want)
		}
	}
}

func TestOwnURL(t *testing.T) {
	for _, test := range []struct {
		public, text string
		good         bool
	}{
		{"https://b.example", "https://b.example/lti/launch", true}, {"https://b.example", "https://b.example/lti/launch/?a=b", true},
		{"https://b.example", "https://b.example", true}, {"https://b.example", "https://b.example/", true},
		{"https://b.example", "https://b.example/lti/../lti/launch", false}, {"https://b.example", "https://b.example/lti/launchpad", false},
		{"https://b.example", "https://b.example:8443/lti/launch", false}, {"https://b.example", "https://sub.b.example/lti/launch", false},
		{"https://b.example/bridge", "https://b.example/bridge/lti/launch", true}, {"https://b.example/bridge", "https://b.example/bridge", true},
		{"https://b.example/bridge", "https://b.example/lti/launch", false}, {"https://b.example/bridge", "https://b.example/bridgelti/launch", false},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080/lti/launch", true}, {"http://127.0.0.1:8080", "http://127.0.0.1:8081/lti/launch", false},
		{"http://127.0.0.1:8080", "https://127.0.0.1:8080/lti/launch", false},
	} {
		tool := Tool{PublicURL: test.public, InsecureLoopback: strings.HasPrefix(test.public, "http:")}
		if err := tool.ownURL(test.text); (err == nil) != test.good {
			t.Errorf("ownURL(%q) of %s = %v, want it ours: %v", test.text, test.public, err, test.good)
		}
	}
}

func TestCleanText(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"Ana Ålund", "Ana Ålund"}, {" a ", "a"}, {"a\tb\r\nc", "a b  c"}, {"a\x00\x1bb", "ab"}, {"a\x7fb", "ab"}, {"a\u0085b", "ab"}, {"a\u009bb", "ab"},
		{"\u00a0a\u2003", "a"}, {"àé", "àé"}, {"", ""}, {" ", ""}, {"1234567890", "1234567890"}, {"12345678901", "1234567890"},
		{"éééééééééé", "éééééééééé"}, {"ééééééééééé", "éééééééééé"}, {"123456789 1", "123456789"},
		{"a\u2000", "a"}, {"\u2000a", "a"}, {"a\u3000", "a"}, {"trouv\xe9 ici", "trouv\ufffd ici"}, {"a\xc3", "a\ufffd"},
	} {
		if got := cleanText(test.text, 10); got != test.want {
			t.Errorf("cleanText(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}
