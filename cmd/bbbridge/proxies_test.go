//go:build deploy

package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/lti/ltitest"
)

// A front is a reverse proxy, with the file in deploy/ that says how it is set
// up. The file is run as it stands there, but for addresses and certificates.
type front struct {
	file   string
	change []string // texts of the file, each followed by what stands there instead
	around string   // the machine's configuration that takes the file in
	run    []string
}

// In the texts of fronts: where the program and the proxy listen, the port for
// plain HTTP, and the test's folder.
const (
	atProgram, atProxy, plainPort, inFolder = "PROGRAM", "PROXY", "PLAIN", "FOLDER"

	itsName, itsCertificate, itsKey = "classrooms.example.edu", "/etc/ssl/certs/classrooms.example.edu.pem", "/etc/ssl/private/classrooms.example.edu.key"
)

var fronts = map[string]front{
	"nginx": {
		file: "nginx.conf",
		change: []string{
			"    listen [::]:80;\n", "", "    listen [::]:443 ssl;\n", "", // not every machine has IPv6
			"listen 80;", "listen 127.0.0.1:PLAIN;", "listen 443 ssl;", "listen PROXY ssl;", "http://127.0.0.1:8080;", "http://PROGRAM;",
			itsName + ".pem", "", itsName + ".key", "", itsName, "127.0.0.1",
			"/etc/ssl/certs/", "FOLDER/certificate.pem", "/etc/ssl/private/", "FOLDER/key.pem",
		},
		around: `
			user root root;
			pid FOLDER/pid;
			daemon off;
			error_log stderr;
			events {}
			http {
				access_log off;
				client_body_temp_path FOLDER/body;
				proxy_temp_path FOLDER/proxied;
				fastcgi_temp_path FOLDER/fastcgi;
				uwsgi_temp_path FOLDER/uwsgi;
				scgi_temp_path FOLDER/scgi;
				include FOLDER/nginx.conf;
			}`,
		run: []string{"nginx", "-e", "stderr", "-p", inFolder, "-c", inFolder + "/around"},
	},
	"Apache": {
		file: "apache.conf",
		change: []string{
			"*:80>", "127.0.0.1:PLAIN>", "*:443>", "PROXY>", "http://127.0.0.1:8080/", "http://PROGRAM/",
			itsCertificate, "FOLDER/certificate.pem", itsKey, "FOLDER/key.pem", "https://" + itsName + "/", "https://PROXY/", itsName, "127.0.0.1",
		},
		around: `
			ServerRoot FOLDER
			ServerName localhost
			PidFile FOLDER/pid
			ErrorLog /dev/stderr
			DefaultRuntimeDir FOLDER
			Mutex file:FOLDER
			User www-data
			Group www-data
			Listen 127.0.0.1:PLAIN
			Listen PROXY
			LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
			LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
			LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
			LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
			LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
			LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
			LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
			LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
			Include FOLDER/apache.conf`,
		run: []string{"apache2", "-D", "FOREGROUND", "-f", inFolder + "/around"},
	},
	"Caddy": {
		file: "Caddyfile",
		// The name and the program's address are variables of the file.
		change: []string{"edu} {\n", "edu} {\n\ttls FOLDER/certificate.pem FOLDER/key.pem\n"},
		around: `
			{
				admin off
				http_port PLAIN
			}
			import FOLDER/Caddyfile`,
		run: []string{"BBBRIDGE_HOST=https://" + atProxy, "BBBRIDGE_AT=" + atProgram, "HOME=" + inFolder,
			"caddy", "run", "--adapter", "caddyfile", "--config", inFolder + "/around"},
	},
}

// TestProxies puts each proxy that deploy/ has a file for, with TLS, before the
// real program.
func TestProxies(t *testing.T) {
	for name, f := range fronts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, clock: &clock{}}
			w.lms = ltitest.Start(t, ltitest.Options{Seed: true, TLS: true})
			w.bbb = bbbtest.Start(t, bbbtest.Options{Now: w.clock.now, TLS: true, CallbackClient: w.lms.Client()})
			p := newProcess(t, hostOf(w.lms.URL()), hostOf(w.bbb.URL()))
			roots, plain := f.start(t, p)
			p.env = append(p.env, "BBBRIDGE_PUBLIC_URL="+p.url, "SSL_CERT_FILE="+roots)
			link := w.registered(p)
			p.serve()
			w.eventually("the proxy answers", func() bool { return w.status(p.url+"/readyz") == http.StatusOK })
			t.Run("from launch to grade, with a report of 10 MB", func(t *testing.T) { w.gradeBehindProxy(t, p, link) })
			t.Run("who asks", func(t *testing.T) { w.addressBehindProxy(t, p) })
			t.Run("a login with a long address", func(t *testing.T) {
				status, location := w.loginBehindProxy(t, p)
				if status != http.StatusFound && status != http.StatusSeeOther || len(location) < longestHints {
					t.Errorf("status %d, Location has %d bytes", status, len(location))
				}
			})
			t.Run("HTTP leads to HTTPS", func(t *testing.T) {
				res, err := http.DefaultTransport.RoundTrip(httptest.NewRequestWithContext(t.Context(), http.MethodGet, plain+"/rooms/x", http.NoBody))
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				if to := res.Header.Get("Location"); res.StatusCode/100 != 3 || !strings.HasPrefix(to, "https://127.0.0.1") || !strings.HasSuffix(to, "/rooms/x") {
					t.Errorf("%d to %q", res.StatusCode, to)
				}
			})
			t.Run("metrics are for those within", func(t *testing.T) {
				if got := w.status(p.url + "/metrics"); got != http.StatusForbidden {
					t.Errorf("status %d", got)
				}
			})
		})
	}
}

// start runs the proxy before p, and says where its certificate is, and the
// address at which it speaks HTTP.
func (f front) start(t *testing.T, p *process) (roots, plain string) {
	t.Helper()
	folder := t.TempDir()
	roots = certificateIn(t, folder)
	at := freeAddress(t)
	plain = freeAddress(t)
	_, port, _ := net.SplitHostPort(plain)
	p.url = "https://" + at
	fill := strings.NewReplacer(atProgram, hostOf(p.at), atProxy, at, plainPort, port, inFolder, folder).Replace
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", f.file))
	if err != nil {
		t.Fatal(err)
	}
	its := string(text)
	for i := 0; i+1 < len(f.change); i += 2 {
		if !strings.Contains(its, f.change[i]) {
			t.Fatalf("%s has no %q", f.file, f.change[i])
		}
		its = strings.ReplaceAll(its, f.change[i], f.change[i+1])
	}
	for name, text := range map[string]string{f.file: its, "around": f.around} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(fill(text)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	words := []string{"PATH=" + os.Getenv("PATH") + ":/usr/sbin"}
	for _, word := range f.run {
		words = append(words, fill(word))
	}
	var log lockedBuffer
	cmd := exec.Command("env", words...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &log, &log, time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return roots, "http://" + plain
}

// certificateIn writes the certificate and key that all test servers have, and
// returns the certificate's file.
func certificateIn(t *testing.T, folder string) string {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	pair := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate := filepath.Join(folder, "certificate.pem")
	for path, block := range map[string]*pem.Block{
		certificate:                      {Type: "CERTIFICATE", Bytes: pair.Certificate[0]},
		filepath.Join(folder, "key.pem"): {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// status is that of an answer; 0: there is none.
func (w *world) status(address string) int {
	res, err := w.lms.Client().Get(address)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	return res.StatusCode
}

// The longest hints of a login that are taken (docs/conformance.md L3, L7).
const longestLogin, longestMessage, longestHints = 8 << 10, 16 << 10, longestLogin + longestMessage

// loginBehindProxy begins a login of the LMS: the hints come in one address and
// go on in another.
func (w *world) loginBehindProxy(t *testing.T, p *process) (status int, location string) {
	t.Helper()
	r := w.lms.Registration(w.tool)
	ask := url.Values{
		"iss": {r.Issuer}, "client_id": {r.ClientID}, "target_link_uri": {p.url + "/lti/launch"},
		"login_hint": {strings.Repeat("x", longestLogin)}, "lti_message_hint": {strings.Repeat("x", longestMessage)},
	}
	res, err := w.lms.Client().Transport.RoundTrip(httptest.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/lti/login?"+ask.Encode(), http.NoBody))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode, res.Header.Get("Location")
}

// gradeBehindProxy goes all the way from a launch to the grade, with a report
// that is as large as they may be.
func (w *world) gradeBehindProxy(t *testing.T, p *process, link ltitest.Link) {
	w.inClass(w.submit(w.launchIn(w.secureBrowser(), link, "anna", ltitest.LaunchOptions{Framed: true}), "/start"))
	w.inClass(w.submit(w.launchIn(w.secureBrowser(), link, "ben", ltitest.LaunchOptions{}), "/join"))
	w.clock.advance(40 * time.Minute) // BigBlueButton's clock alone
	w.bbb.EndNow(w.meeting().ID)
	w.clock.advance(10 * time.Second)
	body := string(w.bbb.AnalyticsBody(w.meeting().ID))
	whole := strings.Replace(body, "{", "{"+strings.Repeat(" ", 10<<20-len(body)), 1)
	send := func(body, token string) (status int, said string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/bbb/analytics/x", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := w.lms.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(answer)
	}
	for token, want := range map[string]string{"": "no_token", "x": "bad_token"} { // as the documentation has it tried
		if status, said := send("{}", token); status != http.StatusUnauthorized || !strings.Contains(said+p.log.String(), want) {
			t.Errorf("with the token %q: %d %s, want %s", token, status, said, want)
		}
	}
	if status, said := send(whole, w.signedWith(w.bbb.Secret())); status != http.StatusOK {
		t.Fatalf("the report of %d bytes: %d %s", len(whole), status, said)
	}
	w.eventually("Ben has his grade", func() bool { return w.grade(link, "ben") == "10/10" })
}

// addressBehindProxy signs somebody in from an address that isn't the proxy's,
// who claims to have another one.
func (w *world) addressBehindProxy(t *testing.T, p *process) {
	const theirs, claimed = "127.0.0.7", "203.0.113.9"
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(theirs)}}
	transport := w.lms.Client().Transport.(*http.Transport).Clone()
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		return from.DialContext(ctx, network, address)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Transport: transport, Jar: jar}
	ask := func(path string, form url.Values) string {
		t.Helper()
		method, body := http.MethodGet, io.Reader(http.NoBody)
		if form != nil {
			method, body = http.MethodPost, strings.NewReader(form.Encode())
		}
		req, err := http.NewRequestWithContext(t.Context(), method, p.url+path, body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("X-Forwarded-For", claimed)
		res, err := browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %d %v\n%s", method, path, res.StatusCode, err, text)
		}
		return string(text)
	}
	code := regexp.MustCompile(`code=([^&\s]+)`).FindStringSubmatch(p.must("staff", "link"))
	if code == nil {
		t.Fatal("the setup link has no code")
	}
	ask("/admin/setup", url.Values{"code": {code[1]}, "email": {"op@example.edu"}, "password": {"a calm and long one"}})
	if page := ask("/admin/account", nil); !strings.Contains(page, theirs) || strings.Contains(page, claimed) {
		t.Errorf("the page of sign-ins doesn't name %s, or does %s:\n%s", theirs, claimed, page)
	}
}
