package admin

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/web"
)

// changes are the fields of an entry that aren't the same before and after.
func changes(e admin.Entry, tenants map[string]string) []web.AuditChange {
	before, after := values(e.Before), values(e.After)
	all := maps.Clone(before)
	maps.Copy(all, after)
	var list []web.AuditChange
	for _, at := range slices.SortedFunc(maps.Keys(all), compareFields) {
		change := web.AuditChange{
			Field: messageOf(at.name), Name: at.name, Of: at.of,
			Before: shown(at.name, before[at], tenants), After: shown(at.name, after[at], tenants),
		}
		if !slices.Equal(change.Before, change.After) {
			list = append(list, change)
		}
	}
	return list
}

// A field is a value's place in the JSON text of an entry: its name, and where
// that has several, which one.
type field struct{ name, of string }

func compareFields(a, b field) int {
	if a.name != b.name {
		return strings.Compare(a.name, b.name)
	}
	return strings.Compare(a.of, b.of)
}

func values(text string) map[field]json.RawMessage {
	found := map[field]json.RawMessage{}
	for name, value := range object(text) {
		if several := object(string(value)); several != nil {
			for of, one := range several {
				found[field{name, of}] = one
			}
			continue
		}
		found[field{name, ""}] = value
	}
	return found
}

func object(text string) (members map[string]json.RawMessage) {
	if json.Unmarshal([]byte(text), &members) != nil {
		return nil
	}
	return members
}

// formFields are those whose field in a form has another name.
var formFields = map[string]string{
	"JWKSURL": "jwks_url", "TenantID": "tenant", "Deployments": "deployment_ids", "AdoptDeployments": "adopt", "URL": "server_url", "Assigned": "server_tenants",
}

// messageOf is under which name a form would ask for the field.
func messageOf(name string) string {
	if known := formFields[name]; known != "" {
		return known
	}
	var b strings.Builder
	letters := []rune(name)
	for i, r := range letters {
		begins := i > 0 && unicode.IsUpper(r) && (unicode.IsLower(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1]))
		if begins {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// shown is a value as a person reads it.
func shown(name string, value json.RawMessage, tenants map[string]string) []web.AuditValue {
	var list []json.RawMessage
	if len(value) == 0 || value[0] != '[' || json.Unmarshal(value, &list) != nil {
		list = []json.RawMessage{value}
	}
	var all []web.AuditValue
	for _, one := range list {
		if v := shownOne(name, one, tenants); v != (web.AuditValue{}) {
			all = append(all, v)
		}
	}
	return all
}

func shownOne(name string, value json.RawMessage, tenants map[string]string) web.AuditValue {
	text := string(value)
	switch text {
	case "", "null":
		return web.AuditValue{}
	case "true":
		return web.AuditValue{Said: "desk.yes"}
	case "false":
		return web.AuditValue{Said: "desk.no"}
	}
	if value[0] == '"' && json.Unmarshal(value, &text) != nil {
		return web.AuditValue{}
	}
	switch {
	case name == "Role" && slices.Contains(admin.Roles(), admin.Role(text)):
		return web.AuditValue{Said: "role." + text}
	case (name == "TenantID" || name == "Tenants") && tenants[text] != "":
		text = tenants[text]
	case name == "LMS" && text != "":
		text = cmp.Or(kindName(admin.LMS(text)), text)
	}
	return web.AuditValue{Text: text}
}
