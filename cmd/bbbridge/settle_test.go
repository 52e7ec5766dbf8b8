package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// After smaps of Linux 6.18, of a program that can be loaded anywhere.
const smaps = `7f0000000000-7f0000031000 r--p 00000000 fe:00 99 /usr/local/bin/my bridge
Rss:                 196 kB
Private_Dirty:       196 kB
Anonymous:             0 kB
7f0000031000-7f0000e12000 r-xp 00031000 fe:00 99                         /usr/local/bin/my bridge
Rss:                9000 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
7f0000e12000-7f0000e20000 r-xp 00e12000 fe:00 99                         /usr/local/bin/my bridge
Anonymous:             4 kB
7f0000f00000-7f0001246000 r--p 00f00000 fe:00 99                         /usr/local/bin/my bridge
Rss:                3352 kB
Anonymous:          3352 kB
7f0001246000-7f0001400000 rw-p 01246000 fe:00 99                         /usr/local/bin/my bridge
Anonymous:             0 kB
7f0001400000-7f0001500000 r--s 01246000 fe:00 99                         /usr/local/bin/my bridge
Anonymous:             0 kB
7f0002000000-7f0002100000 r--p 00000000 fe:00 12                         /usr/lib/libc.so.6
Anonymous:             0 kB
7f0003000000-7f0003100000 r--p 00000000 00:00 0
Anonymous:             0 kB
7f0004000000-7f0004100000 r--p 00000000 00:00 0                          [anon: Go: heap]
Anonymous:             0 kB
nonsense
Anonymous:             0 kB
zz-7f00 r--p 00000000 fe:00 99                         /usr/local/bin/my bridge
Anonymous:             0 kB
`

// Only what can be had again from the program's own file is given back: not
// what was written, what can be, and what belongs to others.
func TestUntouched(t *testing.T) {
	want := []mapping{{0x7f0000000000, 0x7f0000031000}, {0x7f0000031000, 0x7f0000e12000}}
	if diff := cmp.Diff(want, untouched(strings.NewReader(smaps), "/usr/local/bin/my bridge"), cmp.AllowUnexported(mapping{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := untouched(strings.NewReader(smaps), "/usr/local/bin/another"); len(got) != 0 {
		t.Errorf("of another file: %v", got)
	}
}
