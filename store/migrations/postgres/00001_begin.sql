-- +goose Up

-- What holds for the whole database, by name.
CREATE TABLE meta (
	name  TEXT  NOT NULL PRIMARY KEY,
	value BYTEA NOT NULL
);

CREATE TABLE servers (
	id         TEXT   NOT NULL PRIMARY KEY,
	name       TEXT   NOT NULL,
	url        TEXT   NOT NULL,
	algorithm  TEXT   NOT NULL,
	secrets    BYTEA  NOT NULL, -- sealed
	created_at BIGINT NOT NULL,
	removed_at BIGINT
);
CREATE UNIQUE INDEX servers_name ON servers (name) WHERE removed_at IS NULL;

CREATE TABLE tenants (
	id        TEXT NOT NULL PRIMARY KEY,
	name      TEXT NOT NULL,
	server_id TEXT REFERENCES servers,
	policy    TEXT NOT NULL,
	defaults  TEXT NOT NULL,
	rule      TEXT NOT NULL
);
INSERT INTO tenants (id, name, server_id, policy, defaults, rule)
VALUES ('default', 'default', NULL, '{}', '{}', '{}');

CREATE TABLE registrations (
	id             TEXT    NOT NULL PRIMARY KEY,
	tenant_id      TEXT    NOT NULL REFERENCES tenants,
	name           TEXT    NOT NULL,
	issuer         TEXT    NOT NULL,
	client_id      TEXT    NOT NULL,
	auth_url       TEXT    NOT NULL,
	token_url      TEXT    NOT NULL,
	jwks_url       TEXT    NOT NULL,
	token_audience TEXT    NOT NULL,
	options        TEXT    NOT NULL,
	disabled       BOOLEAN NOT NULL,
	created_at     BIGINT  NOT NULL,
	removed_at     BIGINT,
	UNIQUE (issuer, client_id)
);
CREATE UNIQUE INDEX registrations_name ON registrations (name) WHERE removed_at IS NULL;

CREATE TABLE deployments (
	registration_id TEXT    NOT NULL REFERENCES registrations,
	deployment_id   TEXT    NOT NULL,
	active          BOOLEAN NOT NULL,
	created_at      BIGINT  NOT NULL,
	PRIMARY KEY (registration_id, deployment_id)
);

CREATE TABLE keys (
	serial      BIGINT NOT NULL PRIMARY KEY, -- 1, 2, …: of two nodes that make the same one, one wins
	id          TEXT   NOT NULL,
	private     BYTEA  NOT NULL, -- sealed
	active_from BIGINT NOT NULL,
	retire_at   BIGINT
);

CREATE TABLE courses (
	id              TEXT NOT NULL PRIMARY KEY,
	registration_id TEXT NOT NULL REFERENCES registrations,
	deployment_id   TEXT NOT NULL,
	context_key     TEXT NOT NULL,
	title           TEXT NOT NULL,
	label           TEXT NOT NULL,
	UNIQUE (registration_id, deployment_id, context_key)
);

CREATE TABLE people (
	id              TEXT NOT NULL PRIMARY KEY,
	registration_id TEXT NOT NULL REFERENCES registrations,
	subject         TEXT NOT NULL,
	name            TEXT NOT NULL,
	UNIQUE (registration_id, subject)
);

CREATE TABLE enrolments (
	course_id TEXT    NOT NULL REFERENCES courses,
	person_id TEXT    NOT NULL REFERENCES people,
	role      TEXT    NOT NULL,
	graded    BOOLEAN NOT NULL,
	seen_at   BIGINT  NOT NULL,
	PRIMARY KEY (course_id, person_id)
);

CREATE TABLE rooms (
	id         TEXT   NOT NULL PRIMARY KEY,
	tenant_id  TEXT   NOT NULL REFERENCES tenants,
	course_id  TEXT   NOT NULL REFERENCES courses,
	title      TEXT   NOT NULL,
	meeting_id TEXT   NOT NULL UNIQUE,
	settings   TEXT   NOT NULL,
	rule       TEXT   NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX rooms_course ON rooms (course_id, created_at);

CREATE TABLE placements (
	id               TEXT             NOT NULL PRIMARY KEY,
	course_id        TEXT             NOT NULL REFERENCES courses,
	resource_link_id TEXT             NOT NULL,
	room_id          TEXT             NOT NULL REFERENCES rooms,
	title            TEXT             NOT NULL,
	rule             TEXT             NOT NULL,
	scopes           TEXT             NOT NULL, -- from here: services, as the newest launch told
	items_url        TEXT             NOT NULL,
	launch_item_url  TEXT             NOT NULL,
	item_url         TEXT             NOT NULL, -- from here: the line item that we use
	item_max         DOUBLE PRECISION NOT NULL,
	item_made        BOOLEAN          NOT NULL,
	item_held_until  BIGINT, -- one delivery on one node looks for the line item
	copied_from      TEXT             NOT NULL,
	opens_class      BOOLEAN          NOT NULL,
	UNIQUE (course_id, resource_link_id)
);
CREATE INDEX placements_room ON placements (room_id);

-- A visit that a launch began holds the launch's nonce: one row, one index
-- less at each launch. No foreign keys: what it names is never deleted, and
-- each launch would pay for looking it up once more, and all launches of a
-- class would lock the same rows.
CREATE TABLE visits (
	id           TEXT    NOT NULL PRIMARY KEY,
	nonce        BYTEA   UNIQUE,
	browser      TEXT    NOT NULL,
	person_id    TEXT    NOT NULL,
	course_id    TEXT    NOT NULL,
	placement_id TEXT    NOT NULL, -- empty for deep linking
	role         TEXT    NOT NULL,
	graded       BOOLEAN NOT NULL,
	locale       TEXT    NOT NULL,
	private      BYTEA,  -- sealed
	created_at   BIGINT  NOT NULL,
	expires_at   BIGINT  NOT NULL,
	kept_until   BIGINT  NOT NULL
);
CREATE INDEX visits_browser ON visits (browser);
CREATE INDEX visits_kept ON visits (kept_until);

CREATE TABLE sessions (
	id         TEXT    NOT NULL PRIMARY KEY,
	room_id    TEXT    NOT NULL REFERENCES rooms,
	started_at BIGINT  NOT NULL,
	ended_at   BIGINT,
	length     BIGINT  NOT NULL,
	exact      BOOLEAN NOT NULL,
	counting   BOOLEAN NOT NULL -- its report is waited for
);
CREATE INDEX sessions_room ON sessions (room_id, started_at);

CREATE TABLE meetings (
	id           TEXT    NOT NULL PRIMARY KEY,
	room_id      TEXT    NOT NULL REFERENCES rooms,
	server_id    TEXT    NOT NULL REFERENCES servers,
	internal_id  TEXT    NOT NULL,
	meeting_id   TEXT    NOT NULL,
	create_time  BIGINT  NOT NULL,
	clock_offset BIGINT  NOT NULL,
	ended_at     BIGINT,
	counts_at    BIGINT, -- an ended one without a report counts from then on, by our clock
	session_id   TEXT    REFERENCES sessions,
	dirty        BOOLEAN NOT NULL,
	UNIQUE (internal_id, server_id)
);
CREATE INDEX meetings_room ON meetings (room_id, create_time);
CREATE INDEX meetings_live ON meetings (room_id) WHERE ended_at IS NULL;
CREATE INDEX meetings_session ON meetings (session_id);

CREATE TABLE evidence (
	id         TEXT   NOT NULL PRIMARY KEY,
	meeting_id TEXT   NOT NULL REFERENCES meetings,
	source     TEXT   NOT NULL,
	at         BIGINT NOT NULL,
	until      BIGINT NOT NULL,
	body       BYTEA  NOT NULL,
	digest     BYTEA, -- of the body; none for polls, which may say the same again
	UNIQUE (meeting_id, source, digest)
);
CREATE INDEX evidence_meeting ON evidence (meeting_id, at);

-- Who stayed is whoever BigBlueButton names, known to us or not.
CREATE TABLE stays (
	meeting_id TEXT   NOT NULL REFERENCES meetings,
	person_id  TEXT   NOT NULL,
	from_at    BIGINT NOT NULL,
	to_at      BIGINT NOT NULL,
	source     TEXT   NOT NULL,
	PRIMARY KEY (meeting_id, person_id, from_at)
);

CREATE TABLE attendances (
	session_id TEXT   NOT NULL REFERENCES sessions,
	person_id  TEXT   NOT NULL,
	present    BIGINT NOT NULL,
	activity   TEXT   NOT NULL,
	PRIMARY KEY (session_id, person_id)
);

CREATE TABLE results (
	placement_id TEXT             NOT NULL REFERENCES placements,
	person_id    TEXT             NOT NULL REFERENCES people,
	complete     BOOLEAN          NOT NULL,
	share        DOUBLE PRECISION NOT NULL,
	points       DOUBLE PRECISION NOT NULL,
	present      BIGINT           NOT NULL,
	needed       BIGINT           NOT NULL,
	true_at      BIGINT,
	sends        BOOLEAN          NOT NULL,
	PRIMARY KEY (placement_id, person_id)
);

CREATE TABLE deliveries (
	placement_id TEXT             NOT NULL REFERENCES placements,
	person_id    TEXT             NOT NULL REFERENCES people,
	points       DOUBLE PRECISION NOT NULL,
	max_points   DOUBLE PRECISION NOT NULL,
	comment      TEXT             NOT NULL,
	true_at      BIGINT           NOT NULL,
	state        TEXT             NOT NULL,
	reason       TEXT             NOT NULL,
	detail       TEXT             NOT NULL,
	attempts     BIGINT           NOT NULL,
	next_at      BIGINT,
	sent_at      BIGINT,
	sent_points  DOUBLE PRECISION NOT NULL,
	sent_stamp   BIGINT,
	kept         DOUBLE PRECISION NOT NULL, -- share of the points that stays, earned in a room before
	PRIMARY KEY (placement_id, person_id)
);
CREATE INDEX deliveries_state ON deliveries (state);

-- A job that runs is leased; its run_at is then when it was asked for again.
CREATE TABLE jobs (
	kind         TEXT   NOT NULL,
	subject      TEXT   NOT NULL,
	lane         TEXT   NOT NULL,
	run_at       BIGINT,
	leased_until BIGINT,
	attempts     BIGINT NOT NULL,
	version      BIGINT NOT NULL,
	PRIMARY KEY (kind, subject)
);
CREATE INDEX jobs_due ON jobs ((COALESCE(leased_until, run_at)));
