package admin

import (
	"net/url"
	"slices"
	"strings"

	"github.com/bbbridge/bbbridge/lti"
)

// An LMS is a kind of platform.
type LMS string

// The kinds that have a guide.
const (
	Moodle     LMS = "moodle"
	Chamilo    LMS = "chamilo"
	Sakai      LMS = "sakai"
	Canvas     LMS = "canvas"
	Blackboard LMS = "blackboard"
	D2L        LMS = "d2l"
	ILIAS      LMS = "ilias"
	OpenOLAT   LMS = "openolat"
	OpenEdX    LMS = "openedx"
	WordPress  LMS = "wordpress"
	OtherLMS   LMS = "other"
)

// Ours is a value of ours that is pasted into an LMS.
type Ours string

// The values. What they are says Values.
const (
	OurLaunch Ours = "launch" // launch URL, redirect URI, deep linking URL
	OurLogin  Ours = "login"
	OurKeys   Ours = "keys"
	OurKey    Ours = "key" // the public key itself, as PEM
	OurIcon   Ours = "icon"
	OurDomain Ours = "domain"
	OurOrigin Ours = "origin" // the domain with https://
	OurList   Ours = "list"   // the launch URL as a JSON list
)

// A GuideStep is one field of an LMS's form, in its order and with its label. One
// of Paste, Choose and Say is there.
type GuideStep struct {
	Label  string // as the LMS has it
	Paste  Ours
	Choose string // what to choose or type there, as the LMS has it
	Say    string // a text of ours: message "step.SAY"
	Note   string // why, or what else to know: message "step.NOTE"
}

// An Ask is a value that the LMS shows and we need.
type Ask struct {
	Field    string
	Label    string   // as the LMS has it; empty: message "field.ask_FIELD"
	Optional bool     // may stay empty
	Lines    bool     // several, one a line
	Choices  []string // one of these: messages "choice.CHOICE"
}

// A Guide is how platforms of one kind are registered by hand.
type Guide struct {
	LMS   LMS
	Name  string
	Where string // where in the LMS the form is, as it has its menus
	Steps []GuideStep
	Shows string // where the LMS then shows its values
	Asks  []Ask
	Notes []string // messages "guide.NOTE"
	// Seen reports whether this was seen running; else it is from its
	// documentation and source.
	Seen bool
	// ByLink reports whether it can register us by a link, which is less work.
	ByLink bool
	derive func(Answers) lti.Registration
}

// Answers are what an admin has typed, by the field's name.
type Answers map[string]string

// Lines are the values of a field that takes several, one a line: a comma may be
// part of an id.
func Lines(text string) []string {
	var list []string
	for _, text := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if text = Pasted(text); text != "" && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

// Registration is what follows from what an admin has typed: everything that
// the LMS doesn't show is derived.
func (g Guide) Registration(a Answers) lti.Registration {
	clean := Answers{}
	for field, text := range a {
		clean[field] = Pasted(text)
	}
	r := g.derive(clean)
	r.Name, r.ClientID = clean["name"], clean["client_id"]
	if r.Issuer == "" {
		r.Issuer = clean["issuer"]
	}
	r.Deployments = map[string]bool{}
	for _, id := range Lines(clean["deployment_id"]) {
		r.Deployments[id] = true
	}
	r.AdoptDeployments = len(r.Deployments) == 0
	return r
}

// Missing is what must be there and isn't, as InvalidError has it: else what the
// LMS shows would be guessed, and a platform without a deployment's id adopts
// everybody's.
func (g Guide) Missing(a Answers) map[string]string {
	wrong := map[string]string{}
	for _, ask := range append([]Ask{{Field: "name"}}, g.Asks...) {
		if !ask.Optional && ask.Choices == nil && len(Lines(a[ask.Field])) == 0 {
			wrong[ask.Field] = "value_empty"
		}
	}
	return wrong
}

// From is the field of what an admin has typed from which a derived value came.
func (g Guide) From(derived string) string {
	fields := map[string]bool{"name": true, "tenant": true}
	for _, ask := range g.Asks {
		fields[ask.Field] = true
	}
	for _, field := range []string{derived, "token_url", "host", "issuer"} {
		if fields[field] {
			return field
		}
	}
	return "client_id"
}

// KeyPasted reports whether platforms of this kind always get our key as text.
func (g Guide) KeyPasted() bool {
	return g.LMS != OtherLMS && slices.ContainsFunc(g.Steps, func(s GuideStep) bool { return s.Paste == OurKey })
}

// originOf is the scheme and host of an address.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// at is a registration whose addresses lie below a place.
func at(base, auth, token, keys string) lti.Registration {
	base = strings.TrimSuffix(base, "/")
	return lti.Registration{AuthURL: base + auth, TokenURL: base + token, JWKSURL: base + keys}
}
