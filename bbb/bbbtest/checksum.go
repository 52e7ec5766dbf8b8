package bbbtest

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/url"
	"slices"
	"strings"
	"time"
)

// An algorithm is known by the length of its checksum in hex.
type algorithm struct {
	name string
	new  func() hash.Hash
}

var algorithms = map[int]algorithm{
	40:  {"sha1", sha1.New},
	64:  {"sha256", sha256.New},
	96:  {"sha384", sha512.New384},
	128: {"sha512", sha512.New},
}

// algorithms lists what each kind of server accepts when nobody says.
func (m Mode) algorithms() []string {
	switch m {
	case Scalelite:
		return []string{"sha1", "sha256", "sha512"}
	case B3scale:
		return []string{"sha1", "sha256"}
	}
	return []string{"sha1", "sha256", "sha384", "sha512"}
}

// signed reports whether c's checksum is right. What counts is the raw query
// of the address; a form body is never part of it (but see signedText).
func (s *Server) signed(c *call, secrets []string) bool {
	sum := c.params.first("checksum")
	a, ok := algorithms[len(sum)]
	if !ok || !slices.Contains(s.o.Algorithms, a.name) {
		return false
	}
	if s.o.Mode == Plain {
		sum = strings.ToLower(sum) // the balancers compare exactly
	}
	text := s.signedText(c)
	return slices.ContainsFunc(secrets, func(secret string) bool {
		h := a.new()
		h.Write([]byte(c.name + text + secret))
		return hmac.Equal([]byte(hex.EncodeToString(h.Sum(nil))), []byte(sum))
	})
}

// signedText is the query without the checksum, by removal of the text. The
// releases before 3.0 make a query of the form when the address has none.
func (s *Server) signedText(c *call) string {
	if s.o.Release == "2.5" && c.query == "" && len(c.form) > 0 {
		return formText(c.form)
	}
	sum := c.params.first("checksum")
	text := strings.ReplaceAll(c.query, "&checksum="+sum, "")
	text = strings.ReplaceAll(text, "checksum="+sum+"&", "")
	return strings.ReplaceAll(text, "checksum="+sum, "")
}

// formText writes a form as Java's URLEncoder does, keys in order.
func formText(form params) string {
	escape := strings.NewReplacer("%2A", "*", "~", "%7E")
	var pairs []string
	for name := range form {
		if name != "checksum" {
			pairs = append(pairs, name+"="+escape.Replace(url.QueryEscape(form.first(name))))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// bearer is the token of an analytics callback. It says when it expires and
// nothing else; the secret is used as it stands.
func bearer(secret string, now time.Time) string {
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"typ":"JWT","alg":"HS512"}`)) + "." +
		encode(fmt.Appendf(nil, `{"exp":%d}`, now.Add(24*time.Hour).Unix()))
	h := hmac.New(sha512.New, []byte(secret))
	h.Write([]byte(text))
	return text + "." + encode(h.Sum(nil))
}
