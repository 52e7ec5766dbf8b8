-- +goose Up

-- A visit is over when none of its pages was open for a while, being in class
-- apart. Those of before go on as they were promised to.
ALTER TABLE visits ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE visits ADD COLUMN joined INTEGER NOT NULL DEFAULT FALSE; -- a class
ALTER TABLE visits ADD COLUMN launch TEXT; -- the visit that a window's own came from
UPDATE visits SET seen_at = expires_at WHERE kept_until > 0;
CREATE INDEX visits_launch ON visits (launch) WHERE launch IS NOT NULL;

-- A link that was copied from another course asks that course's teachers.
CREATE TABLE share_requests (
	placement_id TEXT    NOT NULL PRIMARY KEY REFERENCES placements,
	room_id      TEXT    NOT NULL REFERENCES rooms,
	person_id    TEXT    NOT NULL REFERENCES people,
	asked_at     INTEGER NOT NULL,
	expires_at   INTEGER NOT NULL,
	refused      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX share_requests_room ON share_requests (room_id);
CREATE INDEX share_requests_expiry ON share_requests (expires_at);
