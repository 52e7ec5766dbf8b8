package bbb

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// lost makes a call whose connection fails as err does.
func lost(err error) *Client {
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, err }
	return &Client{Server: Server{URL: "https://bbb.example.org/bigbluebutton/api", Secret: "hush"}, HTTP: &http.Client{Transport: &http.Transport{DialContext: dial}}}
}

type blockedError struct{}

func (blockedError) Error() string        { return "address 10.0.0.1:443 is not allowed" }
func (blockedError) AddressBlocked() bool { return true }

func TestExplainLostCalls(t *testing.T) {
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	untrusted.StartTLS()
	defer untrusted.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	breaking := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<response>")
			_ = conn.Close()
		}
	}))
	defer breaking.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	_ = closed.Close()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	at := func(address string) *Client { return &Client{Server: Server{URL: address + "/api", Secret: "hush"}} }

	for _, test := range []struct {
		name   string
		ctx    context.Context
		client *Client
		want   Cause
	}{
		{"unknown host", t.Context(), lost(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "bbb.example.org", IsNotFound: true}}), CauseDNS},
		{"resolver too slow", t.Context(), lost(&net.DNSError{Err: "i/o timeout", Name: "bbb.example.org", IsTimeout: true}), CauseTimeout},
		{"connect too slow", t.Context(), lost(&net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}), CauseTimeout},
		{"private address", t.Context(), lost(&net.OpError{Op: "dial", Net: "tcp", Err: blockedError{}}), CauseAddressBlocked},
		{"nobody listens", t.Context(), at("http://" + nobody), CauseRefused},
		{"untrusted certificate", t.Context(), at(untrusted.URL), CauseTLSAuthority},
		{"no TLS there", t.Context(), at("https://" + plain.Listener.Addr().String()), CauseTLSMissing},
		{"TLS there, called without", t.Context(), at("http://" + untrusted.Listener.Addr().String()), CauseTLSExpected},
		{"cut off", t.Context(), at(breaking.URL), CauseBroken},
		{"given up by us", gone, at(plain.URL), CauseCancelled},
		{"something else", t.Context(), lost(errors.New("strange")), CauseUnknown},
		{"no scheme", t.Context(), at("bbb.example.org"), CauseUnknown},
		{"address that is none", t.Context(), at("http://a b"), CauseFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.client.MeetingInfo(test.ctx, "room")
			if got := Explain(err); got != test.want {
				t.Errorf("Explain(%v) = %s, want %s", err, got, test.want)
			}
			for _, word := range []string{"checksum", "meetingID", "hush", "?"} {
				if strings.Contains(err.Error(), word) {
					t.Errorf("error tells %q: %v", word, err)
				}
			}
		})
	}
	if Explain(nil) != "" || Explain(errors.New("x")) != CauseUnknown || Explain(&Error{Status: 503}) != CauseServerError || Explain(&Error{}) != CauseUnknown {
		t.Error("Explain of what isn't a call's error")
	}
}

// Faults of TLS are told apart: what to do differs.
func TestExplainTLS(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		name string
		make func(*x509.Certificate, *tls.Config)
		want Cause
	}{
		{"of another name", func(c *x509.Certificate, _ *tls.Config) { c.IPAddresses, c.DNSNames = nil, []string{"other.example"} }, CauseTLSName},
		{"of no name but an old-fashioned one", func(c *x509.Certificate, _ *tls.Config) { c.IPAddresses, c.Subject.CommonName = nil, "127.0.0.1" }, CauseTLSName},
		{"expired", func(c *x509.Certificate, _ *tls.Config) { c.NotAfter = now.Add(-time.Hour) }, CauseTLSExpired},
		{"not valid yet", func(c *x509.Certificate, _ *tls.Config) { c.NotBefore = now.Add(time.Hour) }, CauseTLSExpired},
		{"for something else than servers", func(c *x509.Certificate, _ *tls.Config) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
		}, CauseTLS},
		{"good, but the server wants one of ours", func(_ *x509.Certificate, o *tls.Config) { o.ClientAuth = tls.RequireAnyClientCert }, CauseTLS},
		{"good, but the server knows only old TLS", func(_ *x509.Certificate, o *tls.Config) {
			o.MinVersion, o.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		}, CauseTLS},
	} {
		t.Run(test.name, func(t *testing.T) {
			public, private, err := ed25519.GenerateKey(nil)
			if err != nil {
				t.Fatal(err)
			}
			template := &x509.Certificate{
				SerialNumber: big.NewInt(1), NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(24 * time.Hour),
				IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			}
			options := &tls.Config{}
			test.make(template, options)
			der, err := x509.CreateCertificate(nil, template, template, public, private)
			if err != nil {
				t.Fatal(err)
			}
			certificate, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			options.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}}
			server := httptest.NewUnstartedServer(http.NotFoundHandler())
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
			server.TLS = options
			server.StartTLS()
			defer server.Close()
			roots := x509.NewCertPool()
			roots.AddCert(certificate) // it is vouched for, so that only the one thing is wrong
			client := &Client{
				Server: Server{URL: "https://" + server.Listener.Addr().String() + "/api", Secret: "hush"},
				HTTP:   &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}},
			}
			_, err = client.MeetingInfo(t.Context(), "room")
			if got := Explain(err); got != test.want {
				t.Errorf("Explain(%v) = %s, want %s", err, got, test.want)
			}
		})
	}
}

// What answers isn't always a web server.
func TestExplainOtherProtocols(t *testing.T) {
	for _, test := range []struct {
		name, scheme, says string
		want               Cause
	}{
		{"SSH where TLS is expected", "https", "SSH-2.0-OpenSSH_10.0\r\n", CauseTLSMissing},
		{"an alert of TLS for an answer", "http", "\x15\x03\x01\x00\x02\x02\x46", CauseTLSExpected},
	} {
		t.Run(test.name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					_, _ = conn.Read(make([]byte, 1024))
					_, _ = io.WriteString(conn, test.says)
					_ = conn.Close()
				}
			}()
			client := &Client{Server: Server{URL: test.scheme + "://" + listener.Addr().String() + "/api", Secret: "hush"}}
			_, err = client.MeetingInfo(t.Context(), "room")
			if got := Explain(err); got != test.want {
				t.Errorf("Explain(%v) = %s, want %s", err, got, test.want)
			}
		})
	}
}

// Whatever a server echoes, neither secret nor signature comes out of an error.
func TestErrorsTellNoSecret(t *testing.T) {
	for _, echo := range []string{
		"<html><title>404 %s</title></html>",
		"no such page: %s",
		"<response><returncode>FAILED</returncode><messageKey>%[1]s</messageKey><message>%[1]s</message></response>",
	} {
		c := &Client{Server: Server{URL: "https://bbb.example.org/bigbluebutton/api", Secret: "hush-hush"}}
		c.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (int, string) {
			u := *r.URL
			text := u.String() + " " + strings.ReplaceAll(u.RequestURI(), "&", "&amp;") + " " + url.QueryEscape(u.RawQuery) + " hush-hush"
			return 404, fmt.Sprintf(echo, text)
		})}
		err := c.End(t.Context(), "room", "modpassword")
		for _, word := range []string{"hush", "modpassword", checksum("sha256", "endmeetingID=room&password=modpasswordhush-hush")} {
			if strings.Contains(err.Error(), word) {
				t.Errorf("error tells %q: %v", word, err)
			}
		}
		if !strings.Contains(err.Error(), "https://bbb.example.org/bigbluebutton/api") {
			t.Errorf("error doesn't tell the server: %v", err)
		}
	}
	long := scrub(strings.Repeat("ü ", 10000), "")
	if n := len([]rune(long)); n != 201 {
		t.Errorf("%d characters", n)
	}
	for n, whole := range map[int]bool{200: true, 201: false} {
		text := strings.Repeat("ü", n)
		if got := scrub(text, ""); (got == text) != whole {
			t.Errorf("of %d characters: %q", n, got)
		}
	}
}
