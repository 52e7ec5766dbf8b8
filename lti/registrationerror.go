package lti

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Codes of a registration that came to nothing (LTI Dynamic Registration 1.0):
// on the page, in the log, in docs/conformance.md.
const (
	CodeRegistrationAddress       = "registration_address"        // the configuration's address is none, or not https
	CodeRegistrationPrivate       = "registration_private"        // an address that we mustn't call
	CodeRegistrationName          = "registration_name"           // its host has no address
	CodeRegistrationTLS           = "registration_tls"            // its certificate won't do
	CodeRegistrationTimeout       = "registration_timeout"        // it doesn't answer in time
	CodeRegistrationRedirect      = "registration_redirect"       // it leads where we don't follow
	CodeRegistrationUnreachable   = "registration_unreachable"    // no connection, for any other reason
	CodeRegistrationTooLarge      = "registration_too_large"      // it says more than we read
	CodeRegistrationUnreadable    = "registration_unreadable"     // what it says is no JSON object
	CodeRegistrationIncomplete    = "registration_incomplete"     // the configuration lacks an address, or has a bad one
	CodeRegistrationUnsupported   = "registration_unsupported"    // no address to register at
	CodeRegistrationIssuer        = "registration_issuer"         // issuer and configuration don't belong together
	CodeRegistrationAlgorithm     = "registration_algorithm"      // no signature that we know
	CodeRegistrationNoConfig      = "registration_no_config"      // it doesn't give its configuration
	CodeRegistrationToken         = "registration_token"          // the token is used up, too old or unknown
	CodeRegistrationRefused       = "registration_refused"        // any other no
	CodeRegistrationPlatformFails = "registration_platform_fails" // a fault of the platform's own
	CodeRegistrationNoClientID    = "registration_no_client_id"   // it says yes and gives no client id
)

// RegistrationCodes lists every code of a RegistrationError.
func RegistrationCodes() []string {
	return []string{
		CodeRegistrationAddress, CodeRegistrationPrivate, CodeRegistrationName, CodeRegistrationTLS,
		CodeRegistrationTimeout, CodeRegistrationRedirect, CodeRegistrationUnreachable, CodeRegistrationTooLarge,
		CodeRegistrationUnreadable, CodeRegistrationIncomplete, CodeRegistrationUnsupported, CodeRegistrationIssuer,
		CodeRegistrationAlgorithm, CodeRegistrationNoConfig, CodeRegistrationToken, CodeRegistrationRefused,
		CodeRegistrationPlatformFails, CodeRegistrationNoClientID,
	}
}

// A RegistrationError says why a platform isn't registered. Nothing in it is
// secret: neither the token, nor the query of an address, in which some
// platforms have one.
type RegistrationError struct {
	Code   string
	Step   string // "configuration" or "registration": at which call
	Host   string // that was asked; may be empty
	Status int    // of the platform's answer; 0: there was none
	Words  string // the platform's own, short and on one line; may be empty
	Err    error  // what exactly, for the log. May be nil
}

func (e *RegistrationError) Error() string {
	text := e.Code + ": " + e.Step
	if e.Host != "" {
		text += " at " + e.Host
	}
	if e.Status != 0 {
		text += fmt.Sprintf(": the platform answers %d", e.Status)
	}
	if e.Words != "" {
		text += ": " + e.Words
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *RegistrationError) Unwrap() error { return e.Err }

// A RegistrationToken lets us register once; it doesn't print.
type RegistrationToken string

func (RegistrationToken) String() string               { return redacted }
func (RegistrationToken) GoString() string             { return redacted }
func (RegistrationToken) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (RegistrationToken) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// unreached is the error of a call that got no answer. The address, which
// net/http puts into its errors, stays out.
func unreached(err error) *RegistrationError {
	var wrapped *url.Error
	for errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return &RegistrationError{Code: unreachedCode(err), Err: err}
}

func unreachedCode(err error) string {
	var (
		blocked     *AddressError
		name        *net.DNSError
		certificate *tls.CertificateVerificationError
		hostname    x509.HostnameError
		record      tls.RecordHeaderError
		alert       tls.AlertError
		slow        net.Error
	)
	switch {
	case errors.As(err, &blocked):
		return CodeRegistrationPrivate
	case errors.Is(err, errRedirect):
		return CodeRegistrationRedirect
	case errors.Is(err, errTooLarge):
		return CodeRegistrationTooLarge
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return CodeRegistrationTimeout
	case errors.As(err, &name):
		return CodeRegistrationName
	case errors.As(err, &certificate), errors.As(err, &hostname), errors.As(err, &record), errors.As(err, &alert),
		errors.Is(err, http.ErrSchemeMismatch):
		return CodeRegistrationTLS
	}
	return CodeRegistrationUnreachable
}

// refusedCode is the code of an answer that isn't a yes.
func refusedCode(status int, words string) string {
	switch {
	case status >= http.StatusInternalServerError:
		return CodeRegistrationPlatformFails
	case status == http.StatusUnauthorized, status == http.StatusForbidden, aboutToken(words):
		return CodeRegistrationToken
	}
	return CodeRegistrationRefused
}

// aboutToken reports whether a refusal's words are about the registration
// token. Moodle answers 404 with an exception's words to one that is too old or
// has lost a part.
func aboutToken(words string) bool {
	words = strings.ReplaceAll(strings.ToLower(words), " ", "_")
	for _, part := range []string{"registration_token", "expired_token", "wrong_number_of_segments", "signature_verification_failed"} {
		if strings.Contains(words, part) {
			return true
		}
	}
	return false
}
