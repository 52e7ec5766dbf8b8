package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
)

const redacted = "[redacted]"

// A MasterKey is the secret from which all others are made or with which they
// are sealed. It is kept outside of the database.
type MasterKey [32]byte

func (MasterKey) String() string               { return redacted }
func (MasterKey) GoString() string             { return redacted }
func (MasterKey) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (MasterKey) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// Derive makes a key of 32 bytes for one purpose. The same purpose gives the
// same key; one key says nothing of another.
func (k MasterKey) Derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k[:], nil, "bbbridge "+purpose, 32)
	if err != nil {
		panic(err) // only for a length that can't be
	}
	return key
}

// LoadMasterKey reads the key from a file that holds 32 bytes as base64. It is
// fs.ErrNotExist if there is none.
func LoadMasterKey(path string) (MasterKey, error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return MasterKey{}, fmt.Errorf("master key file %s can't be read by this user; run bbbridge as the one whose it is: %w", path, err)
	case err != nil:
		return MasterKey{}, fmt.Errorf("read the master key file: %w", err)
	}
	key, err := ParseMasterKey(string(text))
	if err != nil {
		return MasterKey{}, fmt.Errorf("master key file %s: %w", path, err)
	}
	return key, nil
}

// MakeMasterKey makes a key and its file, readable by its owner only. If
// another program makes it at the same time, both get the same.
func MakeMasterKey(path string) (MasterKey, error) {
	if err := folderFor(path); err != nil {
		return MasterKey{}, fmt.Errorf("master key file %s can't be made: %w", path, err)
	}
	if err := createMasterKey(path); err != nil {
		return MasterKey{}, fmt.Errorf("make the master key file: %w", err)
	}
	return LoadMasterKey(path)
}

// Sealed reports whether the database at url has in it what a master key has
// sealed. One that isn't there has nothing.
func Sealed(ctx context.Context, url string) (bool, error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
	}
	db, err := connect(ctx, url)
	if err != nil {
		return false, err
	}
	var things int
	err = db.reads().get(ctx, &things, `
		SELECT (SELECT COUNT(*) FROM meta WHERE name = 'master key')
			+ (SELECT COUNT(*) FROM keys)
			+ (SELECT COUNT(*) FROM servers WHERE removed_at IS NULL)
			+ CASE WHEN EXISTS (SELECT 1 FROM visits) THEN 1 ELSE 0 END`)
	if err != nil {
		err = fmt.Errorf("look for what is sealed: %w", err)
	}
	return things > 0, errors.Join(err, db.Close())
}

// ParseMasterKey reads a key as its file holds it: base64 of 32 bytes.
func ParseMasterKey(text string) (MasterKey, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(raw) != len(MasterKey{}) {
		return MasterKey{}, errors.New("it must be 32 bytes as base64 and nothing else")
	}
	return MasterKey(raw), nil
}

// createMasterKey writes the key beside its place and links it there: the
// file is never seen half written, and an older one is never replaced.
func createMasterKey(path string) error {
	key := make([]byte, len(MasterKey{}))
	rand.Read(key)
	draft := path + "." + newID()
	defer os.Remove(draft)
	f, err := os.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(draft, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// A sealer encrypts with AES-256-GCM under a random nonce. What it seals opens
// only in the same row of the same table.
type sealer struct{ aead cipher.AEAD }

func newSealer(key MasterKey) sealer {
	block, err := aes.NewCipher(key.Derive("seal"))
	if err != nil {
		panic(err) // only for a length that can't be
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return sealer{aead}
}

func (s sealer) seal(table, row string, plain []byte) []byte {
	return s.aead.Seal(nil, nil, plain, []byte(table+"/"+row))
}

func (s sealer) open(table, row string, sealed []byte) ([]byte, error) {
	plain, err := s.aead.Open(nil, nil, sealed, []byte(table+"/"+row))
	if err != nil {
		return nil, fmt.Errorf("open the seal of %s %s: %w", table, row, err)
	}
	return plain, nil
}
