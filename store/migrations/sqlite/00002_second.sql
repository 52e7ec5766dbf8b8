-- +goose Up

-- Until when one delivery, on one node, looks for the placement's column.
ALTER TABLE placements ADD COLUMN item_held_until INTEGER;

-- What share of the points stays, since it was earned in a room that the
-- placement led to before.
ALTER TABLE deliveries ADD COLUMN kept REAL NOT NULL DEFAULT 0;
