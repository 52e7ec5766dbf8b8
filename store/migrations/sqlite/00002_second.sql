-- +goose Up

-- Until when one delivery, on one node, looks for the placement's column.
ALTER TABLE placements ADD COLUMN item_held_until INTEGER;

-- What share of the points stays, since it was earned in a room that the
-- placement led to before.
ALTER TABLE deliveries ADD COLUMN kept REAL NOT NULL DEFAULT 0;

-- From when on, by our clock, what was observed of an ended meeting counts,
-- though no report has come. A session that waits for that is being counted.
ALTER TABLE meetings ADD COLUMN counts_at INTEGER;
ALTER TABLE sessions ADD COLUMN counting INTEGER NOT NULL DEFAULT FALSE;

-- What was written and never read.
DROP TABLE activities;
ALTER TABLE meetings DROP COLUMN first_at;
ALTER TABLE meetings DROP COLUMN last_at;
ALTER TABLE meetings DROP COLUMN exact;
ALTER TABLE meetings DROP COLUMN evidence;
