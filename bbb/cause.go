package bbb

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// A Cause names why a call failed, for admins and metrics. The names are a
// contract; what to do about each is said elsewhere.
type Cause string

// The causes.
const (
	CauseDNS            Cause = "dns"             // the server's name can't be resolved here
	CauseRefused        Cause = "refused"         // nothing listens, or can't be reached
	CauseTimeout        Cause = "timeout"         //
	CauseTLSName        Cause = "tls_name"        // the certificate is for another name
	CauseTLSExpired     Cause = "tls_expired"     // the certificate has expired, or isn't valid yet
	CauseTLSAuthority   Cause = "tls_authority"   // nobody we trust vouches for the certificate
	CauseTLSMissing     Cause = "tls_missing"     // plain HTTP, or something else, at a port called by https
	CauseTLSExpected    Cause = "tls_expected"    // TLS at a port called by http
	CauseTLS            Cause = "tls"             // another fault of TLS
	CauseAddressBlocked Cause = "address_blocked" // a private address that isn't allowed
	CauseBroken         Cause = "broken"          // the connection ended before the answer did
	CauseCancelled      Cause = "cancelled"       // by us
	CauseRedirect       Cause = "redirect"        //
	CauseNotFoundPath   Cause = "not_found_path"  // no API there, or a wrong key in the path
	CauseHTML           Cause = "html"            // a web page: login, captive portal, wrong path
	CauseNotBBB         Cause = "not_bbb"         // empty, not XML, not the API's
	CauseTooLarge       Cause = "too_large"       //
	CauseAccessDenied   Cause = "access_denied"   // 401 or 403 before the API: IP list, basic auth
	CauseAPIDisabled    Cause = "api_disabled"    //
	CauseChecksum       Cause = "checksum"        // secret or algorithm; see ProbeAlgorithms
	CauseServerError    Cause = "server_error"    // 5xx, no healthy node, no capacity
	CauseFailed         Cause = "failed"          // refused by the API with another key
	CauseUnknown        Cause = "unknown"         //
)

// Explain names the cause of an error of this package. It is "" for nil.
func Explain(err error) Cause {
	var answer *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &answer):
		return answer.cause()
	case errors.Is(err, ErrInvalid):
		return CauseFailed
	}
	return lostCause(err)
}

var causes = map[error]Cause{
	ErrRedirect: CauseRedirect, ErrNoSuchPath: CauseNotFoundPath, ErrHTML: CauseHTML, ErrNotBBB: CauseNotBBB,
	ErrTooLarge: CauseTooLarge, ErrAccessDenied: CauseAccessDenied, ErrAPIDisabled: CauseAPIDisabled,
	ErrChecksum: CauseChecksum, ErrUnavailable: CauseServerError, ErrTLSExpected: CauseTLSExpected,
}

func (e *Error) cause() Cause {
	switch kind := e.sentinel(); {
	case causes[kind] != "":
		return causes[kind]
	case e.Key != "" || kind != nil:
		return CauseFailed
	case e.Status >= 500:
		return CauseServerError
	}
	return CauseUnknown
}

// lostCause explains a call that got no answer.
func lostCause(err error) Cause {
	var blocked interface{ AddressBlocked() bool } // of a client that guards its addresses
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &blocked) && blocked.AddressBlocked():
		return CauseAddressBlocked
	case errors.Is(err, context.Canceled):
		return CauseCancelled
	case errors.As(err, &dns) && !dns.IsTimeout:
		return CauseDNS
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return CauseTimeout
	case tlsCause(err) != "":
		return tlsCause(err)
	case isAny(err, syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN):
		return CauseRefused
	case isAny(err, io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE):
		return CauseBroken
	}
	return CauseUnknown
}

// alertInAnswer is how an alert of TLS reads that came for an answer of HTTP.
const alertInAnswer = `malformed HTTP response "\x15\x03`

// tlsCause explains what went wrong with TLS; "" if nothing did.
func tlsCause(err error) Cause {
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &host):
		return CauseTLSName
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return CauseTLSExpired
	case errors.As(err, &authority):
		return CauseTLSAuthority
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return CauseTLSMissing
	case strings.Contains(err.Error(), alertInAnswer):
		return CauseTLSExpected
	case errors.As(err, &verify), errors.As(err, &alert), errors.As(err, &invalid), strings.Contains(err.Error(), "tls: "):
		return CauseTLS
	}
	return ""
}

func isAny(err error, targets ...error) bool {
	for _, target := range targets {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// outcome is a call's end for metrics.
func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ErrNotFound):
		return "not_found"
	}
	return string(Explain(err))
}
