package lti

import (
	"net/url"
	"strings"
)

// nextPage finds the address of the next page in Link headers (RFC 8288).
// Moodle puts typographic quotes around the relation and "&amp;" into the
// address. It is empty if there is none.
func nextPage(headers []string, base *url.URL) string {
	for _, link := range splitLinks(headers) {
		target, parameters, ok := strings.Cut(link, ">")
		if !ok || !isNext(parameters) {
			continue
		}
		next, err := base.Parse(strings.ReplaceAll(strings.TrimSpace(target), "&amp;", "&"))
		if err == nil {
			return next.String()
		}
	}
	return ""
}

// splitLinks cuts the headers into links, each from behind its "<". A comma
// may be part of an address.
func splitLinks(headers []string) []string {
	var links []string
	for _, header := range headers {
		parts := strings.Split(header, "<")
		links = append(links, parts[1:]...)
	}
	return links
}

func isNext(parameters string) bool {
	for parameter := range strings.FieldsFuncSeq(parameters, func(r rune) bool { return r == ';' || r == ',' }) {
		name, value, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "rel") {
			continue
		}
		value = strings.Trim(strings.TrimSpace(value), "\"'“”„‘’")
		for relation := range strings.FieldsSeq(value) {
			if strings.EqualFold(relation, "next") {
				return true
			}
		}
	}
	return false
}

// samePlace is next, unless it is on another origin than base: no token goes
// there.
func samePlace(base *url.URL, next string) (string, error) {
	if next == "" {
		return "", nil
	}
	u, err := url.Parse(next)
	if err != nil || origin(u) != origin(base) {
		return "", errNotOurs
	}
	return next, nil
}

// withQuery adds parameters to an address. Its own ones stay as they stand,
// but for those that the new ones take the place of: some platforms name an
// endpoint by parameters without a value (WordPress).
func withQuery(address string, query url.Values) string {
	if len(query) == 0 {
		return address
	}
	path, own, _ := strings.Cut(address, "?")
	var kept strings.Builder
	for own != "" {
		var parameter string
		parameter, own, _ = strings.Cut(own, "&")
		name, _, _ := strings.Cut(parameter, "=")
		if plain, err := url.QueryUnescape(name); parameter != "" && (err != nil || !query.Has(plain)) {
			kept.WriteString(parameter + "&")
		}
	}
	return path + "?" + kept.String() + query.Encode()
}

// below appends a segment to the path of an address, before its query (AGS
// 2.0, 3.2.4).
func below(address, segment string) string {
	path, query, hasQuery := strings.Cut(address, "?")
	path = strings.TrimSuffix(path, "/") + "/" + segment
	if hasQuery {
		path += "?" + query
	}
	return path
}

// besides resolves an address that a service answered with. A service under
// https doesn't lead to one without.
func besides(service, address string) (string, error) {
	base, err := url.Parse(service)
	if err != nil {
		return address, err
	}
	u, err := base.Parse(address)
	if err != nil {
		return address, err
	}
	if address == "" {
		return address, errNotURL
	}
	if _, err := absoluteURL(u.String(), base.Scheme == "http"); err != nil {
		return address, err
	}
	return u.String(), nil
}
