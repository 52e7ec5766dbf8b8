package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
)

func pastedAll(list []string) []string {
	var all []string
	for _, s := range list {
		all = append(all, admin.Pasted(s))
	}
	return all
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
		secrets = []string{admin.Pasted(text)}
	}
	switch {
	case len(secrets) == 0 || secrets[0] == "":
		return secretFile{}, errors.New("there is no secret in it")
	case len(secrets) > 1 || len(addresses) > 1:
		return secretFile{}, errors.New("it is of several servers")
	case admin.Unseen(secrets[0]):
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
		if value, ok := strings.CutPrefix(admin.Pasted(line), label); ok {
			values = append(values, admin.Pasted(value))
		}
	}
	return values
}
