package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/configs"
)

// healthPatience is longer than /readyz takes to say no.
const healthPatience = 5 * time.Second

type healthCommand struct {
	Alive bool `help:"Ask only whether it answers at all, not whether it can serve: its database may be away."`
}

// Run asks the service that these settings start, on this machine. An image
// without a shell has nothing else to ask with.
func (h healthCommand) Run(p *program) error {
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	path := "/readyz"
	if h.Alive {
		path = "/healthz"
	}
	address, err := ownAddress(cfg.Listen)
	if err != nil {
		return err
	}
	// No proxy, whatever the environment says, and no other server's answer.
	client := &http.Client{Timeout: healthPatience, Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	ask, err := http.NewRequestWithContext(p, http.MethodGet, "http://"+address+path, http.NoBody)
	if err != nil {
		return err
	}
	res, err := client.Do(ask)
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(io.LimitReader(res.Body, 200))
	if err != nil {
		return fmt.Errorf("no whole answer from %s: %w", address, err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s%s answers %d: %q", address, path, res.StatusCode, strings.TrimSpace(string(said)))
	}
	_, err = fmt.Fprintln(p.out, strings.TrimSpace(string(said)))
	return err
}

// ownAddress is where this machine reaches what listens at an address, which
// may stand for all of the machine's.
func ownAddress(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", err // Validate has looked
	}
	if port == "0" {
		return "", fmt.Errorf("%s is port 0, so any that was free: nobody but its log knows which", configs.Called("listen"))
	}
	// Not the name localhost: an image has no /etc/hosts of its own.
	switch host {
	case "", "0.0.0.0":
		host = "127.0.0.1"
	case "::":
		host = "::1"
	}
	return net.JoinHostPort(host, port), nil
}
