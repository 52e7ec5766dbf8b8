package lti

import (
	"errors"
	"net/url"
	"strings"
)

// maxURL is how long a URL in a token may be, in bytes.
const maxURL = 4 << 10

var (
	errNotURL   = errors.New("it isn't an absolute URL")
	errNotHTTPS = errors.New("it isn't https")
	errNotOurs  = errors.New("it isn't an address of ours")
)

// absoluteURL reads an absolute https URL. With insecure, http will do. A host
// with a zone (RFC 6874) is none: it means something on one machine alone, and
// may hold anything, blanks too.
func absoluteURL(s string, insecure bool) (*url.URL, error) {
	if len(s) > maxURL {
		return nil, errNotURL
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || strings.Contains(u.Host, "%") {
		return nil, errNotURL
	}
	if u.Scheme != "https" && (!insecure || u.Scheme != "http") {
		return nil, errNotHTTPS
	}
	return u, nil
}

// ownURL reports what is wrong with s as an address that launches us: our
// root or our launch URL, with any query. D2L sends the root for an item
// without a URL.
func (t *Tool) ownURL(s string) error {
	u, err := absoluteURL(s, t.InsecureLoopback)
	if err != nil {
		return err
	}
	own, err := url.Parse(t.PublicURL)
	if err != nil || origin(u) != origin(own) {
		return errNotOurs
	}
	path, below := strings.CutPrefix(u.Path, own.Path)
	switch path {
	case "", "/", "/lti/launch", "/lti/launch/":
		if below {
			return nil
		}
	}
	return errNotOurs
}

// origin is scheme, host and port of u, the usual ports left out.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}
