-- +goose Up

-- Jobs are claimed by kind and lane, so that no lane waits for another.
DROP INDEX jobs_due;
CREATE INDEX jobs_lane ON jobs (kind, lane, COALESCE(leased_until, run_at));
