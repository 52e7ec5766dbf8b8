// Package configs is what an operator can set: the defaults, then a TOML file,
// then the environment. Only cmd sees it; each package gets the values that it
// needs as fields of its own.
package configs

import (
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Config is all settings. Each is called by its toml tag in the file, and by
// its env tag behind BBBRIDGE_ in the environment. Config comes from Load;
// after it, every value is good.
type Config struct {
	Listen    string `toml:"listen" env:"LISTEN"`         // host:port of the web server; port 0: any free one
	PublicURL string `toml:"public_url" env:"PUBLIC_URL"` // origin that browsers see, without a slash at the end

	Database     Secret `toml:"database" env:"DATABASE"` // sqlite:PATH or postgres://…
	DatabaseFile string `toml:"database_file" env:"DATABASE_FILE"`

	// The master key: a file, or the key itself, which only the environment
	// can hold. One of both is set.
	MasterKeyFile string `toml:"master_key_file" env:"MASTER_KEY_FILE"`
	MasterKey     Secret `toml:"-" env:"MASTER_KEY"` // base64 of 32 bytes

	ReportFolder string `toml:"report_folder" env:"REPORT_FOLDER"` // for reports that the database can't take

	AllowHosts []string `toml:"allow_hosts" env:"ALLOW_HOSTS"` // host:port, lower case

	PollInterval time.Duration `toml:"poll_interval" env:"POLL_INTERVAL"`
	LoginRate    int           `toml:"login_rate" env:"LOGIN_RATE"`       // logins a second for each issuer
	FailuresKept int           `toml:"failures_kept" env:"FAILURES_KEPT"` // days
	LogLevel     slog.Level    `toml:"log_level" env:"LOG_LEVEL"`
}

// Defaults returns the settings of someone who set nothing. They lack a
// PublicURL: nobody but the operator knows it.
func Defaults() Config {
	return Config{
		Listen:       "127.0.0.1:8080",
		Database:     "sqlite:bbbridge.db",
		PollInterval: 30 * time.Second,
		LoginRate:    5000,
		FailuresKept: 30,
		LogLevel:     slog.LevelInfo,
	}
}

// SQLite reports whether the database is a file of SQLite.
func (c Config) SQLite() bool {
	_, ok := c.sqlitePath()
	return ok
}

func (c Config) sqlitePath() (path string, ok bool) {
	return strings.CutPrefix(string(c.Database), "sqlite:")
}

// Loopback reports whether the public URL is http on this machine, which is
// for trying things out: the service is then seen from nowhere else.
func (c Config) Loopback() bool {
	u, err := url.Parse(c.PublicURL)
	return err == nil && u.Scheme == "http" && loopbackHost(u.Hostname())
}

func loopbackHost(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// complete fills in what follows from other settings, and writes things the
// one way that the rest of the program expects.
func (c *Config) complete() {
	c.PublicURL = strings.TrimSuffix(strings.TrimSpace(c.PublicURL), "/")
	c.AllowHosts = trimmed(c.AllowHosts)
	for i, host := range c.AllowHosts {
		c.AllowHosts[i] = strings.ToLower(host)
	}
	if c.ReportFolder == "" {
		c.ReportFolder = "bbbridge-reports"
		if path, ok := c.sqlitePath(); ok {
			c.ReportFolder = strings.TrimSuffix(path, filepath.Ext(path)) + "-reports"
		}
	}
	c.MasterKey = Secret(strings.TrimSpace(string(c.MasterKey)))
	if c.MasterKeyFile == "" && c.MasterKey == "" {
		if path, ok := c.sqlitePath(); ok {
			c.MasterKeyFile = strings.TrimSuffix(path, filepath.Ext(path)) + ".key"
		}
	}
}

// trimmed returns the words of list without the blanks around them and
// without empty ones: "a:1, b:2," is how people write lists.
func trimmed(list []string) []string {
	var words []string
	for _, word := range list {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return words
}

// hostPort splits an address; port is 0 to 65535, as a number.
func hostPort(address string) (host string, port uint64, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.ParseUint(text, 10, 16)
	return host, port, err
}
