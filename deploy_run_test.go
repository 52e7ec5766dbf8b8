//go:build deploy

package bbbridge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// exposureMost is what systemd-analyze may find open in the unit, of 100.
const exposureMost = "15"

// TestUnit wants systemd to understand the unit and its socket, and to find
// little open.
func TestUnit(t *testing.T) {
	root := t.TempDir() // a machine on which the package is installed
	units := filepath.Join(root, "usr/lib/systemd/system")
	for _, folder := range []string{units, filepath.Join(root, "usr/bin"), filepath.Join(units, "bbbridge.service.d")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "usr/bin/bbbridge"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"bbbridge.service": "", "bbbridge.socket": "", "credentials.conf": "bbbridge.service.d"} {
		if err := os.WriteFile(filepath.Join(units, to, name), []byte(read(t, "deploy/"+name)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	verify := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--recursive-errors=no", "--man=no", "--root="+root, "bbbridge.service", "bbbridge.socket")
	if out, err := verify.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("verify: %v\n%s", err, out)
	}
	security := exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=true", "--threshold="+exposureMost, "deploy/bbbridge.service")
	if out, err := security.CombinedOutput(); err != nil {
		t.Errorf("security: %v\n%s", err, out)
	}
}

// A builder is buildah with a store of its own. It isolates with chroot, which
// works inside containers too.
type builder struct {
	t      *testing.T
	folder string
}

func (b builder) command(words ...string) *exec.Cmd {
	all := append([]string{"--root", filepath.Join(b.folder, "root"), "--runroot", filepath.Join(b.folder, "run"), "--storage-driver", "vfs"}, words...)
	return b.within(append([]string{"buildah"}, all...)...)
}

// within runs a program among users as images have them: those who aren't root
// get some that are theirs alone.
func (b builder) within(words ...string) *exec.Cmd {
	if os.Geteuid() != 0 {
		words = append([]string{"buildah", "unshare"}, words...)
	}
	return exec.CommandContext(context.WithoutCancel(b.t.Context()), words[0], words[1:]...)
}

// newBuilder makes one, and takes away what it has stored.
func newBuilder(t *testing.T) builder {
	b := builder{t, t.TempDir()}
	t.Cleanup(func() {
		if out, err := b.within("rm", "-rf", filepath.Join(b.folder, "root"), filepath.Join(b.folder, "run")).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	return b
}

func (b builder) must(words ...string) string {
	b.t.Helper()
	cmd := b.command(words...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		b.t.Fatalf("%s: %v\n%s%s", strings.Join(words, " "), err, out, errs.String())
	}
	return strings.TrimSpace(string(out))
}

// image builds the image of the program that `make build` makes.
func (b builder) image() {
	b.t.Helper()
	folder := b.t.TempDir()
	sh(b.t, ".", "make -s build VERSION=test OUT="+folder+"/bbbridge && mkdir -p "+folder+"/deploy/data && cp -L /etc/ssl/certs/ca-certificates.crt "+folder+"/deploy/")
	b.must("bud", "--isolation", "chroot", "--format", "docker", "-f", "deploy/Containerfile", "-t", "bbbridge", folder)
}

// TestImage builds the image and starts what is in it.
func TestImage(t *testing.T) {
	b := newBuilder(t)
	b.image()
	var image struct {
		Docker struct {
			Config struct {
				User                   string
				Env, Entrypoint, Cmd   []string
				Volumes                map[string]struct{}
				Healthcheck            struct{ Test []string }
				WorkingDir, StopSignal string
			} `json:"config"`
		}
	}
	if err := json.Unmarshal([]byte(b.must("inspect", "--type", "image", "bbbridge")), &image); err != nil {
		t.Fatal(err)
	}
	config := image.Docker.Config
	file := containerfile(t)
	if _, ok := config.Volumes["/var/lib/bbbridge"]; !ok || config.User != file["USER"][0].words[0] || config.WorkingDir != "/var/lib/bbbridge" {
		t.Errorf("the image: %+v", config)
	}
	if diff := cmp.Diff([]string{"CMD", "/usr/bin/bbbridge", "health"}, config.Healthcheck.Test); diff != "" {
		t.Errorf("health check (-want +got):\n%s", diff)
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := listener.Addr().String()
	listener.Close()
	box := b.must("from", "bbbridge")
	b.must("config", "--env", "BBBRIDGE_PUBLIC_URL=https://classrooms.example.edu", "--env", "BBBRIDGE_LISTEN="+listen, box)
	run := func(words ...string) *exec.Cmd {
		return b.command(append([]string{"run", "--isolation", "chroot", box, "--"}, words...)...)
	}
	if out, err := run(config.Healthcheck.Test[1:]...).CombinedOutput(); err == nil {
		t.Errorf("healthy before it is started: %s", out)
	}
	serve := run(append(config.Entrypoint, config.Cmd...)...)
	var said lockedOutput
	serve.Stdout, serve.Stderr, serve.WaitDelay = &said, &said, time.Second
	serve.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = syscall.Kill(-serve.Process.Pid, syscall.SIGTERM)
		_ = serve.Wait()
	}()
	deadline := time.NewTimer(5 * time.Minute)
	defer deadline.Stop()
	for healthy := false; !healthy; {
		select {
		case <-deadline.C:
			t.Fatalf("never healthy: %s", said.String())
		default:
			healthy = run(config.Healthcheck.Test[1:]...).Run() == nil
		}
	}
	if !strings.Contains(said.String(), "https://classrooms.example.edu/admin/setup?code=") {
		t.Errorf("no setup link: %s", said.String())
	}
	root := b.must("mount", b.must("from", "bbbridge")) // in which nothing has run
	look := b.within("sh", "-c", "cd "+root+" && find . -type f -o -type d -path './var/lib/*' | sort && stat -c '%u:%g' var/lib/bbbridge")
	got, err := look.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, got)
	}
	want := strings.Join([]string{"./etc/ssl/certs/ca-certificates.crt", "./usr/bin/bbbridge", "./var/lib/bbbridge", "65532:65532", ""}, "\n")
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("in the image (-want +got):\n%s", diff)
	}
}

// lockedOutput keeps what a process writes.
type lockedOutput struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *lockedOutput) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *lockedOutput) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
