-- +goose Up

-- Whether the platform had a line item of its own for the link, and whether the
-- one that we use is there.
ALTER TABLE placements ADD COLUMN item_own BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE placements ADD COLUMN item_missed_at BIGINT; -- since when it isn't
ALTER TABLE placements ADD COLUMN item_gone BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE placements SET item_own = TRUE WHERE item_url <> '' AND NOT item_made;

-- What the line item sent_item may have of ours, and what it had when it was read.
ALTER TABLE deliveries ADD COLUMN sent_item TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN sent_max DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN tried_points DOUBLE PRECISION NOT NULL DEFAULT 0; -- of the score with sent_stamp
ALTER TABLE deliveries ADD COLUMN tried_max DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN found_at BIGINT;
ALTER TABLE deliveries ADD COLUMN found_points DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN found_max DOUBLE PRECISION NOT NULL DEFAULT 0; -- 0: nothing was there
ALTER TABLE deliveries ADD COLUMN replaces BOOLEAN NOT NULL DEFAULT FALSE; -- what somebody gave, for a teacher asked for it
UPDATE deliveries SET sent_max = max_points, tried_points = points, tried_max = max_points,
	sent_item = (SELECT p.item_url FROM placements p WHERE p.id = deliveries.placement_id)
WHERE sent_stamp IS NOT NULL;
