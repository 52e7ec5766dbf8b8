// Command hardened looks at a program that was built for release: it says what
// of this is not so, and exits with 1 if anything isn't.
//
//   - It can be loaded at any address (PIE), and needs no loader or library for
//     that (static).
//   - What the loader writes is sealed before the program runs (full RELRO): no
//     function is looked up later, and nothing is adjusted in code.
//   - No memory can be both written and run, the stack neither.
//   - What a build tag leaves out is out.
package main

import (
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"slices"
)

// leftOut are modules that a build tag leaves out: gin's MessagePack.
var leftOut = []string{"github.com/ugorji/go/codec"}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: hardened FILE")
		os.Exit(2)
	}
	if err := errors.Join(hardened(os.Args[1]), lean(os.Args[1])); err != nil {
		fmt.Fprintf(os.Stderr, "%s:\n%v\n", os.Args[1], err)
		os.Exit(1)
	}
}

func hardened(path string) error {
	f, err := elf.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var wrong []error
	want := func(ok bool, what string) {
		if !ok {
			wrong = append(wrong, errors.New("  "+what))
		}
	}
	segments := map[elf.ProgType]*elf.Prog{}
	for _, s := range f.Progs {
		segments[s.Type] = s
		if s.Type == elf.PT_LOAD || s.Type == elf.PT_GNU_STACK {
			want(s.Flags&(elf.PF_W|elf.PF_X) != elf.PF_W|elf.PF_X, fmt.Sprintf("%v at %#x can be written and run", s.Type, s.Vaddr))
		}
	}
	has := func(tag elf.DynTag, flag uint64) bool {
		values, err := f.DynValue(tag)
		return err == nil && slices.ContainsFunc(values, func(v uint64) bool { return v&flag == flag })
	}
	want(f.Type == elf.ET_DYN && has(elf.DT_FLAGS_1, uint64(elf.DF_1_PIE)), "it isn't position-independent")
	want(segments[elf.PT_INTERP] == nil, "it isn't static: it asks for a loader")
	want(segments[elf.PT_GNU_STACK] != nil, "it doesn't say that the stack can't be run")
	want(segments[elf.PT_GNU_RELRO] != nil, "nothing is sealed once it is loaded (RELRO)")
	want(has(elf.DT_FLAGS, uint64(elf.DF_BIND_NOW)) || has(elf.DT_FLAGS_1, uint64(elf.DF_1_NOW)), "functions are looked up late, so the table stays open (-z now)")
	want(!has(elf.DT_FLAGS, uint64(elf.DF_TEXTREL)), "code is adjusted when it is loaded")
	return errors.Join(wrong...)
}

func lean(path string) error {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return err
	}
	var wrong []error
	for _, module := range info.Deps {
		if slices.Contains(leftOut, module.Path) {
			wrong = append(wrong, fmt.Errorf("  %s is in it", module.Path))
		}
	}
	return errors.Join(wrong...)
}
