package handlers

import "testing"

func TestOrigin(t *testing.T) {
	for _, test := range []struct{ name, address, want string }{
		{"a page", "https://lms.example.edu/course/view.php?id=3", "https://lms.example.edu"},
		{"a port", "https://lms.example.edu:8443/", "https://lms.example.edu:8443"},
		{"this machine", "http://127.0.0.1:8081/lms", "http://127.0.0.1:8081"},
		{"a path", "/course", ""},
		{"a script", "javascript:alert(1)", ""},
		{"nothing", "", ""},
		{"a directive behind the host", "https://lms.example.edu;sandbox/", ""},
		{"a second policy", "https://lms.example.edu,default-src/", ""},
		{"everybody", "https://*/", ""},
		{"a whole domain", "https://*.example.edu/", ""},
		{"a keyword", "https://'none'/", ""},
		{"an address of IPv6", "https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443"},
		{"a zone", "https://[fe80::1%25eth0]/", ""},
		{"every https page, behind a zone", "https://[::1%25%20https:%20]/", ""},
		{"everybody, behind a zone", "https://[::1%25%20*]/", ""},
		{"a percent sign", "https://lms%25.example.edu/", ""},
		{"no ASCII", "https://lms\u00a0.example.edu/", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := origin(test.address); got != test.want {
				t.Errorf("origin(%q) = %q, want %q", test.address, got, test.want)
			}
		})
	}
}

func TestHostOf(t *testing.T) {
	for address, want := range map[string]string{
		"https://classrooms.example.edu": "classrooms.example.edu", "https://Classrooms.Example.edu:443": "classrooms.example.edu",
		"https://classrooms.example.edu:8443": "classrooms.example.edu:8443", "http://127.0.0.1:80": "127.0.0.1",
		"http://127.0.0.1:443": "127.0.0.1:443", "http://[::1]:8080": "[::1]:8080",
	} {
		if got := hostOf(address); got != want {
			t.Errorf("hostOf(%q) = %q, want %q", address, got, want)
		}
	}
}
