-- +goose Up

-- From when on a link counts classes.
ALTER TABLE placements ADD COLUMN room_since INTEGER; -- it leads to its room; of links from before: not known, so there is no before
ALTER TABLE placements ADD COLUMN counts_earlier INTEGER NOT NULL DEFAULT FALSE; -- its teacher says that classes from before count, too
ALTER TABLE placements ADD COLUMN graded_since INTEGER; -- it has had a rule, if later than room_since
ALTER TABLE placements ADD COLUMN past_rules TEXT NOT NULL DEFAULT 'null';

ALTER TABLE meetings ADD COLUMN placement_id TEXT NOT NULL DEFAULT ''; -- through which it was started; empty: not known

-- For which link of a course a class counts, as a teacher has said.
CREATE TABLE moved_classes (
	meeting_id   TEXT NOT NULL REFERENCES meetings,
	course_id    TEXT NOT NULL REFERENCES courses,
	placement_id TEXT NOT NULL REFERENCES placements,
	PRIMARY KEY (meeting_id, course_id)
) STRICT, WITHOUT ROWID;

-- Courses whose teachers say that every class of a room counts for all links.
CREATE TABLE shared_classes (
	room_id   TEXT NOT NULL REFERENCES rooms,
	course_id TEXT NOT NULL REFERENCES courses,
	PRIMARY KEY (room_id, course_id)
) STRICT, WITHOUT ROWID;
