package admin

import (
	"context"
	"errors"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
)

// Found is what a look at a server brought.
type Found struct {
	At       time.Time
	Cause    bbb.Cause `json:",omitempty"` // why it can't be used; empty: it can
	Detail   string    `json:",omitempty"` // in the server's words, or the system's
	Version  string    `json:",omitempty"` // of the API
	BBB      string    `json:",omitempty"` // of BigBlueButton, if it lets that be seen
	Build    string    `json:",omitempty"` // Scalelite's
	GraphQL  bool      `json:",omitempty"` // BigBlueButton 3.0 or later
	Webhooks bool      `json:",omitempty"`
	// Algorithm is one that works where that of the server doesn't.
	Algorithm bbb.Algorithm `json:",omitempty"`
}

// Works reports whether the server answered signed calls.
func (f Found) Works() bool { return !f.At.IsZero() && f.Cause == "" }

func (f Found) algorithm(otherwise bbb.Algorithm) bbb.Algorithm {
	switch {
	case otherwise != "":
		return otherwise
	case f.Algorithm != "":
		return f.Algorithm
	}
	return bbb.SHA256
}

// checkMost bounds a look at a server, while somebody waits for it.
const checkMost = 15 * time.Second

// Check looks at a server that somebody is about to add: is it there, does it
// take the secret. It is an InvalidError for what can't even be asked.
func (s *Servers) Check(ctx context.Context, by Actor, w ServerWish) (Found, error) {
	if err := by.May(EditServers, ""); err != nil {
		return Found{}, err
	}
	server, wrong := s.server(w)
	delete(wrong, "server_name")
	if why := secretWrong(w.Secret); why != "" {
		wrong["server_secret"] = why
	}
	if len(wrong) > 0 {
		return Found{}, &InvalidError{wrong}
	}
	return s.look(ctx, server, w.Algorithm == ""), nil
}

// CheckAgain looks at a server that is set up, and keeps what was found.
func (s *Servers) CheckAgain(ctx context.Context, by Actor, idOrName string) (Found, error) {
	card, err := s.Find(ctx, by, idOrName)
	if err != nil {
		return Found{}, err
	}
	f := s.look(ctx, card.Server, false)
	return f, s.saveFound(ctx, card.ID, f)
}

// look asks a server who it is and whether it takes our signature; any, with
// whichever algorithm.
func (s *Servers) look(ctx context.Context, server classroom.Server, any bool) Found {
	ctx, cancel := context.WithTimeout(ctx, checkMost)
	defer cancel()
	client, f := s.Client(server), Found{At: s.Now()}
	version, err := client.Version(ctx)
	f.Version, f.BBB, f.Build, f.GraphQL = version.Version, version.BBB, version.Build, version.GraphQL
	if err == nil {
		_, err = client.Meetings(ctx)
	}
	if errors.Is(err, bbb.ErrChecksum) {
		var probed error
		if f.Algorithm, probed = client.ProbeAlgorithms(ctx); probed == nil && any {
			err = nil
		}
	}
	if err != nil {
		f.Cause, f.Detail = causeOf(err)
		if f.Cause == bbb.CauseChecksum && f.Algorithm != "" {
			f.Cause = CauseAlgorithm
		}
		return f
	}
	f.Webhooks, _ = client.Webhooks(ctx) // whether or not it says so
	return f
}

// CauseAlgorithm is of a server that takes the secret with another algorithm.
const CauseAlgorithm bbb.Cause = "algorithm"

// causeOf is what an error of a server comes to, for who sets it up.
func causeOf(err error) (bbb.Cause, string) {
	const most = 300
	text := err.Error()
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "…"
	}
	return bbb.Explain(err), text
}
