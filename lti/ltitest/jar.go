package ltitest

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// FrameCookies says which cookies a browser lets a tool have in a frame of
// another site.
type FrameCookies int

const (
	// FrameCookiesPartitioned: those with Partitioned, as Chrome does when
	// third-party cookies are blocked.
	FrameCookiesPartitioned FrameCookies = iota
	FrameCookiesAll
	FrameCookiesNone // as Safari before 18.4
)

// A jar keeps cookies for one browser. Hosts count with their port.
type jar struct {
	mu      sync.Mutex
	cookies []jarCookie
	refused []string
}

type jarCookie struct {
	*http.Cookie
	host      string
	partition string // the top-level site, for Partitioned cookies
	expires   time.Time
}

// A cookieContext is what decides about the cookies of one request.
type cookieContext struct {
	url       *url.URL
	top       string // origin of the top-level window
	framed    bool   // in a frame of another site
	crossSite bool   // begun by another site
	safe      bool   // a GET
	policy    FrameCookies
	now       time.Time
}

// site is what cookies count as a site: here, an origin.
func site(u *url.URL) string { return u.Scheme + "://" + u.Host }

// send returns the cookies for a request (RFC 6265bis, 5.8.3).
func (j *jar) send(c cookieContext) []*http.Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	var sent []*http.Cookie
	for _, k := range j.cookies {
		if k.host == c.url.Host && k.alive(c.now) && pathMatches(k.Path, c.url.Path) && k.goesWith(c) {
			sent = append(sent, &http.Cookie{Name: k.Name, Value: k.Value, Quoted: k.Quoted})
		}
	}
	return sent
}

func (k jarCookie) alive(now time.Time) bool { return k.expires.IsZero() || now.Before(k.expires) }

func (k jarCookie) goesWith(c cookieContext) bool {
	switch {
	case k.Secure && !trustworthy(c.url):
		return false
	case k.Partitioned && k.partition != c.top:
		return false
	case c.framed:
		return k.SameSite == http.SameSiteNoneMode && allowedInFrame(k.Cookie, c.policy)
	case !c.crossSite || k.SameSite == http.SameSiteNoneMode:
		return true
	}
	// A cookie without SameSite is Lax.
	return k.SameSite != http.SameSiteStrictMode && c.safe
}

func allowedInFrame(k *http.Cookie, policy FrameCookies) bool {
	return policy == FrameCookiesAll || policy == FrameCookiesPartitioned && k.Partitioned
}

// receive keeps the cookies of an answer that are allowed (RFC 6265bis, 5.7).
func (j *jar) receive(c cookieContext, cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, cookie := range cookies {
		if reason := refuseCookie(cookie, c); reason != "" {
			j.refused = append(j.refused, cookie.Name+": "+reason)
			continue
		}
		j.keep(jarCookie{Cookie: cookie, host: c.url.Host}, c)
	}
}

func refuseCookie(k *http.Cookie, c cookieContext) string {
	host := strings.HasPrefix(k.Name, "__Host-")
	switch {
	case k.Secure && !trustworthy(c.url):
		return "Secure on an insecure address"
	case host && (!k.Secure || k.Path != "/" || k.Domain != ""):
		return "__Host- needs Secure, Path=/ and no Domain"
	case strings.HasPrefix(k.Name, "__Secure-") && !k.Secure:
		return "__Secure- needs Secure"
	case k.SameSite == http.SameSiteNoneMode && !k.Secure:
		return "SameSite=None needs Secure"
	case k.Partitioned && !k.Secure:
		return "Partitioned needs Secure"
	case k.Domain != "" && !domainMatches(k.Domain, c.url.Hostname()):
		return "foreign Domain"
	case c.framed && k.SameSite != http.SameSiteNoneMode:
		return "not SameSite=None in a frame of another site"
	case c.framed && !allowedInFrame(k, c.policy):
		return "blocked in a frame of another site"
	}
	return ""
}

func (j *jar) keep(k jarCookie, c cookieContext) {
	if k.Path == "" || k.Path[0] != '/' {
		k.Path = defaultPath(c.url.Path)
	}
	if k.Partitioned {
		k.partition = c.top
	}
	switch {
	case k.MaxAge != 0:
		k.expires = c.now.Add(time.Duration(k.MaxAge) * time.Second)
	case !k.Expires.IsZero():
		k.expires = k.Expires
	}
	j.cookies = slices.DeleteFunc(j.cookies, func(old jarCookie) bool {
		return old.Name == k.Name && old.host == k.host && old.Path == k.Path && old.partition == k.partition
	})
	if k.alive(c.now) && k.MaxAge >= 0 {
		j.cookies = append(j.cookies, k)
	}
}

// trustworthy reports whether Secure cookies may go there: https, and http on
// loopback, as browsers have it.
func trustworthy(u *url.URL) bool {
	host := u.Hostname()
	ip := net.ParseIP(host)
	return u.Scheme == "https" || host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

func domainMatches(domain, host string) bool {
	domain = strings.TrimPrefix(domain, ".")
	return host == domain || net.ParseIP(host) == nil && strings.HasSuffix(host, "."+domain)
}

func pathMatches(cookie, path string) bool {
	if path == "" {
		path = "/"
	}
	return path == cookie || strings.HasPrefix(path, cookie) && (strings.HasSuffix(cookie, "/") || path[len(cookie)] == '/')
}

func defaultPath(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}
