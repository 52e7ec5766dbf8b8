package bbb

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretSaysNothing(t *testing.T) {
	server := Server{URL: "https://bbb.example.org/bigbluebutton/api", Secret: "hush-1", PreviousSecrets: []Secret{"hush-2"}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T %v"} {
		if verb == "%T %v" {
			fmt.Fprintf(&out, verb, server, server)
			continue
		}
		fmt.Fprintf(&out, verb+verb+verb+"\n", server.Secret, server, &server)
	}
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "secret", server.Secret, "server", server)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "secret", server.Secret, "server", server)
	asJSON, err := json.Marshal(map[string]any{"server": server, "secret": server.Secret})
	if err != nil {
		t.Fatal(err)
	}
	asXML, err := xml.Marshal(server.Secret)
	if err != nil {
		t.Fatal(err)
	}
	out.WriteString(server.Secret.String() + server.Secret.GoString() + string(asJSON) + string(asXML))
	if strings.Contains(out.String(), "hush") || strings.Contains(out.String(), "68757368") {
		t.Errorf("a secret is in:\n%s", out.String())
	}
	if n := strings.Count(out.String(), redacted); n < 40 {
		t.Errorf("only %d times redacted in:\n%s", n, out.String())
	}
}

func TestParseAlgorithm(t *testing.T) {
	for _, test := range []struct {
		name string
		want Algorithm
		ok   bool
	}{
		{"", SHA256, true},
		{"sha1", SHA1, true},
		{" SHA-256\n", SHA256, true},
		{"Sha384", SHA384, true},
		{"sha-512", SHA512, true},
		{"md5", "", false},
		{"sha", "", false},
	} {
		got, err := ParseAlgorithm(test.name)
		if got != test.want || (err == nil) != test.ok {
			t.Errorf("ParseAlgorithm(%q) = %q, %v, want %q", test.name, got, err, test.want)
		}
	}
}
