package web

import "time"

// KeysPage is about the keys with which we sign.
type KeysPage struct {
	Now       time.Time
	Keys      []KeyLine
	PEM       string // the newest, to be pasted
	Pasted    []PastedLine
	RotateURL string // empty: not theirs
	Said      string
}

// A KeyLine is one published key.
type KeyLine struct {
	ID           string
	Signs, Later bool
}

// A PastedLine is a platform that has a key of ours as text.
type PastedLine struct {
	Name, URL string
	Old       bool
	PastedURL string // for POST: it has the newest now; empty: not theirs
}

// RotatePage asks before a new key is made, and names who will have to paste it.
type RotatePage struct {
	Pasted []string
	Danger DangerPage
}
