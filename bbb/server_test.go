package bbb

import (
	"net/url"
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	for _, test := range []struct {
		name, pasted, want string
	}{
		{"what bbb-conf prints", "https://bbb.example.org/bigbluebutton/", "https://bbb.example.org/bigbluebutton/api"},
		{"with its label and blanks", "  URL: https://bbb.example.org/bigbluebutton/\n", "https://bbb.example.org/bigbluebutton/api"},
		{"whole", "https://bbb.example.org/bigbluebutton/api", "https://bbb.example.org/bigbluebutton/api"},
		{"whole, slashes behind", "https://bbb.example.org/bigbluebutton/api//", "https://bbb.example.org/bigbluebutton/api"},
		{"host alone", "https://BBB.example.org", "https://bbb.example.org/bigbluebutton/api"},
		{"port", "http://127.0.0.1:8082/", "http://127.0.0.1:8082/bigbluebutton/api"},
		{"IPv6", "https://[2001:db8::1]:8443/bigbluebutton", "https://[2001:db8::1]:8443/bigbluebutton/api"},
		{"doubled slash", "https://h.example//bigbluebutton//api", "https://h.example/bigbluebutton/api"},
		{"host whose end a careless trim eats", "https://papi.example.org/bigbluebutton/api/", "https://papi.example.org/bigbluebutton/api"},
		{"b3scale", "https://h.example/bbb/moodle1/bigbluebutton/api/", "https://h.example/bbb/moodle1/bigbluebutton/api"},
		{"b3scale, key alone", "https://h.example/bbb/moodle1", "https://h.example/bbb/moodle1/bigbluebutton/api"},
		{"plugNmeet, a key that ends in api", "https://h.example/myapi", "https://h.example/myapi/bigbluebutton/api"},
		{"a path of somebody's own", "https://h.example/conf/api", "https://h.example/conf/api"},
		{"escapes stay", "https://h.example/a%20b/bigbluebutton", "https://h.example/a%20b/bigbluebutton/api"},

		{"no scheme", "bbb.example.org/bigbluebutton", ""},
		{"another scheme", "ftp://bbb.example.org/", ""},
		{"no host", "https:///bigbluebutton", ""},
		{"port without host", "https://:443/", ""},
		{"password", "https://me:hush@bbb.example.org/bigbluebutton", ""},
		{"query", "https://bbb.example.org/bigbluebutton/api/getMeetings?checksum=1", ""},
		{"fragment", "https://bbb.example.org/bigbluebutton#x", ""},
		{"broken", "https://me:hush@bbb example/%zz", ""},
		{"empty", " ", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseURL(test.pasted)
			if got != test.want || (err == nil) != (test.want != "") {
				t.Errorf("ParseURL(%q) = %q, %v, want %q", test.pasted, got, err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Errorf("error tells the password: %v", err)
			}
		})
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("https://bbb.example.org/bigbluebutton/")
	f.Add("URL: http://[::1]:80/a%2Fb/../api/")
	f.Fuzz(func(t *testing.T, pasted string) {
		got, err := ParseURL(pasted)
		if err != nil {
			return
		}
		u, err := url.Parse(got)
		if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || !strings.HasSuffix(got, "/api") {
			t.Errorf("ParseURL(%q) = %q, %v", pasted, got, err)
		}
		if again, err := ParseURL(got); again != got || err != nil {
			t.Errorf("ParseURL(%q) = %q, %v", got, again, err)
		}
	})
}
