-- +goose Up

-- What the platform calls the person's language, as it said it; visits.locale
-- is the language of our pages.
ALTER TABLE visits ADD COLUMN language TEXT NOT NULL DEFAULT '';

-- What BigBlueButton called a room's meetings before the room took another id:
-- reports may still speak of them.
CREATE TABLE former_meeting_ids (
	meeting_id TEXT   NOT NULL PRIMARY KEY,
	room_id    TEXT   NOT NULL REFERENCES rooms,
	left_at    BIGINT NOT NULL
);
