package lti

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"
)

const (
	stateLife  = 10 * time.Minute // the platform may ask the person to sign in
	windowLife = 5 * time.Minute
	maxState   = 2048

	cookiePrefix = "__Host-lti_"
)

// base64URL writes what Moodle leaves as it is: it strips tags from state and
// nonce.
var base64URL = base64.RawURLEncoding.Strict()

// A digest stands for a value in the state without telling it.
type digest [16]byte

func digestOf(s string) digest {
	sum := sha256.Sum256([]byte(s))
	return digest(sum[:16])
}

// is compares in constant time.
func (d digest) is(s string) bool {
	other := digestOf(s)
	return hmac.Equal(d[:], other[:])
}

// A loginState is what has to be remembered between login and launch. It
// travels in the state parameter, authenticated with the tool's StateKey, so
// that nothing is stored at login.
type loginState struct {
	Created       time.Time // in whole seconds
	ID            [6]byte   // names the cookie: two tabs may launch at once
	Nonce         digest
	Binding       digest // of the cookie's value
	Target        digest // of the login's target_link_uri
	HasDeployment bool
	Deployment    digest // of lti_deployment_id
	Registration  string // id
	StorageTarget string
}

func (s loginState) cookieName() string { return cookiePrefix + base64URL.EncodeToString(s.ID[:]) }

// seal writes s as a state parameter.
func (s loginState) seal(key []byte) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(s.Created.Unix()))
	b = append(b, s.ID[:]...)
	b = append(b, s.Nonce[:]...)
	b = append(b, s.Binding[:]...)
	b = append(b, s.Target[:]...)
	if s.HasDeployment {
		b = append(append(b, 1), s.Deployment[:]...)
	} else {
		b = append(b, 0)
	}
	b = append(append(b, byte(len(s.Registration))), s.Registration...)
	b = append(b, s.StorageTarget...)
	return base64URL.EncodeToString(append(b, mac(key, "state", b)...))
}

var errForged = errors.New("it isn't one of ours, or was changed")

// openState reads a state parameter. Only whoever has the key could make it.
func openState(key []byte, state string) (loginState, error) {
	if len(state) > maxState {
		return loginState{}, errForged
	}
	sealed, err := base64URL.DecodeString(state)
	if err != nil || len(sealed) < sha256.Size {
		return loginState{}, errForged
	}
	at := len(sealed) - sha256.Size
	b := sealed[:at]
	if !hmac.Equal(sealed[at:], mac(key, "state", b)) {
		return loginState{}, errForged
	}
	return parseState(b)
}

// parseState reads what seal wrote. A state of another version of the program
// may have another form, so lengths are checked.
func parseState(b []byte) (loginState, error) {
	var s loginState
	r := stateReader{rest: b}
	if seconds := r.take(8); seconds != nil {
		s.Created = time.Unix(int64(binary.BigEndian.Uint64(seconds)), 0).UTC()
	}
	copy(s.ID[:], r.take(len(s.ID)))
	copy(s.Nonce[:], r.take(len(s.Nonce)))
	copy(s.Binding[:], r.take(len(s.Binding)))
	copy(s.Target[:], r.take(len(s.Target)))
	if flag := r.take(1); flag != nil && flag[0] == 1 {
		s.HasDeployment = true
		copy(s.Deployment[:], r.take(len(s.Deployment)))
	}
	if length := r.take(1); length != nil {
		s.Registration = string(r.take(int(length[0])))
	}
	s.StorageTarget = string(r.rest)
	if r.short {
		return loginState{}, errForged
	}
	return s, nil
}

type stateReader struct {
	rest  []byte
	short bool
}

// take is the next n bytes, or nil if there are fewer.
func (r *stateReader) take(n int) []byte {
	if r.short = r.short || len(r.rest) < n; r.short {
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

// sealWindow says: this state and this id_token were verified at that time.
func sealWindow(key []byte, at time.Time, state string, token IDToken) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(at.UnixMilli()))
	return base64URL.EncodeToString(append(b, windowMAC(key, b, state, token)...))
}

// openWindow returns when the state and the token were verified.
func openWindow(key []byte, window, state string, token IDToken) (time.Time, error) {
	b, err := base64URL.DecodeString(window)
	if err != nil || len(b) != 8+sha256.Size || !hmac.Equal(b[8:], windowMAC(key, b[:8], state, token)) {
		return time.Time{}, errForged
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b))).UTC(), nil
}

func windowMAC(key, at []byte, state string, token IDToken) []byte {
	stateSum, tokenSum := sha256.Sum256([]byte(state)), sha256.Sum256([]byte(token))
	return mac(key, "window", at, stateSum[:], tokenSum[:])
}

// mac authenticates the parts for one purpose. All parts but the last have a
// fixed length, and no purpose begins with another one.
func mac(key []byte, purpose string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(purpose))
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

const randomSize = 16 // bytes

// random is a new value of 128 bits that nobody can guess.
func random() string {
	var b [randomSize]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64URL.EncodeToString(b[:])
}
