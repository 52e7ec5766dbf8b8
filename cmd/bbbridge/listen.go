package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/bbbridge/bbbridge/configs"
)

// listen opens the address of the web server, or takes the socket that systemd
// has opened there (sd_listen_fds(3)): what comes while the service restarts
// waits in it.
func (p *program) listen(address string) (net.Listener, error) {
	if !slices.Contains(p.env, "LISTEN_PID="+strconv.Itoa(os.Getpid())) {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return nil, cantListen(address, configs.Called("listen"), err)
		}
		return listener, nil
	}
	if !slices.Contains(p.env, "LISTEN_FDS=1") {
		return nil, errors.New("systemd gives several sockets, and one is taken: bbbridge.socket may have one ListenStream= only")
	}
	const first = 3
	file := os.NewFile(first, "bbbridge.socket")
	defer file.Close() // the listener has its own
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("the socket of systemd: %w", err)
	}
	if !same(listener.Addr(), address) {
		return nil, errors.Join(fmt.Errorf("systemd's socket is at %s, and %s says %s: let ListenStream= of bbbridge.socket be the same, "+
			"or do without it ('systemctl mask --now bbbridge.socket')", listener.Addr(), configs.Called("listen"), address), listener.Close())
	}
	return listener, nil
}

// same reports whether a socket is where a setting says.
func same(at net.Addr, setting string) bool {
	is, ok := at.(*net.TCPAddr)
	wanted, err := net.ResolveTCPAddr("tcp", setting)
	if !ok || err != nil || is.Port != wanted.Port {
		return false
	}
	all := wanted.IP == nil || wanted.IP.IsUnspecified()
	return is.IP.Equal(wanted.IP) || all && is.IP.IsUnspecified()
}

// cantListen says why the web server can't have an address, and what to do;
// setting is what chooses it.
func cantListen(address, setting string, err error) error {
	_, port, _ := net.SplitHostPort(address)
	var lookup *net.DNSError
	var none *net.AddrError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("port %[1]s is in use: another program, or another bbbridge, listens at %[2]s. "+
			"Stop it ('ss -ltnp sport = :%[1]s' says which it is), or choose another port with %[3]s", port, address, setting)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("this user may not listen at %s: ports below 1024 are root's. Choose another with %s, and let a reverse proxy have this one", address, setting)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("this machine has no address %s: %s must be one of its own, or 0.0.0.0 for all", strings.TrimSuffix(address, ":"+port), setting)
	case errors.As(err, &lookup), errors.As(err, &none):
		return fmt.Errorf("there is no address of the name in %s: %s: %w", address, setting, err)
	}
	return fmt.Errorf("listen at %s: %w", address, err)
}
