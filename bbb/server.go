package bbb

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// A Server is a BigBlueButton, or a balancer before several.
type Server struct {
	URL             string   // of the API, as ParseURL returns it: ends in /api, no slash behind
	Secret          Secret   // signs our calls and verifies callbacks
	PreviousSecrets []Secret // verify callbacks only, while a secret is being replaced
	Algorithm       Algorithm
}

// Secrets are those that a callback may be signed with, the current one first.
func (s Server) Secrets() []Secret {
	return append([]Secret{s.Secret}, s.PreviousSecrets...)
}

// ParseURL turns what an admin pastes into the address of the API. It takes
// the address with or without /bigbluebutton, /api and slashes behind, and
// with the "URL:" that bbb-conf --secret prints before it. Whether http is
// good enough for this host is the caller's to decide.
func ParseURL(pasted string) (string, error) {
	text := strings.TrimSpace(pasted)
	if len(text) > 4 && strings.EqualFold(text[:4], "url:") {
		text = strings.TrimSpace(text[4:])
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", errors.New("server address: not a URL") // err may hold a password
	case u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("server address: must begin with https://")
	case u.Hostname() == "":
		return "", errors.New("server address: has no host")
	case u.User != nil:
		return "", errors.New("server address: must hold no user name or password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errors.New("server address: must end with the path, without ? or #")
	}
	return fmt.Sprintf("%s://%s%s", u.Scheme, strings.ToLower(u.Host), apiPath(u.EscapedPath())), nil
}

// apiPath completes the path of an API. A path that ends in /api is taken at
// its word; any other leads to bigbluebutton/api, for the keys in the paths of
// plugNmeet and b3scale stand before that.
func apiPath(pasted string) string {
	clean := strings.TrimSuffix(path.Clean("/"+pasted), "/")
	switch path.Base(clean) {
	case "api":
		return clean
	case "bigbluebutton":
		return clean + "/api"
	}
	return clean + "/bigbluebutton/api"
}

// sign returns the query with its checksum, which stands last: plugNmeet finds
// it nowhere else. The result is sent as it is; any change breaks it.
func (s Server) sign(call, query string) string {
	sum := s.Algorithm.sum(call + query + s.Secret.text())
	if query == "" {
		return "checksum=" + sum
	}
	return query + "&checksum=" + sum
}
