package main

import (
	"bufio"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
)

// gcPercent lets the heap, which is small, grow to three times what lives in
// it: a launch spends half the time in the collector that it would otherwise
// (docs/performance.md).
const gcPercent = 200

// settle gives back what only the start needed, of the heap and of the pages
// of the program's own file. GOGC, if set, has its way.
func settle() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	debug.FreeOSMemory()
	self, err := os.Readlink("/proc/self/exe")
	if err != nil { // no Linux
		return
	}
	if smaps, err := os.Open("/proc/self/smaps"); err == nil {
		defer smaps.Close()
		for _, m := range untouched(smaps, self) {
			// What is read or run again comes back from the page cache.
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, m.from, m.to-m.from, syscall.MADV_DONTNEED)
		}
	}
}

// A mapping is a range of addresses.
type mapping struct{ from, to uintptr }

// untouched finds where a file is mapped that can't be written, and hasn't
// been: nothing gets lost there. What the loader has adjusted and sealed since
// (RELRO) was written.
func untouched(smaps io.Reader, file string) []mapping {
	var found []mapping
	var at mapping
	is := false
	for lines := bufio.NewScanner(smaps); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if from, to, ok := addresses(words); ok {
			at = mapping{from, to}
			is = strings.Join(words[5:], " ") == file && (words[1] == "r-xp" || words[1] == "r--p")
			continue
		}
		if is && len(words) == 3 && words[0] == "Anonymous:" && words[1] == "0" {
			found = append(found, at)
		}
	}
	return found
}

// addresses are those at the beginning of a mapping's first line.
func addresses(words []string) (from, to uintptr, ok bool) {
	if len(words) < 5 {
		return 0, 0, false
	}
	first, last, ok := strings.Cut(words[0], "-")
	a, err1 := strconv.ParseUint(first, 16, 64)
	b, err2 := strconv.ParseUint(last, 16, 64)
	return uintptr(a), uintptr(b), ok && err1 == nil && err2 == nil
}
