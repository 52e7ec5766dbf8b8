package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A container and a script learn from the exit status alone how it goes.
func TestHealth(t *testing.T) {
	p := newProcess(t)
	if got, err := p.command("health"); err == nil || !strings.Contains(got, "no answer") {
		t.Errorf("before it is started: %v %s", err, got)
	}
	p.serve()
	for _, test := range []struct{ flag, want string }{{"", "ready\n"}, {"--alive", "ok\n"}} {
		if got := p.must(strings.Fields("health " + test.flag)...); got != test.want {
			t.Errorf("health %s prints %q, want %q", test.flag, got, test.want)
		}
	}
}

// An answer that is no yes is none, whoever gives it.
func TestHealthSaysNo(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"not ready": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
		},
		"leads somewhere else": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"breaks off":           func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"endless, and no": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			for {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			paths := http.NewServeMux()
			paths.HandleFunc("/readyz", answer)
			other := httptest.NewServer(paths)
			defer other.Close()
			p := newProcess(t)
			// A proxy of the environment is not for this machine's own.
			p.env = append(p.env, "BBBRIDGE_LISTEN="+hostOf(other.URL), "http_proxy=http://192.0.2.1:1")
			if got, err := p.command("health"); err == nil {
				t.Errorf("it exits with 0: %s", got)
			}
		})
	}
}

func TestOwnAddress(t *testing.T) {
	for _, test := range []struct{ name, listen, want string }{
		{"one address", "10.0.0.7:8080", "10.0.0.7:8080"},
		{"a name", "bbbridge.internal:80", "bbbridge.internal:80"},
		{"all of IPv4, as in a container", "0.0.0.0:8080", "127.0.0.1:8080"},
		{"all, unsaid", ":8080", "127.0.0.1:8080"},
		{"all of both", "[::]:8080", "[::1]:8080"},
		{"any free port", "127.0.0.1:0", ""},
		{"no port", "127.0.0.1", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ownAddress(test.listen)
			if got != test.want || (err == nil) != (test.want != "") {
				t.Errorf("ownAddress(%q) = %q, %v, want %q", test.listen, got, err, test.want)
			}
		})
	}
}

func TestSameAddress(t *testing.T) {
	for _, test := range []struct {
		name, at, setting string
		want              bool
	}{
		{"the same", "127.0.0.1:8080", "127.0.0.1:8080", true},
		{"by name", "127.0.0.1:8080", "localhost:8080", true},
		{"all, written differently", "[::]:8080", "0.0.0.0:8080", true},
		{"all, unsaid", "0.0.0.0:8080", ":8080", true},
		{"another port", "127.0.0.1:8080", "127.0.0.1:8081", false},
		{"one and all", "0.0.0.0:8080", "127.0.0.1:8080", false},
		{"all and one", "127.0.0.1:8080", "0.0.0.0:8080", false},
		{"no address", "127.0.0.1:8080", "nonsense", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			at, err := net.ResolveTCPAddr("tcp", test.at)
			if err != nil {
				t.Fatal(err)
			}
			if got := same(at, test.setting); got != test.want {
				t.Errorf("same(%s, %s) = %v", test.at, test.setting, got)
			}
		})
	}
	if same(&net.UnixAddr{Name: "/run/bbbridge.sock"}, "127.0.0.1:8080") {
		t.Error("a socket of a file is at an address")
	}
}
