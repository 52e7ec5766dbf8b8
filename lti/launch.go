package lti

import (
	"encoding/json"
	"log/slog"
	"strings"
	"time"
)

const redacted = "[redacted]"

// An IDToken is a signed id_token as it came. It is as good as a password
// until its nonce is used up, so it doesn't print.
type IDToken string

func (IDToken) String() string               { return redacted }
func (IDToken) GoString() string             { return redacted }
func (IDToken) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (IDToken) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// A Launch is what a verified id_token says. Titles and names are cut and
// free of control characters; ids and URLs are as they came. Members that the
// platform left out, or sent as null or in a wrong shape, are zero.
type Launch struct {
	Registration  Registration
	DeploymentID  string
	NewDeployment bool // unknown so far, and the registration adopts such
	Message       MessageType
	User          User
	Roles         Roles
	RawRoles      []string
	Context       Context      // ID empty: the platform names no course
	ResourceLink  ResourceLink // zero for deep linking
	TargetLinkURI string
	// Custom has neither empty values nor variables that the platform left
	// as they are ("$User.image").
	Custom       map[string]string
	Presentation Presentation
	Platform     PlatformInfo
	Grades       Endpoint
	Memberships  string               // URL of NRPS; empty: not offered
	DeepLinking  *DeepLinkingSettings // nil unless Message is DeepLinkingRequest
	Nonce        string               // to be used up by whoever records the launch
	NonceExpires time.Time            // after it the nonce can't come again
	IssuedAt     time.Time
	InWindow     bool // it goes on in a window of ours, out of a frame without cookies (Response.Window)
}

// Locale is the language that the launch asks for, as a BCP 47 tag, or empty.
func (l Launch) Locale() string {
	if tag := languageTag(l.Presentation.Locale); tag != "" {
		return tag
	}
	return languageTag(l.User.Locale)
}

// languageTag makes "pt-br" of Moodle's "pt_br"; it is empty for what can't
// be a tag.
func languageTag(s string) string {
	s = strings.ReplaceAll(s, "_", "-")
	if len(s) > 35 || strings.Trim(s, "-") != s {
		return ""
	}
	for _, r := range s {
		if r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return ""
		}
	}
	return s
}

// A User is who launches. Only issuer and ID identify a person, never Email.
type User struct {
	ID                          string // the sub claim; empty if Anonymous
	Name, GivenName, FamilyName string
	Email, Locale               string
	Anonymous                   bool
}

// DisplayName is what to call the user, or empty if the platform tells
// neither name nor address.
func (u User) DisplayName() string {
	if u.Name != "" {
		return u.Name
	}
	if both := strings.TrimSpace(u.GivenName + " " + u.FamilyName); both != "" {
		return both
	}
	local, _, _ := strings.Cut(u.Email, "@")
	return strings.TrimSpace(local)
}

// A Context is a course or a group at the platform.
type Context struct {
	ID, Label, Title string
	Types            []string
}

// A ResourceLink is one link in a course.
type ResourceLink struct {
	ID, Title, Description string
}

// A Presentation is how the platform shows us.
type Presentation struct {
	Target    string // "iframe", "frame", "window" or empty
	ReturnURL string // may hold secrets of the person: never to be logged
	Locale    string
	Width     int // pixels; 0: not told
	Height    int
}

// PlatformInfo names the platform's installation.
type PlatformInfo struct {
	GUID, Name, Family, Version string // Family: "moodle", "canvas", …
}

// An Endpoint is where and how we may grade, as a launch offered it.
type Endpoint struct {
	Scopes    []string `json:"scopes,omitempty"`
	LineItems string   `json:"lineitems,omitempty"` // URL of the container
	LineItem  string   `json:"lineitem,omitempty"`  // URL of the link's only line item
}

// DeepLinkingSettings say what a deep linking request accepts.
type DeepLinkingSettings struct {
	ReturnURL       string          `json:"return_url"` // where the browser posts the answer; may hold secrets
	AcceptTypes     []string        `json:"accept_types,omitempty"`
	AcceptTargets   []string        `json:"accept_targets,omitempty"`
	AcceptMultiple  bool            `json:"accept_multiple,omitempty"` // else one item at most
	RefuseLineItems bool            `json:"refuse_line_items,omitempty"`
	AutoCreate      bool            `json:"auto_create,omitempty"`
	EmptyCancels    bool            `json:"empty_cancels,omitempty"` // an answer without items changes nothing there
	Title           string          `json:"title,omitempty"`         // as it came: goes back
	Text            string          `json:"text,omitempty"`          // as it came, may be HTML: goes back
	Data            json.RawMessage `json:"data,omitempty"`          // goes back as it came; nil: none was sent
}
