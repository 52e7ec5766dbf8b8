package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"
)

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
