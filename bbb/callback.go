package bbb

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// How a callback's token can fail.
var (
	// ErrNoToken is a callback without a token. Often the reverse proxy before
	// us took the Authorization header away.
	ErrNoToken = errors.New("no token in the Authorization header")
	// ErrBadToken is a callback whose token none of the secrets signed, or
	// whose time is over.
	ErrBadToken = errors.New("token refused")
)

const (
	maxToken  = 8 << 10
	clockSkew = 5 * time.Minute
)

// VerifyCallback checks the Authorization header of an analytics callback: a
// token, signed HS512 with one of the secrets, not expired by more than 5
// minutes. The token proves the sender alone; it names neither the meeting
// nor the body, and its holder can post anything for a day.
func VerifyCallback(authorization string, secrets []Secret, now time.Time) error {
	scheme, token, _ := strings.Cut(strings.TrimSpace(authorization), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return ErrNoToken
	}
	if len(token) > maxToken {
		return fmt.Errorf("%w: too long", ErrBadToken)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return fmt.Errorf("%w: not a JWT", ErrBadToken)
	}
	if err := checkHeader(parts[0]); err != nil {
		return err
	}
	if !signedByAny(secrets, parts[0]+"."+parts[1], parts[2]) {
		return fmt.Errorf("%w: no secret of the server signed it", ErrBadToken)
	}
	return checkTimes(parts[1], now)
}

// checkHeader lets no token choose another algorithm than the one that
// BigBlueButton uses.
func checkHeader(part string) error {
	var header struct {
		Algorithm string          `json:"alg"`
		Critical  json.RawMessage `json:"crit"`
	}
	if err := decodePart(part, &header); err != nil {
		return err
	}
	if header.Algorithm != "HS512" || header.Critical != nil {
		return fmt.Errorf("%w: algorithm is not HS512", ErrBadToken)
	}
	return nil
}

func signedByAny(secrets []Secret, signed, signature string) bool {
	got, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	for _, secret := range secrets {
		key := secret.text()
		if key == "" { // anybody could sign with it
			continue
		}
		mac := hmac.New(sha512.New, []byte(key))
		mac.Write([]byte(signed))
		if hmac.Equal(mac.Sum(nil), got) {
			return true
		}
	}
	return false
}

func checkTimes(part string, now time.Time) error {
	var claims struct {
		Expires   *float64 `json:"exp"`
		NotBefore *float64 `json:"nbf"`
	}
	if err := decodePart(part, &claims); err != nil {
		return err
	}
	seconds := float64(now.UnixMilli()) / 1000
	switch {
	case claims.Expires == nil:
		return fmt.Errorf("%w: no exp", ErrBadToken)
	case seconds > *claims.Expires+clockSkew.Seconds():
		return fmt.Errorf("%w: expired", ErrBadToken)
	case claims.NotBefore != nil && seconds < *claims.NotBefore-clockSkew.Seconds():
		return fmt.Errorf("%w: not valid yet", ErrBadToken)
	}
	return nil
}

func decodePart(part string, into any) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil || json.Unmarshal(text, into) != nil {
		return fmt.Errorf("%w: not a JWT", ErrBadToken)
	}
	return nil
}
