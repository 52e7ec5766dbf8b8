package main

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// socketed gives the process a socket as systemd does: it stays open while
// the process isn't there. fds is how many systemd says that there are.
func (p *process) socketed(socket *os.File, fds string) *exec.Cmd {
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0" serve`, os.Args[0])
	cmd.Env = append(p.env, "LISTEN_FDS="+fds)
	cmd.ExtraFiles, cmd.Stderr = []*os.File{socket}, &p.log
	return cmd
}

// socketOf opens a socket where the process is to listen.
func socketOf(t *testing.T, p *process) *os.File {
	t.Helper()
	listener, err := net.Listen("tcp", hostOf(p.at))
	if err != nil {
		t.Fatal(err)
	}
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	return socket
}

// BigBlueButton sends its report once: what comes between the end of one
// process and the start of the next is answered by the next.
func TestRequestsOfARestartWait(t *testing.T) {
	p := newProcess(t)
	p.must("server", "list")
	socket := socketOf(t, p)
	answers := make(chan error)
	for range 2 {
		// Asked while nobody is there to answer.
		go func() {
			res, err := http.Get(p.at + "/healthz")
			if err == nil {
				err = res.Body.Close()
			}
			answers <- err
		}()
		cmd := p.socketed(socket, "1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if err := <-answers; err != nil {
			t.Errorf("a request of before the start: %v\n%s", err, p.log.String())
		}
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("asked to stop, it ends with %v\n%s", err, p.log.String())
		}
	}
}

// Whoever changes `listen` and not the socket is told, instead of finding
// nothing at the new address.
func TestSocketElsewhere(t *testing.T) {
	for _, test := range []struct{ name, env, fds, want string }{
		{"at another port", "BBBRIDGE_LISTEN=127.0.0.1:1", "1", "says 127.0.0.1:1: let ListenStream= of bbbridge.socket be the same"},
		{"several", "", "2", "may have one ListenStream= only"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProcess(t)
			socket := socketOf(t, p)
			p.env = append(p.env, test.env)
			if err := p.socketed(socket, test.fds).Run(); err == nil || !strings.Contains(p.log.String(), test.want) {
				t.Errorf("%v: %s", err, p.log.String())
			}
		})
	}
	p := newProcess(t)
	p.env = append(p.env, "LISTEN_PID=1", "LISTEN_FDS=1") // of another process
	p.serve()
}
