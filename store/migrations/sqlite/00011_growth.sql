-- +goose Up

-- People of whom the platform doesn't say who they are, each of one launch: those
-- who were in no class go again after a while.
CREATE TABLE anonymous (
	person_id TEXT   NOT NULL PRIMARY KEY REFERENCES people,
	course_id TEXT   NOT NULL REFERENCES courses,
	came_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX anonymous_came ON anonymous (came_at);
INSERT INTO anonymous (person_id, course_id, came_at)
SELECT p.id, e.course_id, e.seen_at
FROM people p JOIN enrolments e ON e.person_id = p.id
WHERE p.subject LIKE 'anonymous:%' AND LENGTH(p.subject) = 26;

-- A room that was picked without a course, and that learners alone have opened,
-- waits for a moderator; no link leads to it so far.
UPDATE rooms SET picked = TRUE
WHERE course_id IN (SELECT id FROM courses WHERE provisional_at IS NOT NULL)
	AND NOT EXISTS (SELECT 1 FROM placements p WHERE p.room_id = rooms.id)
	AND NOT EXISTS (SELECT 1 FROM meetings m WHERE m.room_id = rooms.id);
