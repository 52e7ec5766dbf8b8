package bbb

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// Every way in which a create is known to fail.
func TestMayBeStuck(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		want bool
	}{
		{"Scalelite can't reach the node", &Error{Key: "internalError", Message: "Unable to create meeting on server."}, true},
		{"Scalelite's node is disabled", &Error{Key: "serverUnavailable"}, true},
		{"no node with the tag", &Error{Key: "serverTagUnavailable"}, true},
		{"other passwords", &Error{Key: "idNotUnique"}, true},
		{"other passwords, as others spell it", &Error{Key: "NotUniqueMeetingID"}, true},
		{"the class before is ending", &Error{Key: "meetingForciblyEnded"}, true},
		{"a balancer forwards to where it isn't", &Error{Key: "notFound"}, true},
		{"somebody's voice bridge", &Error{Key: "nonUniqueVoiceBridge"}, true},
		{"b3scale's own", &Error{Key: "b3scale_server_error", Status: 500}, true},
		{"plugNmeet's only key", &Error{Key: "error", Message: "something went wrong"}, true},
		{"a key that nobody knows", &Error{Key: "somethingNew"}, true},
		{"no key", &Error{Message: "No."}, true},
		{"wrapped", fmt.Errorf("create: %w", &Error{Key: "internalError"}), true},

		{"the account is full", &Error{Key: "maxConcurrent"}, false},
		{"signature", &Error{Key: "checksumError"}, false},
		{"parameter", &Error{Key: "validationError"}, false},
		{"parameter too long", &Error{Key: "sizeError"}, false},
		{"no name", &Error{Key: "missingParamMeetingID"}, false},
		{"password", &Error{Key: "invalidPassword"}, false},
		{"content type", &Error{Key: "unsupportedContentType"}, false},
		{"API off", &Error{Key: "apiNotEnabled"}, false},
		{"not routed", &Error{Key: "unsupportedRequest"}, false},
		{"plugNmeet's key in the path", &Error{Key: "apiKeyError"}, false},
		{"a proxy's 502", &Error{Status: 502, Message: "Bad Gateway", kind: ErrUnavailable}, false},
		{"a page", &Error{Message: "Sign in", kind: ErrHTML}, false},
		{"success without a meeting", &Error{kind: ErrNotBBB}, false},
		{"no answer in time", &transportError{call: "create", err: context.DeadlineExceeded}, false},
		{"our own", fmt.Errorf("create meeting: %w", ErrInvalid), false},
		{"another error", errors.New("no"), false},
		{"none", nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := MayBeStuck(test.err); got != test.want {
				t.Errorf("MayBeStuck(%v) = %v", test.err, got)
			}
		})
	}
}

func TestWords(t *testing.T) {
	for _, test := range []struct {
		err  Error
		want string
	}{
		{Error{Key: "notFound", Message: "Not here."}, "notFound: Not here."},
		{Error{Key: "notFound"}, "notFound"}, {Error{Message: "Not here."}, "Not here."}, {Error{}, ""},
	} {
		if got := test.err.Words(); got != test.want {
			t.Errorf("words of %+v are %q, want %q", test.err, got, test.want)
		}
	}
}
