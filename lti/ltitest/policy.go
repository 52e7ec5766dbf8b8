package ltitest

import (
	"net/http"
	"net/url"
	"strings"
)

// directive returns the sources of one directive of the Content-Security-
// Policy headers, for each header that has it.
func directive(h http.Header, name string) [][]string {
	var found [][]string
	for _, header := range h.Values("Content-Security-Policy") {
		for policy := range strings.SplitSeq(header, ",") {
			for part := range strings.SplitSeq(policy, ";") {
				words := strings.Fields(part)
				if len(words) > 0 && strings.EqualFold(words[0], name) {
					found = append(found, words[1:])
					break // a second one in the same policy doesn't count
				}
			}
		}
	}
	return found
}

// permits reports whether every policy has a source that matches u. The page
// that has the policies is at self.
func permits(policies [][]string, u, self *url.URL) bool {
	for _, sources := range policies {
		matched := false
		for _, source := range sources {
			matched = matched || matches(source, u, self)
		}
		if !matched {
			return false
		}
	}
	return true
}

// matches compares one source expression (CSP 3, 6.7.2).
func matches(source string, u, self *url.URL) bool {
	source = strings.ToLower(source)
	switch {
	case source == "'self'":
		return site(u) == site(self)
	case strings.HasPrefix(source, "'"):
		return false
	case source == "*":
		return u.Scheme == "http" || u.Scheme == "https"
	case strings.HasSuffix(source, ":") && !strings.Contains(source, "/"):
		return u.Scheme+":" == source || source == "http:" && u.Scheme == "https"
	}
	scheme, host, ok := strings.Cut(source, "://")
	if !ok {
		scheme, host = self.Scheme, source
	}
	host, path, _ := strings.Cut(host, "/")
	return schemeFits(scheme, u.Scheme) && hostFits(host, u) && (path == "" || strings.HasPrefix(u.Path, "/"+path))
}

func schemeFits(scheme, actual string) bool {
	return scheme == actual || scheme == "http" && actual == "https"
}

func hostFits(host string, u *url.URL) bool {
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		name, port = host[:i], host[i+1:]
	}
	if port != "*" && port != u.Port() && !(port == "" && (u.Port() == "80" || u.Port() == "443")) {
		return false
	}
	actual := u.Hostname()
	if strings.Contains(actual, ":") {
		actual = "[" + actual + "]"
	}
	if suffix, wild := strings.CutPrefix(name, "*"); wild {
		return suffix == "" || strings.HasSuffix(actual, suffix)
	}
	return name == actual
}

// refusesFrame says why an answer may not be shown in a frame of the page at
// top; "" if it may.
func refusesFrame(h http.Header, self, top *url.URL) string {
	policies := directive(h, "frame-ancestors")
	if len(policies) > 0 { // X-Frame-Options is not looked at then
		if !permits(policies, top, self) {
			return "frame-ancestors does not allow " + site(top)
		}
		return ""
	}
	switch strings.ToUpper(h.Get("X-Frame-Options")) {
	case "DENY":
		return "X-Frame-Options is DENY"
	case "SAMEORIGIN":
		if site(self) != site(top) {
			return "X-Frame-Options is SAMEORIGIN"
		}
	}
	return ""
}
