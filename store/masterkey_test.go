package store

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestMakeMasterKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	if _, err := LoadMasterKey(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("without a file: %v", err)
	}
	var keys [5]MasterKey
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			var err error
			if keys[i], err = MakeMasterKey(path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, k := range keys {
		if k != keys[0] || k == (MasterKey{}) {
			t.Fatal("several keys were made at once")
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text))); err != nil || !bytes.Equal(raw, keys[0][:]) {
		t.Errorf("the file doesn't hold the key as base64: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
	if left, err := filepath.Glob(path + ".*"); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if key, err := LoadMasterKey(path); err != nil || key != keys[0] {
		t.Errorf("read again it is another: %v", err)
	}
	for at, want := range map[string]string{
		filepath.Join(t.TempDir(), "nowhere", "key"):         "nowhere isn't there; make it",
		filepath.Join(path, "key"):                           "master.key is no folder",
		filepath.Join(t.TempDir(), strings.Repeat("k", 300)): "make the master key file: ", // no file's name is so long
	} {
		if _, err := MakeMasterKey(at); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("at %s: %v, want %q", at, err, want)
		}
	}
}

func TestLoadMasterKeyRefuses(t *testing.T) {
	good := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32))
	for name, content := range map[string]string{
		"empty": "", "short": good[:20], "31 bytes": base64.StdEncoding.EncodeToString(make([]byte, 31)),
		"33 bytes": base64.StdEncoding.EncodeToString(make([]byte, 33)), "raw bytes": strings.Repeat("\x01", 32), "two keys": good + "\n" + good,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := LoadMasterKey(path); err == nil || !strings.Contains(err.Error(), "32 bytes as base64") {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestDerive(t *testing.T) {
	key := MasterKey{1, 2, 3}
	a, b := key.Derive("state"), key.Derive("cookies")
	if len(a) != 32 || bytes.Equal(a, b) || !bytes.Equal(a, key.Derive("state")) || bytes.Equal(a, MasterKey{1, 2, 4}.Derive("state")) {
		t.Error("keys for two purposes, or of two master keys, are not their own")
	}
}

func TestMasterKeyDoesNotPrint(t *testing.T) {
	key := MasterKey([]byte("thirty-two bytes of a secret key"))
	asJSON, err := json.Marshal(struct{ Key MasterKey }{key})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "key", key)
	for _, text := range []string{fmt.Sprintf("%v %s %+v %#v", key, key, key, key), string(asJSON), log.String()} {
		if strings.Contains(text, "secret") || strings.Contains(text, "116") || !strings.Contains(text, redacted) {
			t.Errorf("prints %s", text)
		}
	}
}

func TestSeal(t *testing.T) {
	s := newSealer(MasterKey{1})
	sealed := s.seal("servers", "1", []byte("secret"))
	if plain, err := s.open("servers", "1", sealed); err != nil || string(plain) != "secret" {
		t.Fatalf("%q, %v", plain, err)
	}
	if bytes.Equal(sealed, s.seal("servers", "1", []byte("secret"))) {
		t.Error("the same text is sealed the same")
	}
	flipped := bytes.Clone(sealed)
	flipped[len(flipped)-1] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"another row":   func() ([]byte, error) { return s.open("servers", "2", sealed) },
		"another table": func() ([]byte, error) { return s.open("keys", "1", sealed) },
		"another key":   func() ([]byte, error) { return newSealer(MasterKey{2}).open("servers", "1", sealed) },
		"a bit flipped": func() ([]byte, error) { return s.open("servers", "1", flipped) },
		"nothing":       func() ([]byte, error) { return s.open("servers", "1", nil) },
	} {
		if plain, err := open(); err == nil {
			t.Errorf("%s: opened as %q", name, plain)
		}
	}
}
