-- +goose Up

-- When something went well last, of one registration or server.
CREATE INDEX tallies_of ON tallies (of_id, kind, code, last_at);
