package main

import (
	"fmt"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bbbridge/bbbridge/configs"
)

// A wire leads to PostgreSQL, and can be cut, or held so that nothing comes
// through.
type wire struct {
	t       *testing.T
	server  pgx.ConnConfig
	in      net.Listener
	mu      sync.Mutex
	ends    map[net.Conn]bool
	isCut   bool
	flows   chan struct{} // closed while what comes goes through
	pumping sync.WaitGroup
}

func newWire(t *testing.T, dsn string) *wire {
	t.Helper()
	server, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, server: *server, in: in, ends: map[net.Conn]bool{}, flows: make(chan struct{})}
	close(w.flows)
	w.pumping.Go(w.accept)
	t.Cleanup(func() {
		w.mend()
		in.Close()
		w.drop()
		w.pumping.Wait()
	})
	return w
}

// to is the address of a schema by the wire.
func (w *wire) to(dsn configs.Secret) configs.Secret {
	w.t.Helper()
	config, err := pgx.ParseConfig(string(dsn))
	if err != nil {
		w.t.Fatal(err)
	}
	query := url.Values{"sslmode": {"disable"}, "search_path": {config.RuntimeParams["search_path"]}}
	return configs.Secret(fmt.Sprintf("postgres://%s@%s/%s?%s", url.UserPassword(config.User, config.Password), w.in.Addr(), config.Database, query.Encode()))
}

func (w *wire) accept() {
	for {
		near, err := w.in.Accept()
		if err != nil {
			return
		}
		network, address := pgconn.NetworkAddress(w.server.Host, w.server.Port)
		far, err := net.Dial(network, address)
		w.mu.Lock()
		if err != nil || w.isCut {
			w.mu.Unlock()
			near.Close()
			if far != nil {
				far.Close()
			}
			continue
		}
		w.ends[near], w.ends[far] = true, true
		w.mu.Unlock()
		w.pumping.Go(func() { w.pump(near, far) })
		w.pumping.Go(func() { w.pump(far, near) })
	}
}

func (w *wire) pump(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		w.mu.Lock()
		flows := w.flows
		w.mu.Unlock()
		<-flows
		if n > 0 {
			if _, err := to.Write(piece[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (w *wire) drop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for end := range w.ends {
		end.Close()
		delete(w.ends, end)
	}
}

func (w *wire) cut() {
	w.mu.Lock()
	w.isCut = true
	w.mu.Unlock()
	w.drop()
}

func (w *wire) hold() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flows = make(chan struct{})
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = false
	select {
	case <-w.flows:
	default:
		close(w.flows)
	}
}
