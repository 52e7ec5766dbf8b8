package handlers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti"
)

// Nobody reads of BigBlueButton what is another's fault.
func TestWhoseFaultItIs(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	_, down := (&bbb.Client{Server: bbb.Server{URL: closed.URL, Algorithm: bbb.SHA256}}).Meetings(t.Context())
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	away := func(err error) error { return fmt.Errorf("visit: %w: %w", classroom.ErrAway, err) }
	for _, test := range []struct {
		name string
		err  error
		code string
	}{
		{"BigBlueButton doesn't answer", fmt.Errorf("create: %w", down), "server_down"},
		{"BigBlueButton says no", &bbb.Error{Key: "checksumError"}, "server_refused"},
		{"the database isn't there", away(refused), "database_away"},
		{"the database takes too long", away(context.DeadlineExceeded), "database_away"},
		{"both", errors.Join(down, away(refused)), "database_away"},
		{"the database fails a launch", fmt.Errorf("record the launch: %w", away(refused)), "database_away"},
		{"a connection of nobody knows whom", refused, "internal"},
		{"a time limit of nobody knows what", context.DeadlineExceeded, "internal"},
		{"a refusal", &lti.Refusal{Code: "state_mismatch"}, "state_mismatch"},
		{"no server", classroom.ErrNoServer, "no_server"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := problemOf(test.err); got.Code != test.code {
				t.Errorf("told as %s, want %s", got.Code, test.code)
			}
		})
	}
}
