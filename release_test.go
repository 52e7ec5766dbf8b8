//go:build release

package bbbridge_test

import (
	"crypto/sha256"
	"debug/elf"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What .ci/release makes of each machine's program.
var machines = map[string]struct {
	rpm, qemu string
	elf       elf.Machine
}{
	"amd64": {"x86_64", "qemu-x86_64-static", elf.EM_X86_64},
	"arm64": {"aarch64", "qemu-aarch64-static", elf.EM_AARCH64},
}

// made is the one file in dist/ whose name is like this.
func made(t *testing.T, pattern string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("dist", pattern))
	if err != nil || len(names) != 1 {
		t.Fatalf("dist/%s: %v %v", pattern, names, err)
	}
	return names[0]
}

func TestReleaseChecksums(t *testing.T) {
	var want strings.Builder
	entries, err := os.ReadDir("dist")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() != "checksums.txt" {
			fmt.Fprintf(&want, "%x  %s\n", sha256.Sum256([]byte(read(t, "dist/"+entry.Name()))), entry.Name())
		}
	}
	if diff := cmp.Diff(want.String(), read(t, "dist/checksums.txt")); diff != "" || len(entries) != 3*len(machines)+1 {
		t.Errorf("%d files; checksums (-want +got)\n%s", len(entries), diff)
	}
}

// unpacked is the folder in a machine's archive.
func unpacked(t *testing.T, arch string) string {
	t.Helper()
	folder := t.TempDir()
	archive, err := filepath.Abs(made(t, "*_linux_"+arch+".tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	sh(t, folder, "tar --preserve-permissions -xzf "+archive)
	return filepath.Join(folder, strings.TrimSuffix(filepath.Base(archive), ".tar.gz"))
}

// TestReleasePrograms starts the program of each machine, that of another in
// QEMU.
func TestReleasePrograms(t *testing.T) {
	for arch, machine := range machines {
		folder := unpacked(t, arch)
		program := filepath.Join(folder, "bbbridge")
		file, err := elf.Open(program)
		if err != nil {
			t.Fatal(err)
		}
		if file.Machine != machine.elf {
			t.Errorf("%s: it is for %v", arch, file.Machine)
		}
		file.Close()
		words := []string{program, "version"}
		if arch != runtime.GOARCH {
			words = append([]string{machine.qemu}, words...)
		}
		version := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(folder), "bbbridge_"), "_linux_"+arch)
		out, err := exec.CommandContext(t.Context(), words[0], words[1:]...).CombinedOutput()
		if err != nil || string(out) != "bbbridge "+version+"\n" {
			t.Errorf("%s says %q, %v", arch, out, err)
		}
		for _, c := range containerfile(t)["COPY"] {
			if _, err := os.Stat(filepath.Join(folder, c.words[len(c.words)-2])); err != nil {
				t.Errorf("what the image is built of: %v", err)
			}
		}
	}
}

// TestReleaseIsReproducible makes archive and packages again of what is in an
// archive, and the program of the source.
func TestReleaseIsReproducible(t *testing.T) {
	folder, again := unpacked(t, runtime.GOARCH), t.TempDir()
	sh(t, ".", ".ci/pack "+folder+" "+again)
	names, err := filepath.Glob(filepath.Join(again, "*"))
	if err != nil || len(names) != 3 {
		t.Fatalf("made again: %q, %v", names, err)
	}
	for _, name := range names {
		if read(t, name) != read(t, "dist/"+filepath.Base(name)) {
			t.Errorf("%s has become another", filepath.Base(name))
		}
	}
	version := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(folder), "bbbridge_"), "_linux_"+runtime.GOARCH)
	sh(t, ".", "make -s build VERSION="+version+" OUT="+again+"/program")
	if read(t, again+"/program") != read(t, folder+"/bbbridge") {
		t.Error("the program has become another")
	}
}

// owned are the files of a package that aren't documentation.
var owned = []string{
	"drwx------ bbbridge:bbbridge /var/lib/bbbridge",
	"-rw-r----- root:bbbridge /etc/bbbridge/bbbridge.toml",
	"-rw-r--r-- root:root /usr/lib/systemd/system/bbbridge.service",
	"-rw-r--r-- root:root /usr/lib/systemd/system/bbbridge.socket",
	"-rwxr-xr-x root:root /usr/bin/bbbridge",
	"drwxr-x--- root:bbbridge /etc/bbbridge",
}

// documented are files that its pages and its own files lead to.
var documented = []string{"README.md", "CHANGELOG.md", "copyright", "docs/operations.md", "docs/install.md", "configs/example.toml", "deploy/nginx.conf", "deploy/credentials.conf"}

// compare holds a package's list of files, as "MODE OWNER:GROUP PATH", to them.
func compare(t *testing.T, list []string) {
	t.Helper()
	var rest []string
	docs := map[string]bool{}
	for _, line := range list {
		if _, name, ok := strings.Cut(line, "/usr/share/doc/bbbridge"); ok {
			docs[strings.TrimPrefix(name, "/")] = true
			if !regexp.MustCompile(`^(drwxr-xr-x|-rw[x-]r-[x-]r-[x-]) root:root `).MatchString(line) {
				t.Errorf("documentation: %s", line)
			}
			continue
		}
		rest = append(rest, line)
	}
	want := slices.Sorted(slices.Values(owned))
	slices.Sort(rest)
	if diff := cmp.Diff(want, rest); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for _, name := range documented {
		if !docs[name] {
			t.Errorf("no %s", name)
		}
	}
}

func TestReleaseDeb(t *testing.T) {
	for arch := range machines {
		file := made(t, "bbbridge_*_"+arch+".deb")
		if got := sh(t, ".", "dpkg-deb -f "+file+" Package Architecture Pre-Depends Depends"); got != "Package: bbbridge\nArchitecture: "+arch+"\nPre-Depends: passwd\nDepends: ca-certificates\n" {
			t.Errorf("%s: %s", file, got)
		}
		if got := sh(t, ".", "dpkg-deb -I "+file+" conffiles"); got != "/etc/bbbridge/bbbridge.toml\n" {
			t.Errorf("settings that are kept: %s", got)
		}
		shared := []string{"/", "/etc", "/usr", "/usr/bin", "/usr/lib", "/usr/lib/systemd", "/usr/lib/systemd/system", "/usr/share", "/usr/share/doc", "/var", "/var/lib"}
		var list []string
		for line := range strings.Lines(sh(t, ".", "dpkg-deb -c "+file)) {
			words := strings.Fields(line)
			name := "/" + strings.Trim(strings.TrimPrefix(words[5], "."), "/")
			if !slices.Contains(shared, name) {
				list = append(list, words[0]+" "+strings.Replace(words[1], "/", ":", 1)+" "+name)
			}
		}
		compare(t, list)
	}
}

func TestReleaseRPM(t *testing.T) {
	for arch, machine := range machines {
		file := made(t, "bbbridge-*."+machine.rpm+".rpm")
		query := func(what string) []string {
			return strings.Split(strings.TrimSpace(sh(t, ".", "rpm --dbpath /nonexistent -qp "+what+" "+file+" 2>/dev/null")), "\n")
		}
		if got := query("--qf '%{NAME} %{ARCH} %{OS} %{BUILDHOST}\n'"); got[0] != "bbbridge "+machine.rpm+" linux bbbridge" {
			t.Errorf("%s: %s", arch, got)
		}
		if got := query("--configfiles"); !slices.Equal(got, []string{"/etc/bbbridge/bbbridge.toml"}) {
			t.Errorf("settings that are kept: %s", got)
		}
		if got := query("--requires"); !slices.Contains(got, "/usr/sbin/useradd") || !slices.Contains(got, "ca-certificates") {
			t.Errorf("needs %s", got)
		}
		scripts := strings.Join(query("--scripts"), "\n")
		for _, name := range []string{"preinstall", "postinstall", "preremove", "postremove"} {
			if !strings.Contains(scripts, strings.TrimSpace(read(t, "deploy/"+name+".sh"))) {
				t.Errorf("%s: no %s.sh in it", arch, name)
			}
		}
		compare(t, query("--qf '[%{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILENAMES}\n]'"))
	}
}

// installing runs in a machine that is this one, but for all that it changes.
// A systemctl of its own says what it was asked to do.
const installing = `
set -eu
mount -t tmpfs none "$1"
mkdir "$1/up" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --bind /dev "$1/root/dev"
cp "$2" "$1/root/tmp/bbbridge.deb"
mkdir -p "$1/root/run/systemd/system" "$1/root/usr/local/bin"
printf '#!/bin/sh\necho "systemctl $*"\n' >"$1/root/usr/local/bin/systemctl"
chmod 755 "$1/root/usr/local/bin/systemctl"
exec chroot "$1/root" sh -euc "$3"
`

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// TestReleaseInstalls installs the package, starts the service as its unit
// does, upgrades and removes it.
func TestReleaseInstalls(t *testing.T) {
	const inside = `
export DEBIAN_FRONTEND=noninteractive PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
step() { echo "- $1"; }
step install
dpkg --force-depends -i /tmp/bbbridge.deb
step files
stat -c '%A %U:%G %n' /var/lib/bbbridge /etc/bbbridge /etc/bbbridge/bbbridge.toml
getent passwd bbbridge | cut -d: -f1,6-7
step start
sed -i 's,^public_url.*,public_url = "https://classrooms.example.edu",; s,:8080,:PORT,' /etc/bbbridge/bbbridge.toml
as() { runuser -u bbbridge -- sh -c "cd /var/lib/bbbridge && umask 077 && $*"; }
as 'echo $$ >/tmp/pid;' exec bbbridge serve --config /etc/bbbridge/bbbridge.toml >/tmp/out 2>/tmp/log &
n=0
until as bbbridge health --config /etc/bbbridge/bbbridge.toml 2>/tmp/why; do
  n=$((n + 1))
  [ $n -lt 600 ] || { cat /tmp/why /tmp/log; exit 1; }
done
grep -o 'https://classrooms.example.edu/admin/setup?code=' /tmp/out
kill $(cat /tmp/pid)
wait
step upgrade
dpkg --force-depends -i /tmp/bbbridge.deb
step remove
dpkg -r bbbridge
step purge
dpkg -P bbbridge
step left
ls /var/lib/bbbridge
`
	port := freePort(t)
	deb, err := filepath.Abs(made(t, "bbbridge_*_"+runtime.GOARCH+".deb"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "--propagation", "private", "--", "sh", "-c", installing, "sh", t.TempDir(), deb, strings.ReplaceAll(inside, "PORT", port))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	steps := map[string]string{}
	for _, part := range strings.Split("\n"+string(out), "\n- ")[1:] {
		name, said, _ := strings.Cut(part, "\n")
		steps[name] = said
	}
	for step, wants := range map[string][]string{
		"install": {"systemctl daemon-reload", "Set public_url in /etc/bbbridge/bbbridge.toml", "systemctl enable --now bbbridge\n"},
		"files":   {owned[0], owned[1], owned[5], "bbbridge:/var/lib/bbbridge:/usr/sbin/nologin"},
		"start":   {"ready", "https://classrooms.example.edu/admin/setup?code="},
		"upgrade": {"systemctl try-restart bbbridge.service"},
		"remove":  {"systemctl disable --now bbbridge.service bbbridge.socket", "systemctl daemon-reload"},
		"left":    {"bbbridge.db", "bbbridge.key"},
	} {
		for _, want := range wants {
			if !strings.Contains(steps[step], want) {
				t.Errorf("%s doesn't say %q:\n%s", step, want, steps[step])
			}
		}
	}
	if strings.Contains(steps["install"], "try-restart") || strings.Contains(steps["upgrade"], "disable") || strings.Contains(steps["upgrade"], "Set public_url") {
		t.Errorf("what belongs to another step is done:\n%s\n%s", steps["install"], steps["upgrade"])
	}
}
