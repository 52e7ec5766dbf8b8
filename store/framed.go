package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/bbbridge/bbbridge/lti"
)

// hashed is what the index has of a nonce: 128 bits of its hash are enough.
func hashed(nonce string) []byte {
	sum := sha256.Sum256([]byte(nonce))
	return sum[:16]
}

// FramedPick returns the visit that a launch began, by its nonce, and what was
// picked in it for the frame that waits; nil: nothing so far. It is
// ErrNotFound if no visit began.
func (db *DB) FramedPick(ctx context.Context, nonce string) (visitID string, items []lti.ContentItem, err error) {
	var row struct {
		ID     string
		Answer sql.Null[string]
	}
	if err := db.reads().get(ctx, &row, `SELECT id, answer FROM visits WHERE nonce = ?`, hashed(nonce)); err != nil {
		return "", nil, fmt.Errorf("visit of a launch: %w", err)
	}
	if !row.Answer.Valid {
		return row.ID, nil, nil
	}
	if err := json.Unmarshal([]byte(row.Answer.V), &items); err != nil {
		return "", nil, fmt.Errorf("what was picked in visit %s: %w", row.ID, err)
	}
	return row.ID, items, nil
}

// SaveFramedPick leaves what was picked for the frame that waits, in place of
// what was picked before. Without items it's cancelled.
func (db *DB) SaveFramedPick(ctx context.Context, visitID string, items []lti.ContentItem) error {
	if items == nil {
		items = []lti.ContentItem{}
	}
	err := db.writes.once(ctx, func(c *conn) error {
		return c.one(ctx, `UPDATE visits SET answer = ? WHERE id = ?`, asJSON(items), visitID)
	})
	if err != nil {
		return fmt.Errorf("what was picked in visit %s: %w", visitID, err)
	}
	return nil
}
