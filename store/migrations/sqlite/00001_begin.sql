-- +goose Up

-- What holds for the whole database, by name.
CREATE TABLE meta (
	name  TEXT NOT NULL PRIMARY KEY,
	value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE servers (
	id         TEXT    NOT NULL PRIMARY KEY,
	name       TEXT    NOT NULL,
	url        TEXT    NOT NULL,
	algorithm  TEXT    NOT NULL,
	secrets    BLOB    NOT NULL, -- sealed
	created_at INTEGER NOT NULL,
	removed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX servers_name ON servers (name) WHERE removed_at IS NULL;

CREATE TABLE tenants (
	id        TEXT NOT NULL PRIMARY KEY,
	name      TEXT NOT NULL,
	server_id TEXT REFERENCES servers,
	policy    TEXT NOT NULL,
	defaults  TEXT NOT NULL,
	rule      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
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
	disabled       INTEGER NOT NULL,
	created_at     INTEGER NOT NULL,
	removed_at     INTEGER,
	UNIQUE (issuer, client_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX registrations_name ON registrations (name) WHERE removed_at IS NULL;

CREATE TABLE deployments (
	registration_id TEXT    NOT NULL REFERENCES registrations,
	deployment_id   TEXT    NOT NULL,
	active          INTEGER NOT NULL,
	created_at      INTEGER NOT NULL,
	PRIMARY KEY (registration_id, deployment_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
	serial      INTEGER NOT NULL PRIMARY KEY, -- 1, 2, …: of two nodes that make the same one, one wins
	id          TEXT    NOT NULL,
	private     BLOB    NOT NULL, -- sealed
	active_from INTEGER NOT NULL,
	retire_at   INTEGER
) STRICT;

CREATE TABLE courses (
	id              TEXT NOT NULL PRIMARY KEY,
	registration_id TEXT NOT NULL REFERENCES registrations,
	deployment_id   TEXT NOT NULL,
	context_key     TEXT NOT NULL,
	title           TEXT NOT NULL,
	label           TEXT NOT NULL,
	UNIQUE (registration_id, deployment_id, context_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE people (
	id              TEXT NOT NULL PRIMARY KEY,
	registration_id TEXT NOT NULL REFERENCES registrations,
	subject         TEXT NOT NULL,
	name            TEXT NOT NULL,
	UNIQUE (registration_id, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolments (
	course_id TEXT    NOT NULL REFERENCES courses,
	person_id TEXT    NOT NULL REFERENCES people,
	role      TEXT    NOT NULL,
	graded    INTEGER NOT NULL,
	seen_at   INTEGER NOT NULL,
	PRIMARY KEY (course_id, person_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE rooms (
	id         TEXT    NOT NULL PRIMARY KEY,
	tenant_id  TEXT    NOT NULL REFERENCES tenants,
	course_id  TEXT    NOT NULL REFERENCES courses,
	title      TEXT    NOT NULL,
	meeting_id TEXT    NOT NULL UNIQUE,
	settings   TEXT    NOT NULL,
	rule       TEXT    NOT NULL,
	created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX rooms_course ON rooms (course_id, created_at);

CREATE TABLE placements (
	id               TEXT    NOT NULL PRIMARY KEY,
	course_id        TEXT    NOT NULL REFERENCES courses,
	resource_link_id TEXT    NOT NULL,
	room_id          TEXT    NOT NULL REFERENCES rooms,
	title            TEXT    NOT NULL,
	rule             TEXT    NOT NULL,
	scopes           TEXT    NOT NULL, -- from here: services, as the newest launch told
	items_url        TEXT    NOT NULL,
	launch_item_url  TEXT    NOT NULL,
	item_url         TEXT    NOT NULL, -- from here: the line item that we use
	item_max         REAL    NOT NULL,
	item_made        INTEGER NOT NULL,
	item_held_until  INTEGER, -- one delivery on one node looks for the line item
	copied_from      TEXT    NOT NULL,
	opens_class      INTEGER NOT NULL,
	UNIQUE (course_id, resource_link_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX placements_room ON placements (room_id);

-- A visit that a launch began holds the launch's nonce: one row, one index
-- less at each launch. No foreign keys: what it names is never deleted, and
-- each launch would pay for looking it up once more.
CREATE TABLE visits (
	id           TEXT    NOT NULL PRIMARY KEY,
	nonce        BLOB    UNIQUE,
	browser      TEXT    NOT NULL,
	person_id    TEXT    NOT NULL,
	course_id    TEXT    NOT NULL,
	placement_id TEXT    NOT NULL, -- empty for deep linking
	role         TEXT    NOT NULL,
	graded       INTEGER NOT NULL,
	locale       TEXT    NOT NULL,
	private      BLOB,   -- sealed
	created_at   INTEGER NOT NULL,
	expires_at   INTEGER NOT NULL,
	kept_until   INTEGER NOT NULL
) STRICT;
CREATE INDEX visits_browser ON visits (browser);
CREATE INDEX visits_kept ON visits (kept_until);

CREATE TABLE sessions (
	id         TEXT    NOT NULL PRIMARY KEY,
	room_id    TEXT    NOT NULL REFERENCES rooms,
	started_at INTEGER NOT NULL,
	ended_at   INTEGER,
	length     INTEGER NOT NULL,
	exact      INTEGER NOT NULL,
	counting   INTEGER NOT NULL -- its report is waited for
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_room ON sessions (room_id, started_at);

CREATE TABLE meetings (
	id           TEXT     NOT NULL PRIMARY KEY,
	room_id      TEXT     NOT NULL REFERENCES rooms,
	server_id    TEXT     NOT NULL REFERENCES servers,
	internal_id  TEXT     NOT NULL,
	meeting_id   TEXT     NOT NULL,
	create_time  INTEGER  NOT NULL,
	clock_offset INTEGER  NOT NULL,
	ended_at     INTEGER,
	counts_at    INTEGER, -- an ended one without a report counts from then on, by our clock
	session_id   TEXT     REFERENCES sessions,
	dirty        INTEGER  NOT NULL,
	UNIQUE (internal_id, server_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX meetings_room ON meetings (room_id, create_time);
CREATE INDEX meetings_live ON meetings (room_id) WHERE ended_at IS NULL;
CREATE INDEX meetings_session ON meetings (session_id);

CREATE TABLE evidence (
	id         TEXT    NOT NULL PRIMARY KEY,
	meeting_id TEXT    NOT NULL REFERENCES meetings,
	source     TEXT    NOT NULL,
	at         INTEGER NOT NULL,
	until      INTEGER NOT NULL,
	body       BLOB    NOT NULL,
	digest     BLOB,   -- of the body; none for polls, which may say the same again
	UNIQUE (meeting_id, source, digest)
) STRICT;
CREATE INDEX evidence_meeting ON evidence (meeting_id, at);

-- Who stayed is whoever BigBlueButton names, known to us or not.
CREATE TABLE stays (
	meeting_id TEXT    NOT NULL REFERENCES meetings,
	person_id  TEXT    NOT NULL,
	from_at    INTEGER NOT NULL,
	to_at      INTEGER NOT NULL,
	source     TEXT    NOT NULL,
	PRIMARY KEY (meeting_id, person_id, from_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE attendances (
	session_id TEXT    NOT NULL REFERENCES sessions,
	person_id  TEXT    NOT NULL,
	present    INTEGER NOT NULL,
	activity   TEXT    NOT NULL,
	PRIMARY KEY (session_id, person_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE results (
	placement_id TEXT    NOT NULL REFERENCES placements,
	person_id    TEXT    NOT NULL REFERENCES people,
	complete     INTEGER NOT NULL,
	share        REAL    NOT NULL,
	points       REAL    NOT NULL,
	present      INTEGER NOT NULL,
	needed       INTEGER NOT NULL,
	true_at      INTEGER,
	sends        INTEGER NOT NULL,
	PRIMARY KEY (placement_id, person_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
	placement_id TEXT    NOT NULL REFERENCES placements,
	person_id    TEXT    NOT NULL REFERENCES people,
	points       REAL    NOT NULL,
	max_points   REAL    NOT NULL,
	comment      TEXT    NOT NULL,
	true_at      INTEGER NOT NULL,
	state        TEXT    NOT NULL,
	reason       TEXT    NOT NULL,
	detail       TEXT    NOT NULL,
	attempts     INTEGER NOT NULL,
	next_at      INTEGER,
	sent_at      INTEGER,
	sent_points  REAL    NOT NULL,
	sent_stamp   INTEGER,
	kept         REAL    NOT NULL, -- share of the points that stays, earned in a room before
	PRIMARY KEY (placement_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_state ON deliveries (state);

-- A job that runs is leased; its run_at is then when it was asked for again.
CREATE TABLE jobs (
	kind         TEXT    NOT NULL,
	subject      TEXT    NOT NULL,
	lane         TEXT    NOT NULL,
	run_at       INTEGER,
	leased_until INTEGER,
	attempts     INTEGER NOT NULL,
	version      INTEGER NOT NULL,
	PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_due ON jobs (COALESCE(leased_until, run_at));
