-- +goose Up

-- When all of a removed platform is erased; NULL: never.
ALTER TABLE registrations ADD COLUMN erase_at BIGINT;

-- The evidence of a meeting is gone, as its tenant wants it: its account stays.
ALTER TABLE meetings ADD COLUMN swept BOOLEAN NOT NULL DEFAULT FALSE;

-- What is somebody's, and what is of a course, is found to be erased: whoever
-- deletes one of these has the database look for what names it.
CREATE INDEX enrolments_person ON enrolments (person_id);
CREATE INDEX attendances_person ON attendances (person_id);
CREATE INDEX results_person ON results (person_id);
CREATE INDEX deliveries_person ON deliveries (person_id);
CREATE INDEX expected_person ON expected (person_id);
CREATE INDEX expected_course ON expected (course_id);
CREATE INDEX anonymous_course ON anonymous (course_id);
CREATE INDEX share_requests_person ON share_requests (person_id);
CREATE INDEX moved_classes_course ON moved_classes (course_id);
CREATE INDEX moved_classes_placement ON moved_classes (placement_id);
CREATE INDEX shared_classes_course ON shared_classes (course_id);
CREATE INDEX former_meeting_ids_room ON former_meeting_ids (room_id);
CREATE INDEX rooms_tenant ON rooms (tenant_id);
