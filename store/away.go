package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"

	"github.com/bbbridge/bbbridge/classroom"
)

// statementMost is how long PostgreSQL may take for one statement, the wait for
// a connection included: somebody waits for the page. SQLite bounds its waiting
// itself: see busyFor.
const statementMost = 8 * time.Second

// told is err, marked as classroom.ErrAway if it says that the database can't
// be asked, and nothing of what it was asked.
func told(err error) error {
	if err == nil || errors.Is(err, classroom.ErrAway) || !isAway(err) {
		return err
	}
	return fmt.Errorf("%w: %w", classroom.ErrAway, err)
}

// awaySQLite are SQLite's words for a file that is locked, full, gone or broken.
var awaySQLite = []sqlite3.ErrNo{
	sqlite3.ErrBusy, sqlite3.ErrLocked, sqlite3.ErrIoErr, sqlite3.ErrFull, sqlite3.ErrCantOpen, sqlite3.ErrReadonly,
	sqlite3.ErrPerm, sqlite3.ErrProtocol, sqlite3.ErrInterrupt, sqlite3.ErrNomem, sqlite3.ErrCorrupt, sqlite3.ErrNotADB,
}

// awayPostgres are classes of PostgreSQL's codes (its manual, appendix A), and
// codes: no connection, no right to connect, no such database, no resources, an
// operator's stop, a fault of the system, a server that only reads, and a lock
// that others hold.
var awayPostgres = []string{"08", "28", "3D", "53", "57", "58", "25006", "55P03"}

func isAway(err error) bool {
	var lite sqlite3.Error
	var pg *pgconn.PgError
	var connecting *pgconn.ConnectError
	var network net.Error
	switch {
	case errors.As(err, &lite):
		return slices.Contains(awaySQLite, lite.Code)
	case errors.As(err, &pg):
		return slices.ContainsFunc(awayPostgres, func(code string) bool { return strings.HasPrefix(pg.Code, code) })
	case errors.As(err, &connecting), errors.As(err, &network):
		return true
	}
	for _, lost := range []error{context.DeadlineExceeded, sql.ErrConnDone, driver.ErrBadConn, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, lost) {
			return true
		}
	}
	// Neither package has a name for these.
	return strings.Contains(err.Error(), "sql: database is closed") || strings.Contains(err.Error(), "conn closed")
}
