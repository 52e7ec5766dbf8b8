package lti

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// An AddressError says that an outgoing call was to reach an address that it
// must not: a private one, loopback and the like.
type AddressError struct {
	Address string // host:port as connected to
}

func (e *AddressError) Error() string {
	return "address " + e.Address + " is not allowed for outgoing calls"
}

// AddressBlocked tells this error to packages that don't know lti.
func (e *AddressError) AddressBlocked() bool { return true }

const (
	connectTimeout = 5 * time.Second
	totalTimeout   = 15 * time.Second
	maxRedirects   = 3
)

// GuardedClient makes the client for every call to a server that others name:
// platforms, BigBlueButton. It reaches no private, loopback, link-local,
// shared, multicast or reserved address, unless allow has the "host:port"; the
// check is made on the address connected to, after DNS. A call follows 3
// redirects, none of which takes a token or a body to another host. How much
// is read of an answer is up to the caller.
//
// userAgent says who we are. patience is how long a call may take; 0: 15 s.
func GuardedClient(userAgent string, allow []string, patience time.Duration) *http.Client {
	if patience == 0 {
		patience = totalTimeout
	}
	allowed := make(map[string]bool, len(allow))
	for _, hostPort := range allow {
		allowed[strings.ToLower(strings.TrimSpace(hostPort))] = true
	}
	transport := &http.Transport{
		// No proxy: it would connect for us, unchecked.
		DialContext:           guardedDial(allowed),
		ForceAttemptHTTP2:     true,
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: patience,
		MaxIdleConnsPerHost:   8,
		MaxIdleConns:          256,
		IdleConnTimeout:       90 * time.Second,
	}
	return &http.Client{
		Transport:     named{transport, userAgent},
		CheckRedirect: checkRedirect(true),
		Timeout:       patience,
	}
}

func guardedDial(allowed map[string]bool) func(context.Context, string, string) (net.Conn, error) {
	open := net.Dialer{Timeout: connectTimeout}
	guarded := net.Dialer{Timeout: connectTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		return checkAddress(allowed, address)
	}}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if allowed[strings.ToLower(address)] {
			return open.DialContext(ctx, network, address)
		}
		return guarded.DialContext(ctx, network, address)
	}
}

// checkAddress is an AddressError for an IP with a port that isn't public,
// unless it is allowed.
func checkAddress(allowed map[string]bool, address string) error {
	if allowed[address] || publicAddress(address) {
		return nil
	}
	return &AddressError{Address: address}
}

// reserved are networks that no platform is in, beside those that netip tells.
var reserved = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32", "fec0::/10")

// translated are IPv6 networks whose addresses stand for an IPv4 one, which
// begins at this byte.
var translated = map[netip.Prefix]int{
	netip.MustParsePrefix("64:ff9b::/96"): 12, // NAT64
	netip.MustParsePrefix("2002::/16"):    2,  // 6to4
}

func prefixes(texts ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// publicAddress reports whether address, an IP with a port, is one of the
// public internet.
func publicAddress(address string) bool {
	parsed, err := netip.ParseAddrPort(address)
	if err != nil {
		return false
	}
	return publicIP(parsed.Addr().Unmap())
}

// publicIP refuses any zone: it names an interface of this machine, and no
// network contains an address that has one (netip.Prefix).
func publicIP(ip netip.Addr) bool {
	if ip.Zone() != "" || !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, network := range reserved {
		if network.Contains(ip) {
			return false
		}
	}
	for network, at := range translated {
		if b := ip.AsSlice(); network.Contains(ip) && !publicIP(netip.AddrFrom4([4]byte(b[at:at+4]))) {
			return false
		}
	}
	return true
}

// careful is client without cookies and with checkRedirect, whatever it does
// by itself. It doesn't follow where a POST would become a GET either: a page
// that the platform shows instead of taking a score isn't a success.
func careful(client *http.Client, insecure bool) *http.Client {
	c := *client
	check := checkRedirect(insecure)
	c.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if next.Method != via[0].Method {
			return fmt.Errorf("%w: it drops what was posted", errRedirect)
		}
		return check(next, via)
	}
	c.Jar = nil
	return &c
}

var errRedirect = errors.New("refused to follow a redirect")

// checkRedirect follows a few redirects, none from https to http, and none to
// another host that would take a token or a body along. With insecure, a call
// that began with http may stay there.
func checkRedirect(insecure bool) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		first := via[0]
		switch {
		case len(via) > maxRedirects:
			return fmt.Errorf("%w: more than %d", errRedirect, maxRedirects)
		case next.URL.Scheme != "https" && (!insecure || first.URL.Scheme != next.URL.Scheme):
			return fmt.Errorf("%w: it leaves https", errRedirect)
		case origin(next.URL) == origin(first.URL):
			return nil
		case first.Header.Get("Authorization") != "" || next.Method != http.MethodGet && next.Method != http.MethodHead:
			return fmt.Errorf("%w: it leaves the host with a token or a body", errRedirect)
		}
		return nil
	}
}

// named is a transport that says who we are.
type named struct {
	http.RoundTripper
	userAgent string
}

func (n named) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Header.Get("User-Agent") == "" {
		request = request.Clone(request.Context())
		request.Header.Set("User-Agent", n.userAgent)
	}
	return n.RoundTripper.RoundTrip(request)
}

// CloseIdleConnections lets http.Client close them.
func (n named) CloseIdleConnections() {
	if t, ok := n.RoundTripper.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}
