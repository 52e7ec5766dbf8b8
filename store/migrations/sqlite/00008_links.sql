-- +goose Up

-- A deep linking request without a context gets a course of its own, which
-- nobody else comes to: rooms made there belong to the course in which a
-- moderator opens their link first.
ALTER TABLE courses ADD COLUMN provisional_at INTEGER;
UPDATE courses SET provisional_at = 0 WHERE context_key = 'link:';
CREATE INDEX courses_provisional ON courses (provisional_at) WHERE provisional_at IS NOT NULL;

-- picked: made in the picker, and no launch has named it so far.
-- titled: its teacher has given it another name than its link has.
ALTER TABLE rooms ADD COLUMN picked INTEGER NOT NULL DEFAULT FALSE;
ALTER TABLE rooms ADD COLUMN titled INTEGER NOT NULL DEFAULT FALSE;
CREATE INDEX rooms_picked ON rooms (created_at) WHERE picked;

-- named_room: the room that the link's newest launch names, by the platform's
-- time. It needn't be the one that the link leads to.
ALTER TABLE placements ADD COLUMN named_room TEXT NOT NULL DEFAULT '';
ALTER TABLE placements ADD COLUMN named_at INTEGER;
ALTER TABLE placements ADD COLUMN notices TEXT NOT NULL DEFAULT '{}';

-- What was picked in a window, for the frame that waits for it.
ALTER TABLE visits ADD COLUMN answer TEXT;
