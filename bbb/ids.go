package bbb

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"strings"
)

var lower32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewMeetingID returns a random id of 27 characters of [a-z2-7]. It begins
// with r: BigBlueButton takes a hexadecimal beginning for that of an internal
// id, maybe of somebody else's meeting.
func NewMeetingID() string {
	return "r" + strings.ToLower(rand.Text())
}

// Passwords derives a meeting's two passwords, which differ and have 20
// characters of [a-z2-7]. They are the same each time, as create wants them;
// with another key, a running meeting's create fails as ErrIDNotUnique.
func Passwords(key []byte, meetingID string) (attendee, moderator string) {
	return password(key, "attendee", meetingID), password(key, "moderator", meetingID)
}

func password(key []byte, role, meetingID string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("bbb password\x00" + role + "\x00" + meetingID))
	return lower32.EncodeToString(mac.Sum(nil))[:20]
}

// DecodeMeetingID returns our id where b3scale's form of it came: base64 of
// ["frontend","id","b3scl"], in callbacks that it doesn't rewrite. Other ids
// are returned as they are.
func DecodeMeetingID(id string) string {
	if len(id) > 2048 {
		return id
	}
	plain := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(id), "=")
	text, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil {
		return id
	}
	var parts []string
	if json.Unmarshal(text, &parts) != nil || len(parts) != 3 || parts[2] != "b3scl" {
		return id
	}
	return parts[1]
}
