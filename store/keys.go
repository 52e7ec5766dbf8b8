package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti"
)

// A toolKey is a key of the tool with its time.
type toolKey struct {
	lti.Key
	activeFrom, retireAt time.Time // retireAt zero: not yet known
}

type keyRow struct {
	Serial     int64
	ID         string
	Private    []byte
	ActiveFrom millis `db:"active_from"`
	RetireAt   millis `db:"retire_at"`
}

// readKeys reads the keys in the order in which they were made. To parse one costs more than all the
// rest, so those that were known are taken over.
func (s *snapshot) readKeys(ctx context.Context, c *conn, seal sealer, before *snapshot) error {
	parsed := map[string]lti.Key{}
	if before != nil {
		for _, k := range before.keys {
			parsed[k.ID] = k.Key
		}
	}
	var rows []keyRow
	if err := c.list(ctx, &rows, `SELECT serial, id, private, active_from, retire_at FROM keys ORDER BY serial`); err != nil {
		return err
	}
	for _, r := range rows {
		key, ok := parsed[r.ID]
		if !ok {
			plain, err := seal.open("keys", strconv.FormatInt(r.Serial, 10), r.Private)
			if err != nil {
				return err
			}
			if key, err = lti.ParseKey(plain); err != nil {
				return fmt.Errorf("key %s: %w", r.ID, err)
			}
		}
		s.keys = append(s.keys, toolKey{key, r.ActiveFrom.time(), r.RetireAt.time()})
	}
	return nil
}

// signing is the newest key whose time has come, or nil.
func (s *snapshot) signing(now time.Time) *toolKey {
	for i := len(s.keys) - 1; i >= 0; i-- {
		if !s.keys[i].activeFrom.After(now) {
			return &s.keys[i]
		}
	}
	return nil
}

// SigningKey returns the key with which the tool signs: the newest whose time
// has come. The first is made when it is first asked for, one only, however
// many ask.
func (db *DB) SigningKey(ctx context.Context) (lti.Key, error) {
	s, err := db.withKey(ctx)
	if err != nil {
		return lti.Key{}, err
	}
	return s.signing(db.Now()).Key, nil
}

// KeyFor returns the key with which we sign what a platform reads: the one that
// was pasted there, or else the one that signs.
func (db *DB) KeyFor(ctx context.Context, r lti.Registration) (lti.Key, error) {
	if r.SignsWith == "" {
		return db.SigningKey(ctx)
	}
	s, err := db.withKey(ctx)
	if err != nil {
		return lti.Key{}, err
	}
	for _, k := range s.keys {
		if k.ID == r.SignsWith {
			return k.Key, nil
		}
	}
	return s.signing(db.Now()).Key, nil
}

// NewestKey returns the key that was made last, which may sign later: it is
// the one to be pasted.
func (db *DB) NewestKey(ctx context.Context) (lti.Key, error) {
	s, err := db.withKey(ctx)
	if err != nil {
		return lti.Key{}, err
	}
	return s.keys[len(s.keys)-1].Key, nil
}

// PublishedKeys returns all keys that platforms should know, the one that
// signs last.
func (db *DB) PublishedKeys(ctx context.Context) ([]lti.Key, error) {
	s, err := db.withKey(ctx)
	if err != nil {
		return nil, err
	}
	now := db.Now()
	signing := s.signing(now)
	var keys []lti.Key
	for _, k := range s.keys {
		if k.ID != signing.ID && (k.retireAt.IsZero() || k.retireAt.After(now)) {
			keys = append(keys, k.Key)
		}
	}
	return append(keys, signing.Key), nil
}

// withKey is a snapshot that has a key which signs.
func (db *DB) withKey(ctx context.Context) (*snapshot, error) {
	s, err := db.snapshot(ctx)
	if err != nil || s.signing(db.Now()) != nil {
		return s, err
	}
	if err := db.firstKey(ctx); err != nil {
		return nil, fmt.Errorf("make the tool's key: %w", err)
	}
	db.known.forget()
	s, err = db.snapshot(ctx)
	if err == nil && s.signing(db.Now()) == nil {
		err = errors.New("the tool's keys are all of the future; is the clock right?")
	}
	return s, err
}

func (db *DB) firstKey(ctx context.Context) error {
	now := db.Now()
	key, err := lti.NewKey(now)
	if err != nil {
		return err
	}
	return db.write(ctx, func(c *conn) error {
		_, err := c.addKey(ctx, db.seal, key, 1, now)
		return err
	})
}

// addKey reports whether the serial was free.
func (c *conn) addKey(ctx context.Context, seal sealer, key lti.Key, serial int64, activeFrom time.Time) (bool, error) {
	private := seal.seal("keys", strconv.FormatInt(serial, 10), key.Marshal())
	changed, err := c.exec(ctx, `INSERT INTO keys (serial, id, private, active_from) VALUES (?, ?, ?, ?) ON CONFLICT (serial) DO NOTHING`,
		serial, key.ID, private, millis(activeFrom))
	return changed > 0, err
}

// RotateKeys makes a new key, published at once, with which the tool signs
// from activeFrom on. All others stay published until retireAt at the latest,
// and one that was to sign later than the new one never does.
func (db *DB) RotateKeys(ctx context.Context, activeFrom, retireAt time.Time) (lti.Key, error) {
	if _, err := db.withKey(ctx); err != nil { // so that there's one which signs until then
		return lti.Key{}, err
	}
	key, err := lti.NewKey(db.Now())
	if err != nil {
		return lti.Key{}, fmt.Errorf("make a key: %w", err)
	}
	err = db.write(ctx, func(c *conn) error {
		var newest int64
		if err := c.get(ctx, &newest, `SELECT serial FROM keys ORDER BY serial DESC LIMIT 1`); err != nil && !errors.Is(err, classroom.ErrNotFound) {
			return err
		}
		_, err := c.exec(ctx, `UPDATE keys SET retire_at = ? WHERE retire_at IS NULL OR retire_at > ?`, millis(retireAt), millis(retireAt))
		if err != nil {
			return err
		}
		free, err := c.addKey(ctx, db.seal, key, newest+1, activeFrom)
		if err == nil && !free {
			err = fmt.Errorf("another rotation is under way: %w", admin.ErrExists)
		}
		if err != nil {
			return err
		}
		return c.record(ctx, admin.Entry{Did: "keys.rotate", What: key.ID}, db.Now())
	})
	if err != nil {
		return lti.Key{}, fmt.Errorf("rotate keys: %w", err)
	}
	db.known.forget()
	return key, nil
}
