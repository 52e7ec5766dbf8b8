package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bbbridge/bbbridge/bbb"
)

// pasted is a value without what pasting puts around it and nobody sees:
// blanks of all kinds, line ends, marks of byte order.
func pasted(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) })
}

func pastedAll(list []string) []string {
	var all []string
	for _, s := range list {
		all = append(all, pasted(s))
	}
	return all
}

// unseen reports whether a value that must be exact has a character that
// nobody sees, or can't be stored. A blank within is none.
func unseen(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// unprintable reports whether a name has a control character. It may have
// what scripts need that join letters.
func unprintable(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl)
}

// secretMost is how large a file with a shared secret may be, in bytes.
const secretMost = 4096

// A secretFile is what a file with a shared secret says.
type secretFile struct {
	secret bbb.Secret
	url    string // empty: it doesn't say
}

// readSecret reads a file that has a secret and nothing else, or what
// bbb-conf --secret prints: lines with "URL:" and "Secret:", and others.
func readSecret(path string) (secretFile, error) {
	var in io.Reader = os.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return secretFile{}, err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, secretMost+1))
	if err == nil && len(text) > secretMost {
		err = errors.New("there is far more in it than a secret")
	}
	var found secretFile
	if err == nil {
		found, err = parseSecret(string(text))
	}
	if err != nil {
		return secretFile{}, fmt.Errorf("%s: %w", path, err)
	}
	return found, nil
}

func parseSecret(text string) (secretFile, error) {
	addresses, secrets := labelled(text, "URL:"), labelled(text, "Secret:")
	if len(secrets) == 0 && len(addresses) == 0 {
		secrets = []string{pasted(text)}
	}
	switch {
	case len(secrets) == 0 || secrets[0] == "":
		return secretFile{}, errors.New("there is no secret in it")
	case len(secrets) > 1 || len(addresses) > 1:
		return secretFile{}, errors.New("it is of several servers")
	case unseen(secrets[0]):
		return secretFile{}, errors.New("it is neither a secret alone nor what bbb-conf --secret prints")
	}
	found := secretFile{secret: bbb.Secret(secrets[0])}
	if len(addresses) > 0 {
		found.url = addresses[0]
	}
	return found, nil
}

// labelled are the values of the lines that begin so.
func labelled(text, label string) []string {
	var values []string
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(pasted(line), label); ok {
			values = append(values, pasted(value))
		}
	}
	return values
}
