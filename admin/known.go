package admin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// KnownFor is how long a browser is known in which somebody has signed in.
const KnownFor = 90 * 24 * time.Hour

// knownMost is the most that a browser's word of it may have, in bytes.
const knownMost = 200

// knownTo is what a browser keeps that has signed in to an account. It says
// neither whose the account is nor anything else, and lets nobody in: with it a
// browser has tries of its own, so that whoever tries the account without end
// doesn't lock its owner out.
func (a *Accounts) knownTo(email string) string {
	if len(a.KnownKey) == 0 {
		return ""
	}
	id, until := rand.Text(), strconv.FormatInt(a.Now().Add(KnownFor).Unix(), 10)
	return id + "." + until + "." + a.knownMAC(id, until, email)
}

func (a *Accounts) knownMAC(id, until, email string) string {
	mac := hmac.New(sha256.New, a.KnownKey)
	fmt.Fprintf(mac, "%q", []string{id, until, strings.ToLower(email)})
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// knows is the id of a browser that has signed in to the account; empty: it
// hasn't.
func (a *Accounts) knows(text, email string) string {
	parts := strings.Split(text, ".")
	if len(a.KnownKey) == 0 || len(text) > knownMost || len(parts) != 3 || parts[0] == "" {
		return ""
	}
	until, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || !a.Now().Before(time.Unix(until, 0)) || !hmac.Equal([]byte(parts[2]), []byte(a.knownMAC(parts[0], parts[1], email))) {
		return ""
	}
	return parts[0]
}
