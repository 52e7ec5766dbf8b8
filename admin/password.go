package admin

import (
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Cost of a password's hash: what OWASP's cheat sheet on password storage
// gives for argon2id with little memory. At most hashing run at once, so that a
// storm of sign-ins takes no more than that.
const (
	hashMemory  = 19 << 10 // KiB
	hashTime    = 2
	hashThreads = 1
	hashLength  = 32
	saltLength  = 16
	hashing     = 2
)

const (
	passwordLeast = 12  // characters
	passwordMost  = 256 // bytes
)

// common are passwords of twelve characters and more that everybody tries
// first, one a line, in lower case.
//
//go:embed common.txt
var common string

// WrongPassword says why nobody should have that password: "short", "long",
// "common" or empty. There are no rules about signs.
func WrongPassword(password, email string) string {
	lower := strings.ToLower(strings.TrimSpace(password))
	name, _, _ := strings.Cut(strings.ToLower(email), "@")
	switch {
	case utf8.RuneCountInString(password) < passwordLeast:
		return "short"
	case len(password) > passwordMost:
		return "long"
	case strings.Contains("\n"+common, "\n"+lower+"\n"), fewSigns(lower), lower == strings.ToLower(email),
		name != "" && strings.Trim(strings.ReplaceAll(lower, name, ""), "0123456789!") == "":
		return "common"
	}
	return ""
}

// fewSigns reports whether a text is made of one or two characters, or of one
// short piece again and again.
func fewSigns(text string) bool {
	seen := map[rune]bool{}
	for _, r := range text {
		seen[r] = true
	}
	if len(seen) <= 2 {
		return true
	}
	for n := 1; n <= 4; n++ {
		if len(text) > n && strings.Repeat(text[:n], len(text)/n) == text[:len(text)/n*n] && strings.HasPrefix(text[:n], text[len(text)/n*n:]) {
			return true
		}
	}
	return false
}

// hashes has a place for each hash that is being made.
type hashes chan struct{}

func newHashes() hashes { return make(hashes, hashing) }

// of makes a hash with a salt of its own, in PHC's string format.
func (h hashes) of(password string) string {
	salt := make([]byte, saltLength)
	rand.Read(salt)
	sum := h.sum(password, salt, hashTime, hashMemory, hashThreads)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

func (h hashes) sum(password string, salt []byte, passes, memory uint32, threads uint8) []byte {
	h <- struct{}{}
	defer func() { <-h }()
	return argon2.IDKey([]byte(password), salt, passes, memory, threads, hashLength)
}

// matches reports whether hash is the password's. The empty hash, of nobody,
// costs what any other does, and matches nothing.
func (h hashes) matches(hash, password string) bool {
	var version int
	var memory, passes uint32
	var threads uint8
	parts := strings.Split(hash, "$")
	if len(parts) == 6 {
		_, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &threads)
		salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
		want, wantErr := base64.RawStdEncoding.DecodeString(parts[5])
		if err == nil && saltErr == nil && wantErr == nil && version == argon2.Version && parts[1] == "argon2id" {
			return subtle.ConstantTimeCompare(h.sum(password, salt, passes, memory, threads), want) == 1
		}
	}
	h.sum(password, make([]byte, saltLength), hashTime, hashMemory, hashThreads)
	return false
}
