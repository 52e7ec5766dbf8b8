package configs

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// A setting's names: in the environment, and in the file. A setting that only
// the environment can hold has no key.
type name struct{ variable, key string }

// names are those of all settings.
var names = func() []name {
	var all []name
	for field := range reflect.TypeFor[Config]().Fields() {
		n := name{variable: prefix + field.Tag.Get("env"), key: field.Tag.Get("toml")}
		if n.key == "-" {
			n.key = ""
		}
		all = append(all, n)
	}
	return all
}()

// String is how a message calls a setting. It has both names: whoever reads it
// may have set it by either.
func (n name) String() string {
	if n.key == "" {
		return n.variable
	}
	return n.variable + " (in the file: " + n.key + ")"
}

// Called is how a message calls the setting with this key.
func Called(key string) string {
	n, _ := nameOf(variableOf(key))
	return n.String()
}

// nameOf finds a setting by its name in the environment.
func nameOf(variable string) (name, bool) {
	i := slices.IndexFunc(names, func(n name) bool { return n.variable == variable })
	if i < 0 {
		return name{}, false
	}
	return names[i], true
}

// variableOf is the variable of a setting, by its key.
func variableOf(key string) string { return prefix + strings.ToUpper(key) }

// unknownKey says what is wrong with a key of the file that is no setting.
func unknownKey(key string) Problem {
	variable := variableOf(key)
	if n, ok := nameOf(variable); ok && n.key == "" {
		return Problem{key, "can only be set in the environment, not in the file"}
	}
	var keys []string
	for _, n := range nearest(variable) {
		if n.key != "" {
			keys = append(keys, n.key)
		}
	}
	return Problem{key, asks(keys)}
}

// mistyped are the variables that are meant to be a setting, as far as one can
// see, and set nothing.
func mistyped(environ []string) Problems {
	var problems Problems
	for _, variable := range foreign(environ) {
		var variables []string
		for _, n := range nearest(variable) {
			variables = append(variables, n.variable)
		}
		if len(variables) > 0 {
			problems = append(problems, Problem{variable, asks(variables)})
		}
	}
	return problems
}

// Strangers are the variables that begin as ours do, are no settings, and
// resemble none: they may be there for somebody else.
func Strangers(environ []string) []string {
	return slices.DeleteFunc(foreign(environ), func(variable string) bool {
		return len(nearest(variable)) > 0 || !strings.HasPrefix(variable, prefix)
	})
}

// discovered are variables that Kubernetes sets for a service whose name
// begins with bbbridge, and Docker for a link. So is …_PORT, with an address.
var discovered = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

// foreign are the variables that aren't settings. One without a value counts
// as not set.
func foreign(environ []string) []string {
	var list []string
	for _, line := range environ {
		variable, value, _ := strings.Cut(line, "=")
		_, ours := nameOf(variable)
		found := discovered.MatchString(variable) || strings.HasSuffix(variable, "_PORT") && strings.Contains(value, "://")
		if value != "" && !ours && !found {
			list = append(list, variable)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// slips is how many letters of the whole variable may be wrong where its
// prefix isn't ours: few, since most variables are somebody else's.
const slips = 2

// nearest are the settings that a variable may have been meant to be, the
// likeliest first: behind the prefix a third of the letters may be wrong, or
// words missing. One with a word more, like BBBRIDGE_DATABASE_PASSWORD, may well
// be of those who start us.
func nearest(variable string) []name {
	variable = strings.ToUpper(variable)
	said, behind := strings.CutPrefix(variable, prefix)
	type candidate struct {
		name
		off int // letters
	}
	var near []candidate
	for _, n := range names {
		off, most := distance(variable, n.variable), slips
		if meant := n.variable[len(prefix):]; behind {
			most = max(len(said), len(meant)) / 3
			if within(said, meant) {
				most = off
			}
		}
		if off <= most {
			near = append(near, candidate{n, off})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(a.variable, b.variable))
	})
	var list []name
	for _, c := range near {
		if c.off <= near[0].off+1 {
			list = append(list, c.name)
		}
	}
	return list
}

// asks is what a message says of a name that is none, of those that are near.
func asks(near []string) string {
	if len(near) == 0 {
		return "isn't a setting."
	}
	return "isn't a setting. Did you mean " + strings.Join(near, " or ") + "?"
}

// within reports whether all words of a stand in b.
func within(a, b string) bool {
	has := strings.Split(b, "_")
	for _, word := range strings.Split(a, "_") {
		if !slices.Contains(has, word) {
			return false
		}
	}
	return true
}

// distance is how many letters must be put in, taken out or changed to make b
// of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Shown are all settings by their variables, without what is secret in them: of
// such it is said whether they are set.
func (c Config) Shown() map[string]string {
	shown := map[string]string{}
	value := reflect.ValueOf(c)
	for i := range value.NumField() {
		variable := prefix + value.Type().Field(i).Tag.Get("env")
		switch v := value.Field(i).Interface().(type) {
		case Secret:
			shown[variable] = "not set"
			if v != "" {
				shown[variable] = "set"
			}
		default:
			shown[variable] = fmt.Sprint(v)
		}
	}
	if c.SQLite() {
		shown[prefix+"DATABASE"] = string(c.Database)
	}
	return shown
}
