package bbb

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"hash"
	"strings"
	"testing"
	"time"
)

// token is signed as servers do, apart from our own code.
func token(newHash func() hash.Hash, key, header, payload string) string {
	signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	mac := hmac.New(newHash, []byte(key))
	mac.Write([]byte(signed))
	return "Bearer " + signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// signedOf is a good token of so many bytes.
func signedOf(t *testing.T, size int) string {
	t.Helper()
	for blanks := range 4 { // in base64 not every length is to be had with each header
		for more := size / 2; more < size; more++ {
			header, payload := `{"alg":"HS512"}`+strings.Repeat(" ", blanks), `{"exp":1700086400}`+strings.Repeat(" ", more)
			if base64.RawURLEncoding.EncodedLen(len(header))+base64.RawURLEncoding.EncodedLen(len(payload))+len("..")+86 == size {
				return token(sha512.New, testSecret, header, payload)
			}
		}
	}
	t.Fatalf("no token has %d bytes", size)
	return ""
}

// The token of the API facts, V16, that a server sends until 1700086400.
const v16 = "Bearer eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.eyJleHAiOjE3MDAwODY0MDB9.OD9FTjGAjEEez1QIxYZSb0nYR9jrI8COarGHMD-819PrqZCPWd-9d0n0BewQAnaMlGoK8MPFvsDvG7HbyLVCbw"

func TestVerifyCallback(t *testing.T) {
	now := time.Unix(1700000000, 0)
	const header, payload = `{"typ":"JWT","alg":"HS512"}`, `{"exp":1700086400}`
	ours := []Secret{testSecret}
	for _, test := range []struct {
		name    string
		header  string
		secrets []Secret
		now     time.Time
		want    error
	}{
		{"V16", v16, ours, now, nil},
		{"previous secret, pasted with a line end", v16, []Secret{"new", " " + testSecret + "\n"}, now, nil},
		{"scheme in another case", "bearer  " + strings.TrimPrefix(v16, "Bearer "), ours, now, nil},
		{"expired within the skew", v16, ours, time.Unix(1700086400, 0).Add(5 * time.Minute), nil},
		{"exp with a fraction", token(sha512.New, testSecret, header, `{"exp":1700086400.5}`), ours, now, nil},

		{"no header", "", ours, now, ErrNoToken},
		{"scheme alone", "Bearer ", ours, now, ErrNoToken},
		{"a proxy's own password", "Basic YTpi", ours, now, ErrNoToken},
		{"expired", v16, ours, time.Unix(1700086400, 0).Add(5*time.Minute + time.Second), ErrBadToken},
		{"not yet", token(sha512.New, testSecret, header, `{"exp":1700086400,"nbf":1700000301}`), ours, now, ErrBadToken},
		{"another secret", v16, []Secret{"another"}, now, ErrBadToken},
		{"behind an empty secret", v16, []Secret{"", " ", testSecret}, now, nil},
		{"no secrets", v16, nil, now, ErrBadToken},
		{"empty secret", token(sha512.New, "", header, payload), []Secret{"", " "}, now, ErrBadToken},
		{"changed signature", v16[:len(v16)-3] + "AAA", ours, now, ErrBadToken},
		{"signature that isn't base64", v16 + "!", ours, now, ErrBadToken},
		{"no signature", v16[:strings.LastIndex(v16, ".")+1], ours, now, ErrBadToken},
		{"changed payload", strings.Replace(v16, "eyJleHAiOjE3MDAwODY0MDB9", "eyJleHAiOjk3MDAwODY0MDB9", 1), ours, now, ErrBadToken},
		{"alg none", token(sha512.New, testSecret, `{"alg":"none"}`, payload), ours, now, ErrBadToken},
		{"HS256", token(sha256.New, testSecret, `{"alg":"HS256"}`, payload), ours, now, ErrBadToken},
		{"HS512 signed as HS256", token(sha256.New, testSecret, header, payload), ours, now, ErrBadToken},
		{"critical extension", token(sha512.New, testSecret, `{"alg":"HS512","crit":["b64"]}`, payload), ours, now, ErrBadToken},
		{"no exp", token(sha512.New, testSecret, header, `{}`), ours, now, ErrBadToken},
		{"exp as a text", token(sha512.New, testSecret, header, `{"exp":"1700086400"}`), ours, now, ErrBadToken},
		{"payload no JSON", token(sha512.New, testSecret, header, `x`), ours, now, ErrBadToken},
		{"two parts", "Bearer a.b", ours, now, ErrBadToken},
		{"four parts", v16 + ".x", ours, now, ErrBadToken},
		{"the secret itself", "Bearer " + testSecret, ours, now, ErrBadToken},
		{"as long as it may be", signedOf(t, 8192), ours, now, nil},
		{"huge", signedOf(t, 8193), ours, now, ErrBadToken},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := VerifyCallback(test.header, test.secrets, test.now)
			if !errors.Is(err, test.want) {
				t.Errorf("VerifyCallback = %v, want %v", err, test.want)
			}
		})
	}
}

// A request as BigBlueButton 2.5.14's own script made it.
func TestVerifyRealCallback(t *testing.T) {
	var request struct {
		Headers [][2]string
		Secret  Secret
	}
	sharedJSON(t, "analytics/own-60.request-headers.json", &request)
	for _, h := range request.Headers {
		if h[0] == "Authorization" {
			if err := VerifyCallback(h[1], []Secret{request.Secret}, time.Unix(1795314632, 0)); err != nil {
				t.Error(err)
			}
			return
		}
	}
	t.Error("no Authorization header")
}

func FuzzVerifyCallback(f *testing.F) {
	f.Add(v16)
	f.Add("Bearer a.b.c")
	f.Fuzz(func(t *testing.T, header string) {
		// Nobody without the secret gets past, whatever the token says.
		err := VerifyCallback(header, []Secret{"a secret that no input has signed with"}, time.Unix(1700000000, 0))
		if !errors.Is(err, ErrNoToken) && !errors.Is(err, ErrBadToken) {
			t.Errorf("VerifyCallback(%q) = %v", header, err)
		}
	})
}
