package configs

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Limits of settings. Whole schools log in within the same minute, all with
// one issuer, so a lower login rate would lock out a class.
const (
	pollLeast      = 100 * time.Millisecond
	pollMost       = time.Hour
	loginRateLeast = 100
	failuresMost   = 365
	masterKeySize  = 32
)

// Validate returns Problems with every key that is wrong, or nil. Load has
// called it; it is for settings that come from elsewhere.
func (c Config) Validate() error {
	if problems := c.check(); len(problems) > 0 {
		return problems.sorted()
	}
	return nil
}

func (c Config) check() Problems {
	var problems Problems
	add := func(key, says string) {
		if says != "" {
			problems = append(problems, Problem{key, says})
		}
	}
	add("listen", checkListen(c.Listen))
	add("public_url", checkPublicURL(c.PublicURL))
	add("database", checkDatabase(c))
	add("master_key_file", checkMasterKeyFile(c))
	add("master_key", checkMasterKey(c.MasterKey))
	for _, host := range c.AllowHosts {
		add("allow_hosts", checkHost(host))
	}
	if c.PollInterval < pollLeast || c.PollInterval > pollMost {
		add("poll_interval", `must be between "100ms" and "1h"`)
	}
	if c.LoginRate < loginRateLeast {
		add("login_rate", fmt.Sprintf("must be %d or more", loginRateLeast))
	}
	if c.FailuresKept < 1 || c.FailuresKept > failuresMost {
		add("failures_kept", fmt.Sprintf("must be between 1 and %d", failuresMost))
	}
	return problems
}

func checkListen(address string) string {
	if _, _, err := hostPort(address); err != nil {
		return fmt.Sprintf(`must be host:port, like "127.0.0.1:8080", and is %q`, address)
	}
	return ""
}

// checkPublicURL wants an origin: cookies and addresses of ours begin at its
// root, and the redirect URI that platforms compare is made of it.
func checkPublicURL(address string) string {
	const like = `like "https://classrooms.example.edu"`
	if address == "" {
		return "must be set: the address at which browsers reach bbbridge, " + like
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return "must be an address, " + like
	case u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(address, "#"):
		return "must be scheme, host and port alone, " + like
	case u.Scheme == "http" && !loopbackHost(u.Hostname()):
		return "must begin with https://; http:// is only for this machine itself (localhost)"
	case u.Scheme != "http" && u.Scheme != "https":
		return "must begin with https://"
	}
	return ""
}

// checkDatabase doesn't repeat the address: it may have a password in it.
func checkDatabase(c Config) string {
	if path, ok := c.sqlitePath(); ok {
		if path == "" || path == ":memory:" || strings.Contains(path, "?") {
			return `must name a file and nothing else, like "sqlite:bbbridge.db"`
		}
		return ""
	}
	scheme, _, _ := strings.Cut(string(c.Database), "://")
	if scheme != "postgres" && scheme != "postgresql" {
		return `must begin with "sqlite:" or "postgres://"`
	}
	if _, err := url.Parse(string(c.Database)); err != nil {
		return `can't be read; in its password, write / as %2F, % as %25, # as %23, ? as %3F, @ as %40, : as %3A and a blank as %20`
	}
	return ""
}

func checkMasterKeyFile(c Config) string {
	switch {
	case c.MasterKeyFile != "" && c.MasterKey != "":
		return "and BBBRIDGE_MASTER_KEY exclude each other"
	case c.MasterKeyFile == "" && c.MasterKey == "" && !c.SQLite():
		return "must be set: with PostgreSQL no key is made by itself, because all nodes need the same"
	}
	return ""
}

func checkMasterKey(key Secret) string {
	if key == "" {
		return ""
	}
	raw, err := base64.StdEncoding.DecodeString(string(key))
	if err != nil || len(raw) != masterKeySize {
		return "must be base64 of 32 bytes, as `openssl rand -base64 32` prints"
	}
	return ""
}

func checkHost(address string) string {
	host, port, err := hostPort(address)
	if err != nil || host == "" || port == 0 {
		return fmt.Sprintf(`must have entries like "lms.internal:443", and one is %q`, address)
	}
	return ""
}
