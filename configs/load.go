package configs

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/caarlos0/env/v11"
)

const prefix = "BBBRIDGE_"

// Load returns the settings: the defaults, over them the TOML file at path
// (none if path is empty), over them the variables of environ, which has the
// form of os.Environ. A variable that is set but empty counts as not set.
// If settings are wrong, or a key or variable is none but nearly one, the error
// is Problems with each of them.
func Load(path string, environ []string) (Config, error) {
	var text []byte
	if path != "" {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return Config{}, fmt.Errorf("settings file %s: %w", path, err)
		}
	}
	c, err := load(string(text), environ)
	if problems := (Problems)(nil); err != nil && !errors.As(err, &problems) {
		err = fmt.Errorf("settings file %s: %w", path, err)
	}
	return c, err
}

// load is Load of a file with this text.
func load(text string, environ []string) (Config, error) {
	c := Defaults()
	problems, err := c.readText(text)
	if err != nil {
		return Config{}, err
	}
	variables := environment(environ)
	// A later layer's database replaces an earlier one's, by whichever key.
	if variables[prefix+"DATABASE"] != "" {
		c.DatabaseFile = ""
	}
	if variables[prefix+"MASTER_KEY"] != "" {
		c.MasterKeyFile = ""
	}
	problems = append(problems, mistyped(environ)...)
	problems = append(problems, c.readEnvironment(variables)...)
	problems = append(problems, c.readDatabaseFile()...)
	c.complete()
	problems = append(problems, c.check()...)
	if len(problems) > 0 {
		return Config{}, problems.sorted()
	}
	return c, nil
}

// fields returns where the value of each key of the file goes.
func (c *Config) fields() map[string]any {
	fields := make(map[string]any)
	value := reflect.ValueOf(c).Elem()
	for i := range value.NumField() {
		if key := value.Type().Field(i).Tag.Get("toml"); key != "-" {
			fields[key] = value.Field(i).Addr().Interface()
		}
	}
	return fields
}

// readText reads key by key, so that one wrong key doesn't hide another.
func (c *Config) readText(text string) (Problems, error) {
	var values map[string]toml.Primitive
	meta, err := toml.Decode(text, &values)
	if err != nil {
		return nil, err
	}
	var problems Problems
	fields := c.fields()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		field, known := fields[key]
		if !known {
			problems = append(problems, unknownKey(key))
			continue
		}
		if err := meta.PrimitiveDecode(values[key], field); err != nil {
			problems = append(problems, Problem{key, wrongType(field)})
		}
	}
	return problems, nil
}

// wrongType says what a value must look like. What it does look like isn't
// repeated: it may be a secret.
func wrongType(field any) string {
	switch field.(type) {
	case *[]string:
		return "must be a list of texts"
	case *int:
		return "must be a whole number"
	case *time.Duration:
		return `must be a length of time, like "30s"`
	}
	if reflect.TypeOf(field).Elem().Kind() == reflect.String {
		return "must be a text"
	}
	return "must be debug, info, warn or error"
}

func (c *Config) readEnvironment(variables map[string]string) Problems {
	err := env.ParseWithOptions(c, env.Options{Environment: variables, Prefix: prefix})
	var all env.AggregateError
	if !errors.As(err, &all) {
		return nil
	}
	var problems Problems
	for _, err := range all.Errors {
		var one env.ParseError
		if !errors.As(err, &one) {
			problems = append(problems, Problem{"environment", err.Error()})
			continue
		}
		field, _ := reflect.TypeFor[Config]().FieldByName(one.Name)
		value := reflect.New(field.Type).Interface()
		problems = append(problems, Problem{field.Tag.Get("toml"), wrongType(value)})
	}
	return problems
}

func environment(environ []string) map[string]string {
	variables := make(map[string]string)
	for _, line := range environ {
		if name, value, ok := strings.Cut(line, "="); ok && strings.HasPrefix(name, prefix) {
			variables[name] = value
		}
	}
	return variables
}

// addressMost is the longest that a file with a database's address may be.
const addressMost = 4096

func (c *Config) readDatabaseFile() Problems {
	if c.DatabaseFile == "" {
		return nil
	}
	f, err := os.Open(c.DatabaseFile)
	if err != nil {
		return Problems{{"database_file", "can't be read: " + err.Error()}}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, addressMost+1))
	switch {
	case err != nil:
		return Problems{{"database_file", "can't be read: " + err.Error()}}
	case len(text) > addressMost:
		return Problems{{"database_file", "has more in it than an address"}}
	}
	c.Database = Secret(strings.TrimSpace(string(text)))
	return nil
}

// A Problem is one setting that is wrong, or what was taken for one.
type Problem struct {
	Key  string // as in the file, or the variable that is no setting
	Says string // goes on after the name: "must be …"
}

func (p Problem) String() string {
	if n, ok := nameOf(variableOf(p.Key)); ok && p.Key == strings.ToLower(p.Key) {
		return n.String() + " " + p.Says
	}
	return p.Key + " " + p.Says
}

// Problems are all keys that are wrong. As an error it is a sentence and a
// line for each of them, never with a secret in it.
type Problems []Problem

func (p Problems) Error() string {
	var b strings.Builder
	b.WriteString("settings are wrong:")
	for _, problem := range p {
		b.WriteString("\n  " + problem.String())
	}
	return b.String()
}

func (p Problems) sorted() Problems {
	return slices.SortedFunc(slices.Values(p), func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Says, b.Says))
	})
}
