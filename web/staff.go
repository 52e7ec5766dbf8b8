package web

import (
	"html/template"
	"time"
)

// SignInPage is where staff sign in: it posts "email" and "password" to URL.
type SignInPage struct {
	Fields    []Field
	URL       string
	Wrong     string // wrong, slow, provider_away, provider_cancelled, provider_refused, or empty
	Out       bool   // they have just signed out
	Other     string // address of the sign-in by an institution; empty: none
	OtherName string
}

// PasswordPage is where a password is chosen, by a link: it posts "code",
// "password" and, for Setup, "email" to URL.
type PasswordPage struct {
	Purpose string // setup, invite or reset
	Email   string // whose it is; empty for setup
	URL     string
	Code    string
	Fields  []Field
}

// LinkOver is for who opens a link that is used or too old.
type LinkOver struct{ SetUp bool } // an account is there: they can sign in

// PeoplePage is the list of accounts.
type PeoplePage struct {
	Now   time.Time
	Staff []StaffLine
	Said  string // what was just done: changed, removed
	Audit bool   // they may see the audit log
}

// A StaffLine is one account in the list.
type StaffLine struct {
	Email   string
	Role    string
	Tenants []string // names
	Active  bool     // has chosen a password
	URL     string
	You     bool
}

// PersonPage adds an account, or changes one.
type PersonPage struct {
	New                bool
	Email              string
	Active             bool
	URL                string // for POST
	Fields             []Field
	Wrong              bool
	LinkURL, RemoveURL string // of an account that there is
	SecondURL          string // takes off the code at sign-in; empty: there is none, or it isn't theirs to
}

// StaffLink shows a link that was just made: nobody sees it a second time.
type StaffLink struct {
	Email   string
	Purpose string // invite or reset
	Link    string
	Until   time.Time
	Now     time.Time
}

// DangerPage asks once before a dangerous act: What is its texts' name,
// "danger.WHAT.title", ".text" with Name, and ".button".
type DangerPage struct {
	What, Name string
	URL        string // for POST
	BackURL    string
	Counts     []DangerCount
	Fields     []Field // to be posted along; the password where it is wanted
	FileURL    string  // what can be had before, "danger.WHAT.file"; empty: nothing
	Wrong      string  // not_yours, slow, confirm, again, or empty
}

// A DangerCount is how much the act concerns: the message "danger_count.ID".
type DangerCount struct {
	ID string
	N  int
}

// AccountPage is about whoever is signed in.
type AccountPage struct {
	Now     time.Time
	Who     string
	Role    string
	SignIns []SignInLine
	Said    string // ended, second_off, or empty
	// Account: they have one of their own, and may turn on codes.
	Account      bool
	Second       bool // signing in takes a code
	RecoveryLeft int
}

// GoOnPage goes on by itself, after a sign-in elsewhere.
type GoOnPage struct{ URL string }

// NoRolePage is for a member of the institution to whom nothing gives a role.
type NoRolePage struct {
	Name, Institution string
	Claim             string   // that is looked at
	Claims            []string // names of those that came
}

// CodePage asks for the code besides the password: it posts "code" to URL.
type CodePage struct {
	Fields []Field
	URL    string
	Wrong  string // code, slow, or empty
}

// SecondPage shows what is put into an app, and asks for its first code.
type SecondPage struct {
	Secret           string
	Address, Picture template.URL // otpauth: and data:
	URL              string
	Fields           []Field
}

// RecoveryPage shows codes for who loses their app, once.
type RecoveryPage struct{ Codes []string }

// A SignInLine is one place in which somebody is signed in.
type SignInLine struct {
	ID            string
	Address       string
	Browser       string
	Since, LastAt time.Time
	Here          bool
}

// AuditPage is who has changed what, the newest first.
type AuditPage struct {
	Now     time.Time
	Lines   []AuditLine
	Query   string
	Who     string
	Tenants []Option // to choose from; nil: there is one alone
	Since   string   // as typed: 2026-11-26
	MoreURL string   // the next page; empty: that was all
	CSVURL  string
}

// An AuditLine is one change.
type AuditLine struct {
	At           time.Time
	Who, Address string
	Did          string // message "did.DID"
	What         string
	Tenant       string // whose it is, where there are several; empty: the whole service's
	Changes      []AuditChange
}

// An AuditChange is one field that has changed.
type AuditChange struct {
	Field         string // as the message "field.FIELD" names it, if there is one
	Name          string // as it is kept
	Of            string // which of several
	Before, After []AuditValue
}

// An AuditValue is a text as it was, or the message Said.
type AuditValue struct{ Text, Said string }

// DeskProblem is what staff are told of what can't be done.
type DeskProblem struct {
	Code    string // forbidden, not_found, internal, database_away
	Request string
	At      time.Time
}
