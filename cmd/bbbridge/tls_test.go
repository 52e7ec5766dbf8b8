package main

import (
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// newSecureProcess is a process behind a proxy with TLS, as in
// docs/install.md, with an LMS and a BigBlueButton that speak https too.
// roots is the file with the certificate that all of them have.
func newSecureProcess(t *testing.T) (w *world, p *process, roots string) {
	t.Helper()
	w = &world{t: t, clock: &clock{}}
	w.lms = ltitest.Start(t, ltitest.Options{Seed: true, TLS: true})
	w.bbb = bbbtest.Start(t, bbbtest.Options{Now: w.clock.now, TLS: true, CallbackClient: w.lms.Client()})
	p = newProcess(t, hostOf(w.lms.URL()), hostOf(w.bbb.URL()))
	inside, err := url.Parse(p.at)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(inside)
		r.Out.Host = r.In.Host
	}})
	t.Cleanup(proxy.Close)
	p.url = proxy.URL
	roots = filepath.Join(t.TempDir(), "roots.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw})
	if err := os.WriteFile(roots, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	p.env = append(p.env, "BBBRIDGE_PUBLIC_URL="+p.url)
	return w, p, roots
}

// secureBrowser trusts the servers of newSecureProcess.
func (w *world) secureBrowser() *ltitest.Browser {
	b := ltitest.NewBrowser()
	b.Client.Transport = w.lms.Client().Transport
	return b
}

// All the way over https, between processes: browser, LMS, BigBlueButton, and
// the program behind its proxy, which trusts a private authority by
// SSL_CERT_FILE.
func TestHTTPS(t *testing.T) {
	w, p, roots := newSecureProcess(t)
	p.env = append(p.env, "SSL_CERT_FILE="+roots)
	link := w.registered(p)
	if got := p.must("server", "test", "bbb"); !strings.Contains(got, "All is well") {
		t.Errorf("server test: %s", got)
	}
	p.serve()
	w.inClass(w.submit(w.launchIn(w.secureBrowser(), link, "anna", ltitest.LaunchOptions{Framed: true}), "/start"))
	ben := w.secureBrowser()
	w.inClass(w.submit(w.launchIn(ben, link, "ben", ltitest.LaunchOptions{}), "/join"))
	if refused := ben.RefusedCookies(); len(refused) > 0 {
		t.Errorf("cookies that the browser refuses: %q", refused)
	}
	w.clock.advance(40 * time.Minute) // BigBlueButton's clock alone
	w.bbb.EndNow(w.meeting().ID)
	w.clock.advance(10 * time.Second)
	w.callbacks()
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
}

// What is wrong with TLS is told with what to do about it.
func TestServerTestTellsFaultsOfTLS(t *testing.T) {
	w, p, roots := newSecureProcess(t)
	host := hostOf(w.bbb.URL())
	_, port, err := net.SplitHostPort(host)
	if err != nil {
		t.Fatal(err)
	}
	plain := bbbtest.Start(t, bbbtest.Options{})
	p.env = append(p.env, "BBBRIDGE_ALLOW_HOSTS="+strings.Join([]string{host, "localhost:" + port, hostOf(plain.URL())}, ","))
	trusting := append(p.env, "SSL_CERT_FILE="+roots)
	for _, test := range []struct {
		name, url string
		env       []string
		want      []string
	}{
		{"trusted", w.bbb.URL(), trusting, nil},
		{"of another name", "https://localhost:" + port, trusting, []string{"cause: tls_name\n", "for another name"}},
		{"nobody vouches", w.bbb.URL(), p.env, []string{"cause: tls_authority\n", "SSL_CERT_FILE"}},
		{"plain HTTP at the port", "https://" + hostOf(plain.URL()), p.env, []string{"cause: tls_missing\n", "speaks no TLS"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p.env = test.env
			secret := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(secret, []byte(w.bbb.Secret()), 0o600); err != nil {
				t.Fatal(err)
			}
			p.must("server", "add", "--name", test.name, "--url", test.url, "--secret-file", secret)
			got, err := p.command("server", "test", test.name)
			if (err == nil) != (test.want == nil) {
				t.Errorf("%v: %s", err, got)
			}
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("it doesn't say %q: %s", want, got)
				}
			}
		})
	}
}

// At a server on this machine that is known by http:// and wants TLS.
func TestServerTestAtPortOfTLS(t *testing.T) {
	secure := bbbtest.Start(t, bbbtest.Options{TLS: true})
	p := newProcess(t, hostOf(secure.URL()))
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(secure.Secret()), 0o600); err != nil {
		t.Fatal(err)
	}
	p.must("server", "add", "--name", "bbb", "--url", strings.Replace(secure.URL(), "https://", "http://", 1), "--secret-file", secret)
	got, err := p.command("server", "test", "bbb")
	if err == nil || !strings.Contains(got, "cause: tls_expected\nThat port wants TLS: add the server with https://.") {
		t.Errorf("%v: %s", err, got)
	}
}

// Certificates that nobody vouches for are not trusted.
func TestHTTPSUntrusted(t *testing.T) {
	w, p, _ := newSecureProcess(t)
	link := w.registered(p)
	if got, err := p.command("server", "test", "bbb"); err == nil || !strings.Contains(got, "cause: tls_authority\n") {
		t.Errorf("server test: %v %s", err, got)
	}
	p.serve()
	page := w.launchIn(w.secureBrowser(), link, "anna", ltitest.LaunchOptions{})
	if page.Status != http.StatusBadGateway || !strings.Contains(page.Text, "jwks_unavailable") {
		t.Errorf("launch: %d %s", page.Status, page.Text)
	}
}
