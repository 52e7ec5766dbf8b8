package bbb

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// What a call can end with, told by errors.Is. The first group are answers of
// the API, the second are what came instead of one.
var (
	ErrNotFound           = errors.New("not found at the server") // meeting or recording: a normal state
	ErrChecksum           = errors.New("checksum refused")
	ErrIDNotUnique        = errors.New("meeting exists with other passwords")
	ErrForciblyEnded      = errors.New("meeting just ended")
	ErrMismatchCreateTime = errors.New("createTime is that of an earlier meeting")
	ErrFull               = errors.New("no more people may join")
	ErrGuestDenied        = errors.New("guest denied")
	ErrPassword           = errors.New("password refused")
	ErrInvalid            = errors.New("invalid parameter") // found by us, before the call, or by the server
	ErrUnavailable        = errors.New("server can't serve now")
	ErrAPIDisabled        = errors.New("API is switched off")
	ErrUnsupported        = errors.New("call not supported by the server")

	ErrRedirect     = errors.New("server redirects")
	ErrNoSuchPath   = errors.New("no API at this path")
	ErrAccessDenied = errors.New("access denied before the API")
	ErrHTML         = errors.New("a web page instead of an answer")
	ErrNotBBB       = errors.New("not an answer of BigBlueButton")
	ErrTooLarge     = errors.New("answer too large")
	ErrTLSExpected  = errors.New("http:// at a port that wants TLS")
)

// An Error is an answer that says no, or that is none. It holds neither the
// query of the call nor a secret, so it can be logged and shown to admins.
type Error struct {
	Call    string
	Key     string // the answer's messageKey, also one that we don't know; "" if there's none
	Message string // English, from the server, not stable
	Status  int    // of HTTP; 200 for most refusals
	Address string // of the API, without call and query

	kind error // which sentinel, if it isn't told by Key
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Call)
	if e.Address != "" {
		b.WriteString(" at " + e.Address)
	}
	if e.kind != nil {
		b.WriteString(": " + e.kind.Error())
	}
	if e.Key != "" {
		b.WriteString(": " + e.Key)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Status != 200 && e.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d)", e.Status)
	}
	return b.String()
}

// Answered reports whether the API itself has said no: Key and Message are the
// server's words then, not those of something that stands before it.
func (e *Error) Answered() bool { return e.kind == nil }

// Words are the server's: key and message, as far as it has said them.
func (e *Error) Words() string {
	if e.Key != "" && e.Message != "" {
		return e.Key + ": " + e.Message
	}
	return e.Key + e.Message
}

// Is reports whether target is the sentinel for e.
func (e *Error) Is(target error) bool { return target != nil && e.sentinel() == target }

// sentinels has the keys of all servers known to us, in lower case
// (BigBlueButton's API documentation and code, Scalelite, b3scale, plugNmeet).
var sentinels = map[string]error{
	"notfound": ErrNotFound, "meetingnotfound": ErrNotFound, "recordingnotfound": ErrNotFound,
	"invalidmeetingidentifier": ErrNotFound, "invalidmeetingid": ErrNotFound, "invalidrecordingidentifier": ErrNotFound,
	"checksumerror": ErrChecksum,
	"idnotunique":   ErrIDNotUnique, "notuniquemeetingid": ErrIDNotUnique,
	"meetingforciblyended":    ErrForciblyEnded,
	"mismatchcreatetimeparam": ErrMismatchCreateTime, "mismatchcreatetime": ErrMismatchCreateTime,
	"maxparticipantsreached": ErrFull, "attendeeslimitreached": ErrFull, "maxconcurrent": ErrFull,
	"guestdeny": ErrGuestDenied, "guestdeniedaccess": ErrGuestDenied,
	"invalidpassword": ErrPassword, "params required": ErrPassword,
	"validationerror": ErrInvalid, "sizeerror": ErrInvalid, "emptyerror": ErrInvalid, "nullerror": ErrInvalid,
	"missingparam": ErrInvalid, "missingparameters": ErrInvalid, "paramerror": ErrInvalid,
	"missingparammeetingid": ErrInvalid, "missingparamfullname": ErrInvalid,
	"missingparamrecordid": ErrInvalid, "missingparampublish": ErrInvalid, "unsupportedcontenttype": ErrInvalid,
	"internalerror": ErrUnavailable, "serverunavailable": ErrUnavailable, "servertagunavailable": ErrUnavailable,
	"b3scale_server_error": ErrUnavailable,
	"apinotenabled":        ErrAPIDisabled,
	"unsupportedrequest":   ErrUnsupported, "notimplemented": ErrUnsupported, "b3scalegatewayerror": ErrUnsupported,
	"apikeyerror": ErrNoSuchPath, // plugNmeet: the key stands in the path
}

func (e *Error) sentinel() error {
	if e.kind != nil {
		return e.kind
	}
	if known, ok := sentinels[strings.ToLower(e.Key)]; ok {
		return known
	}
	// plugNmeet has one key, "error", for what has none of its own; b3scale
	// before one passes it on, and insertDocument of BigBlueButton has none.
	if e.Key == "" || strings.EqualFold(e.Key, "error") {
		message := strings.ToLower(e.Message)
		if strings.Contains(message, "not found") || strings.Contains(message, "not active") {
			return ErrNotFound
		}
	}
	return nil
}

// Failed reports whether err is of a call to a server: an answer that says no,
// one that is none, or no answer.
func Failed(err error) bool {
	var answer *Error
	var lost *transportError
	return errors.As(err, &answer) || errors.As(err, &lost) || errors.Is(err, ErrInvalid)
}

// A transportError is a call that got no answer. It stands for the url.Error
// of net/http, whose text has the whole signed URL.
type transportError struct {
	call, address string
	err           error
}

func (e *transportError) Error() string { return e.call + " at " + e.address + ": " + e.err.Error() }
func (e *transportError) Unwrap() error { return e.err }

var (
	queryInText    = regexp.MustCompile(`\?[^\s"'<>]*=[^\s"'<>]*`)
	checksumInText = regexp.MustCompile(`(?i)(checksum|password|PW)(=|%3D)[^\s"'<>&]*`)
	space          = regexp.MustCompile(`\s+`)
)

// scrub makes a server's text fit to be logged: one line of 200 characters at
// most, without anything that may be an echo of the signed query.
func scrub(text string, secret Secret) string {
	if s := secret.text(); s != "" {
		text = strings.ReplaceAll(text, s, redacted)
	}
	if len(text) > 4096 {
		text = text[:4096]
	}
	text = strings.ToValidUTF8(text, "")
	text = queryInText.ReplaceAllString(text, "?…")
	text = checksumInText.ReplaceAllString(text, "$1=…")
	text = strings.TrimSpace(space.ReplaceAllString(text, " "))
	if runes := []rune(text); len(runes) > 200 {
		return string(runes[:200]) + "…"
	}
	return text
}
