-- +goose Up

-- A server that says once that a meeting isn't there may be wrong.
ALTER TABLE meetings ADD COLUMN absences INTEGER NOT NULL DEFAULT 0; -- looks in a row that didn't find it
ALTER TABLE meetings ADD COLUMN absent_since INTEGER; -- the first of them, by our clock
ALTER TABLE meetings ADD COLUMN stopped_at INTEGER; -- when a teacher ended it, by our clock
ALTER TABLE meetings ADD COLUMN frozen INTEGER NOT NULL DEFAULT FALSE; -- who was expected in it is kept
ALTER TABLE meetings ADD COLUMN parted INTEGER NOT NULL DEFAULT FALSE; -- by a teacher, from the class before

-- Who was expected in a meeting, when it had ended and was counted: people who
-- come into the course later weren't absent from it.
CREATE TABLE expected (
	meeting_id TEXT NOT NULL REFERENCES meetings,
	course_id  TEXT NOT NULL REFERENCES courses,
	person_id  TEXT NOT NULL REFERENCES people,
	PRIMARY KEY (meeting_id, course_id, person_id)
) STRICT, WITHOUT ROWID;

-- When people came into a course wasn't kept until now: in classes of the past
-- those were expected who are known today.
INSERT INTO expected (meeting_id, course_id, person_id)
SELECT DISTINCT m.id, e.course_id, e.person_id
FROM meetings m JOIN placements p ON p.room_id = m.room_id JOIN enrolments e ON e.course_id = p.course_id
WHERE m.ended_at IS NOT NULL AND m.session_id IS NOT NULL AND e.graded;
UPDATE meetings SET frozen = TRUE WHERE ended_at IS NOT NULL AND session_id IS NOT NULL;
