package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// A page that names a command or an option which the program doesn't have
// costs an administrator an hour.
func TestPagesNameCommandsThatExist(t *testing.T) {
	parser, err := kong.New(&commands{}, helpWords())
	if err != nil {
		t.Fatal(err)
	}
	// A command is a line of its own, perhaps after sudo, or code in a line.
	said := regexp.MustCompile("(?m)(?:^|`|\\s)(?:\\./)?bbbridge ([a-z]+(?: [a-z-]+)?)([^`\n]*)")
	found := 0
	for name, text := range pages(t) {
		for _, match := range said.FindAllStringSubmatch(strings.ReplaceAll(text, "\\\n", " "), -1) {
			node, rest := command(parser.Model.Node, strings.Fields(match[1]))
			if node == nil {
				continue // prose: "bbbridge has …"
			}
			found++
			if len(node.Children) > 0 {
				t.Errorf("%s: %q is only half a command", name, match[0])
			}
			for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(strings.Join(rest, " ")+match[2], -1) {
				if !hasFlag(node, strings.TrimPrefix(flag, "--")) {
					t.Errorf("%s: %s has no %s", name, node.Path(), flag)
				}
			}
		}
	}
	if found < 30 {
		t.Errorf("the pages name %d commands, want more", found)
	}
}

// command walks down to the command of these words, or is nil.
func command(node *kong.Node, words []string) (*kong.Node, []string) {
	if len(words) == 0 {
		return node, nil
	}
	for _, child := range node.Children {
		if child.Name == words[0] {
			return command(child, words[1:])
		}
	}
	if node.Type == kong.ApplicationNode {
		return nil, words
	}
	return node, words
}

func hasFlag(node *kong.Node, name string) bool {
	for _, group := range node.AllFlags(false) {
		for _, flag := range group {
			if flag.Name == name || flag.Tag.Negatable != "" && "no-"+flag.Name == name {
				return true
			}
		}
	}
	return false
}

// pages are all of the repository that people read, by name.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	root := filepath.Join("..", "..")
	add := func(name string) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(text)
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"} {
		add(filepath.Join(root, name))
	}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(name string, _ fs.DirEntry, err error) error {
		if filepath.Ext(name) == ".md" {
			add(name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
