package lti

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of what is kept of a launch, in characters unless said otherwise.
const (
	maxName        = 255
	maxTitle       = 255
	maxDescription = 2000
	maxRoles       = 100 // entries
	maxTypes       = 20  // entries
	maxCustom      = 100 // entries
	maxCustomName  = 255
	maxCustomValue = 4 << 10 // bytes
	maxData        = 16 << 10
)

// usualClaims is what is made room for at once: Moodle sends 26.
const usualClaims = 32

// claims reads the payload of a verified token. Null is absent, [] is an
// empty object, ids may be numbers; what has any other shape is absent too.
type claims struct {
	members   jsonObject
	ignored   []string // names of claims of a wrong shape, for the log
	duplicate error    // the first name that occurs twice in a claim that was read
}

func parseClaims(payload []byte) (*claims, error) {
	members, err := parseJSONObject(payload, usualClaims)
	if err != nil {
		return nil, err
	}
	return &claims{members: members}, nil
}

func (c *claims) member(name string) jsonText { return c.members.at(name) }

// object is the claim as an object, empty if it is absent or something else.
func (c *claims) object(name string) jsonObject {
	value := c.members.at(name)
	if value == nil {
		return nil
	}
	o, err := value.object()
	switch {
	case errors.Is(err, errDuplicate):
		if c.duplicate == nil {
			c.duplicate = fmt.Errorf("%s: %w", name, err)
		}
	case err != nil:
		c.ignored = append(c.ignored, name)
	}
	return o
}

func (c *claims) time(name string) (time.Time, bool) {
	seconds, ok := c.members.at(name).number()
	if !ok {
		return time.Time{}, false
	}
	return epoch(seconds)
}

// url is a member with an absolute https URL, else empty (V24).
func (c *claims) url(o jsonObject, name string, insecure bool) string {
	text, _ := o.at(name).text()
	if text == "" {
		return ""
	}
	if _, err := absoluteURL(text, insecure); err != nil {
		c.ignored = append(c.ignored, name)
		return ""
	}
	return text
}

func (c *claims) user(id string) User {
	return User{
		ID:         id,
		Name:       c.name("name"),
		GivenName:  c.name("given_name"),
		FamilyName: c.name("family_name"),
		Email:      c.members.clean("email", maxName),
		Locale:     c.members.clean("locale", maxName),
		Anonymous:  id == "",
	}
}

// name is a name of the user. ILIAS sends "-" for one that it withholds.
func (c *claims) name(claim string) string {
	name := c.members.clean(claim, maxName)
	if name == "-" {
		return ""
	}
	return name
}

func (c *claims) context() Context {
	o := c.object(claimContext)
	id, _ := o.at("id").id()
	types, _ := o.at("type").texts()
	return Context{
		ID:    id,
		Label: o.clean("label", maxTitle),
		Title: o.clean("title", maxTitle),
		Types: types[:min(len(types), maxTypes)],
	}
}

func (c *claims) platform() PlatformInfo {
	o := c.object(claimToolPlatform)
	guid, _ := o.at("guid").id()
	return PlatformInfo{
		GUID:    guid,
		Name:    o.clean("name", maxTitle),
		Family:  o.clean("product_family_code", maxTitle),
		Version: o.clean("version", maxTitle),
	}
}

func (c *claims) presentation(insecure bool) Presentation {
	o := c.object(claimLaunchPresentation)
	return Presentation{
		Target:    o.clean("document_target", maxName),
		ReturnURL: c.url(o, "return_url", insecure),
		Locale:    o.clean("locale", maxName),
		Width:     o.pixels("width"),
		Height:    o.pixels("height"),
	}
}

func (c *claims) endpoint(insecure bool) Endpoint {
	o := c.object(claimAGSEndpoint)
	scopes, _ := o.at("scope").texts()
	return Endpoint{
		Scopes:    scopes[:min(len(scopes), maxTypes)],
		LineItems: c.url(o, "lineitems", insecure),
		LineItem:  c.url(o, "lineitem", insecure),
	}
}

// unexpanded is a variable that the platform doesn't know (LTI Core 1.3, B.1).
var unexpanded = regexp.MustCompile(`^\$[A-Za-z][A-Za-z0-9._]*$`)

func (c *claims) custom() map[string]string {
	o := c.object(claimCustom)
	custom := make(map[string]string, min(len(o), maxCustom))
	for _, member := range o {
		value := member.value.plain()
		switch {
		case value == "" || hasNUL(value) || value[0] == '$' && unexpanded.MatchString(value):
		case len(member.name) > maxCustomName || len(value) > maxCustomValue || len(custom) == maxCustom:
			c.ignored = append(c.ignored, "a custom parameter, for its size")
		default:
			custom[string(member.name)] = value
		}
	}
	return custom
}

// deepLinkingSettings makes check V22.
func (c *claims) deepLinkingSettings(insecure bool) (*DeepLinkingSettings, error) {
	o := c.object(claimDLSettings)
	address, _ := o.at("deep_link_return_url").text()
	if _, err := absoluteURL(address, insecure); err != nil {
		return nil, fmt.Errorf("deep_link_return_url: %w", err)
	}
	types, ok := o.at("accept_types").texts()
	if !ok {
		return nil, errors.New("accept_types is not an array")
	}
	targets, ok := o.at("accept_presentation_document_targets").texts()
	if !ok {
		return nil, errors.New("accept_presentation_document_targets is not an array")
	}
	data := o.at("data")
	if len(data) > maxData {
		return nil, fmt.Errorf("data has %d bytes", len(data))
	}
	return &DeepLinkingSettings{
		ReturnURL:       address,
		AcceptTypes:     types[:min(len(types), maxTypes)],
		AcceptTargets:   targets[:min(len(targets), maxTypes)],
		AcceptMultiple:  string(o.at("accept_multiple")) == "true",
		RefuseLineItems: string(o.at("accept_lineitem")) == "false",
		AutoCreate:      string(o.at("auto_create")) == "true",
		Title:           o.at("title").plain(),
		Text:            o.at("text").plain(),
		Data:            json.RawMessage(data),
	}, nil
}

// clean is a member as text for people: without control characters, without
// space around, and not longer than limit.
func (o jsonObject) clean(name string, limit int) string {
	return cleanText(o.at(name).plain(), limit)
}

func cleanText(s string, limit int) string {
	if len(s) <= limit && isClean(s) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if len(s) > limit {
		if runes := []rune(s); len(runes) > limit {
			s = strings.TrimSpace(string(runes[:limit]))
		}
	}
	return s
}

// isClean is true of most texts, and quick.
func isClean(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == 0x7f || c == 0xc2 {
			return false // 0xc2 begins the controls U+0080 to U+009F
		}
	}
	// No space of any kind at the ends. Platforms' errors may be no UTF-8, which
	// PostgreSQL doesn't keep.
	return s == "" || isMark(s[0]) && isMark(s[len(s)-1]) && utf8.ValidString(s)
}

func isMark(c byte) bool {
	return c > ' ' && c < utf8.RuneSelf
}

// pixels is a member with a size, which some platforms write as a string.
func (o jsonObject) pixels(name string) int {
	n, err := strconv.Atoi(o.at(name).plain())
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// plain is a string, or the text of a number or of a truth value.
func (v jsonText) plain() string {
	if len(v) == 0 || v[0] == '{' || v[0] == '[' {
		return ""
	}
	if text, ok := v.text(); ok {
		return text
	}
	return string(v)
}
