package web

import "time"

// TenantsPage is the list of tenants.
type TenantsPage struct {
	List []TenantLine
	Add  bool   // they may add one
	Said string // removed
}

// A TenantLine is one tenant in the list.
type TenantLine struct {
	Name      string
	Platforms int
	URL       string
}

// NewTenantPage adds a tenant.
type NewTenantPage struct {
	Fields []Field
	Wrong  bool
}

// TenantPage is what a tenant says. It posts all fields to URL.
type TenantPage struct {
	Name     string
	List     string // the list's address; empty: there is one tenant
	AddURL   string // empty: they may not
	Said     string // added, saved, logo, no_logo, roles
	Wrong    bool
	URL      string // for POST
	Parts    []FormPart
	Shades   Shades
	Roles    []RoleLine
	RolesURL string // empty: not theirs to change
	Logo     LogoForm
	Removal  string // asks whether to remove it; empty: it can't be
}

// A FormPart is fields under a heading: the message "tenants.part.NAME".
type FormPart struct {
	Name   string
	Fields []Field
}

// Shades are an accent as pages show it; empty: ours.
type Shades struct{ Light, Dark, StyleURL string }

// A RoleLine says whether a role moderates: its name is the message
// "field.NAME".
type RoleLine struct {
	Name      string
	Moderates bool
}

// A LogoForm takes a picture: it posts "logo", a file, to URL.
type LogoForm struct {
	URL, RemoveURL string // RemoveURL: empty without a picture
	Picture        string // address; empty: none
	Wrong          string // code
}

// MovePage gives a platform to another tenant: it posts "tenant" to URL.
type MovePage struct {
	Name         string
	URL, BackURL string
	Fields       []Field
	Wrong        bool
}

// LeavingPage is about a removed platform that will be erased.
type LeavingPage struct {
	Now       time.Time
	Name      string
	Days      int // until that
	EraseAt   time.Time
	ExportURL string // empty: not theirs
	KeepURL   string // for POST
}

// A LeavingLine is one of those in the list of platforms.
type LeavingLine struct {
	Name string
	Days int
	URL  string
}
