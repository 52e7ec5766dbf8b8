package web

import "time"

// LinksPage is the list of registration links.
type LinksPage struct {
	Now  time.Time
	List []LinkLine
	Many bool // there are several tenants
}

// A LinkLine is one registration link in the list.
type LinkLine struct {
	Note        string // may be empty
	Tenant      string
	State       string // open, used, expired or revoked
	MadeAt      time.Time
	ExpiresAt   time.Time
	Platform    string // that it has registered; empty: none
	PlatformURL string
	Failed      bool // what it was used for last came to nothing
	URL         string
}

// NewLinkPage makes a registration link.
type NewLinkPage struct {
	URL    string // for POST
	Fields []Field
	Wrong  bool
}

// LinkMade shows a registration link that was just made: nobody sees it a
// second time.
type LinkMade struct {
	Link      string
	ExpiresAt time.Time
	Now       time.Time
}

// LinkPage is about one registration link.
type LinkPage struct {
	LinkLine
	Now       time.Time
	MadeBy    string
	Approve   bool   // what it registers waits for approval
	RevokeURL string // for POST; empty: there is nothing to take back
	Failures  []LinkFailure
	Said      bool // it was just taken back
}

// A LinkFailure is what went wrong by a registration link: the texts are those
// that the admin of the LMS has read.
type LinkFailure struct {
	At    time.Time
	Code  string
	Host  string // that was asked; may be empty
	Words string // of the LMS; may be empty
}
