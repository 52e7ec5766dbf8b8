package bbb

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const redacted = "[redacted]"

// A Secret is what a server and its clients sign with, or something else that
// lets its holder in. However it is printed, logged or marshalled, it says
// [redacted]; string(s) is the only way to its text.
type Secret string

// Format comes before String and GoString: without it, a verb that doesn't fit
// strings would print the text.
func (Secret) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// text is the secret as the server knows it: pasted blanks and line ends don't
// belong to it.
func (s Secret) text() string { return strings.TrimSpace(string(s)) }

// An Algorithm is the hash of a checksum. Its zero value means SHA256.
type Algorithm string

// The algorithms of BigBlueButton 2.5 and later. Scalelite lacks SHA384,
// b3scale has SHA1 and SHA256, plugNmeet SHA1 alone.
const (
	SHA1   Algorithm = "sha1"
	SHA256 Algorithm = "sha256"
	SHA384 Algorithm = "sha384"
	SHA512 Algorithm = "sha512"
)

// Algorithms are all of them, those first that most servers take.
func Algorithms() []Algorithm { return []Algorithm{SHA256, SHA1, SHA512, SHA384} }

// ParseAlgorithm reads a name such as "sha256" or "SHA-256"; "" is SHA256.
func ParseAlgorithm(name string) (Algorithm, error) {
	plain := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(name), "-", ""))
	switch a := Algorithm(plain); a {
	case "":
		return SHA256, nil
	case SHA1, SHA256, SHA384, SHA512:
		return a, nil
	}
	return "", fmt.Errorf("checksum algorithm %q: must be sha1, sha256, sha384 or sha512", name)
}

// sum is the lowercase hex hash of text: Scalelite, b3scale and plugNmeet
// compare it with its case.
func (a Algorithm) sum(text string) string {
	switch a {
	case SHA1:
		sum := sha1.Sum([]byte(text))
		return hex.EncodeToString(sum[:])
	case SHA384:
		sum := sha512.Sum384([]byte(text))
		return hex.EncodeToString(sum[:])
	case SHA512:
		sum := sha512.Sum512([]byte(text))
		return hex.EncodeToString(sum[:])
	default:
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	}
}
