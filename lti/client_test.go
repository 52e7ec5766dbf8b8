package lti

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestPublicAddress(t *testing.T) {
	for address, want := range map[string]bool{
		"93.184.215.14:443": true, "[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:443": true, "172.32.0.1:80": true, "100.128.0.1:80": true, "11.0.0.1:80": true,
		"127.0.0.1:80": false, "127.9.9.9:80": false, "[::1]:80": false, "[::ffff:127.0.0.1]:80": false, "[::127.0.0.1]:80": false,
		"10.0.0.1:80": false, "172.16.0.1:80": false, "172.31.255.255:80": false, "192.168.1.1:80": false, "[fd00::1]:80": false, "[::ffff:10.0.0.1]:80": false,
		"169.254.169.254:80": false, "[fe80::1]:80": false, "[fe80::1%eth0]:80": false,
		"100.64.0.1:80": false, "100.127.255.255:80": false, "224.0.0.1:80": false, "[ff02::1]:80": false, "255.255.255.255:80": false, "240.0.0.1:80": false,
		"0.0.0.0:80": false, "0.1.2.3:80": false, "[::]:80": false, "192.0.2.1:80": false, "198.18.0.1:80": false, "[2001:db8::1]:80": false,
		"[64:ff9b::7f00:1]:80": false, "[64:ff9b::5db8:d70e]:80": true, "[64:ff9b:1::1]:80": false,
		"[2002:a00:1::1]:80": false, "[2002:5db8:d70e::1]:80": true, "[2001:0:1::1]:80": false,
		"[::127.0.0.1%eth0]:80": false, "[64:ff9b::7f00:1%1]:80": false, "[2002:a00:1::1%lo]:80": false, "[fec0::1%eth0]:80": false,
		"[::ffff:10.0.0.1%eth0]:80": false, "[2606:2800:21f:cb07:6820:80da:af6b:8b2c%eth0]:443": false,
		"lms.example:80": false, "": false, "10.9.9.9:80": true, "10.9.9.9:81": false,
	} {
		if err := checkAddress(map[string]bool{"10.9.9.9:80": true}, address); (err == nil) != want {
			t.Errorf("checkAddress(%q) = %v, want it public: %v", address, err, want)
		}
	}
}

// localhostPort is a server's address by name, so that DNS is part of it.
func localhostPort(t *testing.T, server *httptest.Server) string {
	t.Helper()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "localhost:" + port
}

func TestGuardedClient(t *testing.T) {
	agent := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent <- r.Header.Get("User-Agent")
		fmt.Fprint(w, "hello")
	}))
	defer server.Close()
	named, numbered := localhostPort(t, server), server.Listener.Addr().String()
	_, port, _ := strings.Cut(numbered, ":")
	for _, test := range []struct {
		name  string
		allow []string
		host  string
		good  bool
	}{
		{"not allowed", nil, numbered, false},
		{"a name of a loopback address", nil, named, false},
		{"another port allowed", []string{"127.0.0.1:1", "localhost:1"}, named, false},
		{"another host allowed", []string{"lms.example:" + port}, named, false},
		{"allowed", []string{numbered}, numbered, true},
		{"allowed by name", []string{"lms.example:443", " LOCALHOST:" + port}, named, true},
		{"allowed by the address that the name has", []string{numbered}, named, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := GuardedClient("bbbridge/7", test.allow, 0)
			defer client.CloseIdleConnections()
			response, err := client.Get("http://" + test.host)
			if !test.good {
				var refused *AddressError
				if !errors.As(err, &refused) || !strings.HasSuffix(refused.Address, ":"+port) {
					t.Errorf("got %v, want an AddressError", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if body, err := io.ReadAll(response.Body); err != nil || string(body) != "hello" {
				t.Errorf("got %q, %v", body, err)
			}
			if got := <-agent; got != "bbbridge/7" {
				t.Errorf("User-Agent %q", got)
			}
		})
	}
}

// TestGuardedClientLimits: no proxy connects for us, and no call is endless.
func TestGuardedClientLimits(t *testing.T) {
	client := GuardedClient("bbbridge/7", nil, 0)
	if client.Timeout == 0 || client.Timeout.Seconds() > 15 || client.Jar != nil {
		t.Errorf("timeout %v, jar %v", client.Timeout, client.Jar)
	}
	transport := client.Transport.(named).RoundTripper.(*http.Transport)
	if transport.Proxy != nil || transport.TLSHandshakeTimeout == 0 || connectTimeout.Seconds() != 5 {
		t.Error("the transport has a proxy or no limits")
	}
}

// TestGuardedClientUserAgent: whoever sets one keeps it, and the request is
// the caller's.
func TestGuardedClientUserAgent(t *testing.T) {
	var got string
	n := named{roundTrip(func(r *http.Request) (*http.Response, error) {
		got = r.Header.Get("User-Agent")
		return nil, errors.New("no network")
	}), "bbbridge/7"}
	request := httptest.NewRequest(http.MethodGet, "https://lms.example", nil)
	_, _ = n.RoundTrip(request)
	if got != "bbbridge/7" || request.Header.Get("User-Agent") != "" {
		t.Errorf("sent %q, changed the caller's to %q", got, request.Header.Get("User-Agent"))
	}
	request.Header.Set("User-Agent", "other")
	if _, _ = n.RoundTrip(request); got != "other" {
		t.Errorf("sent %q, want other", got)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestRedirects: where a call may be led.
func TestRedirects(t *testing.T) {
	const first = "https://lms.example/a"
	for _, test := range []struct {
		name     string
		method   string
		token    bool
		insecure bool
		from     string
		hops     []string
		good     bool
	}{
		{"same host", "GET", true, false, first, []string{"https://lms.example/b"}, true},
		{"same host, three times", "GET", true, false, first, []string{"https://lms.example/b", "https://lms.example/c", "https://lms.example/d"}, true},
		{"four times", "GET", false, false, first, []string{"https://lms.example/b", "https://lms.example/c", "https://lms.example/d", "https://lms.example/e"}, false},
		{"another host", "GET", false, false, first, []string{"https://other.example/b"}, true},
		{"another host with a token", "GET", true, false, first, []string{"https://other.example/b"}, false},
		{"a subdomain with a token", "GET", true, false, first, []string{"https://sub.lms.example/b"}, false},
		{"another port with a token", "GET", true, false, first, []string{"https://lms.example:8443/b"}, false},
		{"another host with a body", "POST", false, false, first, []string{"https://other.example/b"}, false},
		{"to http", "GET", false, false, first, []string{"http://lms.example/b"}, false},
		{"to http, with insecure", "GET", false, true, first, []string{"http://lms.example/b"}, false},
		{"http stays http, with insecure", "GET", true, true, "http://lms.example/a", []string{"http://lms.example/b"}, true},
		{"http stays http", "GET", false, false, "http://lms.example/a", []string{"http://lms.example/b"}, false},
		{"http to https", "GET", false, true, "http://lms.example/a", []string{"https://lms.example/b"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			hop := 0
			client := careful(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				recorder := httptest.NewRecorder()
				if hop < len(test.hops) {
					recorder.Header().Set("Location", test.hops[hop])
					hop++
					recorder.WriteHeader(http.StatusTemporaryRedirect)
				}
				response := recorder.Result()
				response.Request = r
				return response, nil
			})}, test.insecure)
			request, err := http.NewRequest(test.method, test.from, strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			if test.token {
				request.Header.Set("Authorization", "Bearer secret")
			}
			response, err := client.Do(request)
			if (err == nil) != test.good || err != nil && !errors.Is(err, errRedirect) {
				t.Errorf("got %v, want it followed: %v", err, test.good)
			}
			if err == nil {
				response.Body.Close()
			}
		})
	}
}

// TestRedirectOfAPost: a score that leads to some page hasn't arrived.
func TestRedirectOfAPost(t *testing.T) {
	for _, status := range []int{301, 302, 303} {
		g, s, _ := newGrades(t, fakeAnswer{status: status, header: http.Header{"Location": {"https://m.example/maintenance"}}}, fakeAnswer{status: 200, body: "<html>"})
		if err := g.post(moodleItem, Score{UserID: "5", ScoreMaximum: 1}); !errors.Is(err, errRedirect) || s.count() != 1 {
			t.Errorf("%d: %v after %d requests", status, err, s.count())
		}
	}
	g, s, _ := newGrades(t, fakeAnswer{status: 307, header: http.Header{"Location": {"https://m.example/scores2"}}}, fakeAnswer{status: 200})
	if err := g.post(moodleItem, Score{UserID: "5", ScoreMaximum: 1}); err != nil || s.count() != 2 || s.asked[1].body != s.asked[0].body {
		t.Errorf("307: %v after %d requests", err, s.count())
	}
}

// TestCarefulKeepsNoCookies: a platform can't mark us for later calls.
func TestCarefulKeepsNoCookies(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	sent := ""
	client := &http.Client{Jar: jar, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		sent += r.Header.Get("Cookie")
		recorder := httptest.NewRecorder()
		http.SetCookie(recorder, &http.Cookie{Name: "mark", Value: "1"})
		recorder.Body.WriteString(jwksText(rsaMember("key-1", rsaKeys()[0])))
		return recorder.Result(), nil
	})}
	for range 2 {
		if _, _, err := fetchKeySet(t.Context(), client, "https://lms.example/keys", false); err != nil {
			t.Fatal(err)
		}
	}
	if sent != "" {
		t.Errorf("the second call had the cookie %s", sent)
	}
}

// TestRedirectToPrivateAddress: a platform can't lead us into our own network.
func TestRedirectToPrivateAddress(t *testing.T) {
	inner := httptest.NewTLSServer(http.NotFoundHandler())
	defer inner.Close()
	outer := httptest.NewTLSServer(http.RedirectHandler(inner.URL, http.StatusFound))
	defer outer.Close()
	client := GuardedClient("bbbridge/7", []string{outer.Listener.Addr().String()}, 0)
	transport := client.Transport.(named).RoundTripper.(*http.Transport)
	transport.TLSClientConfig = &tls.Config{RootCAs: outer.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	defer client.CloseIdleConnections()
	_, _, err := fetchKeySet(t.Context(), client, outer.URL, false)
	var refused *AddressError
	if !errors.As(err, &refused) {
		t.Errorf("got %v, want an AddressError", err)
	}
}

func TestOrigin(t *testing.T) {
	for a, b := range map[string]string{
		"https://LMS.example/a": "https://lms.example:443/b", "http://lms.example:80": "http://lms.example",
	} {
		if !sameOrigin(t, a, b) {
			t.Errorf("%s and %s are of one origin", a, b)
		}
	}
	for a, b := range map[string]string{
		"https://lms.example": "http://lms.example", "https://lms.example:8443": "https://lms.example", "http://lms.example:443": "http://lms.example",
	} {
		if sameOrigin(t, a, b) {
			t.Errorf("%s and %s are of two origins", a, b)
		}
	}
}

func sameOrigin(t *testing.T, a, b string) bool {
	t.Helper()
	u, err := url.Parse(a)
	if err != nil {
		t.Fatal(err)
	}
	v, err := url.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return origin(u) == origin(v)
}
