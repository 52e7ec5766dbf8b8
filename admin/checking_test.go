package admin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bbbridge/bbbridge/lti"
)

// answers is a platform that answers so.
type answers struct {
	set      lti.KeySetFound
	setErr   error
	tokenErr error
}

func (a answers) KeySet(context.Context, lti.Registration) (lti.KeySetFound, error) {
	return a.set, a.setErr
}
func (a answers) Token(context.Context, lti.Registration, string) error { return a.tokenErr }

func TestChecks(t *testing.T) {
	good := lti.KeySetFound{Usable: 1, HasTime: true}
	dial := func(err error) error {
		return fmt.Errorf("get: %w", &net.OpError{Op: "dial", Err: err})
	}
	for _, test := range []struct {
		name    string
		answers answers
		want    []Finding
	}{
		{"all is well", answers{set: good}, []Finding{{Mark: Good, Code: "keys"}, {Mark: Good, Code: "clock"}, {Mark: Good, Code: "token"}}},
		{"it doesn't say what time it is", answers{set: lti.KeySetFound{Usable: 1}}, []Finding{{Mark: Good, Code: "keys"}, {Mark: Good, Code: "token"}}},
		{"no key for us", answers{set: lti.KeySetFound{}}, []Finding{{Mark: Needs, Code: "keys_none"}, {Mark: Good, Code: "token"}}},
		{"half a minute is right", answers{set: lti.KeySetFound{Usable: 1, HasTime: true, Ahead: -30 * time.Second}}, []Finding{{Mark: Good, Code: "keys"}, {Mark: Good, Code: "clock"}, {Mark: Good, Code: "token"}}},
		{"its clock is before ours", answers{set: lti.KeySetFound{Usable: 1, HasTime: true, Ahead: 31 * time.Second}}, []Finding{{Mark: Good, Code: "keys"}, {Needs, "clock_ahead", "31s"}, {Mark: Good, Code: "token"}}},
		{"its clock is behind ours", answers{set: lti.KeySetFound{Usable: 1, HasTime: true, Ahead: -2 * time.Minute}}, []Finding{{Mark: Good, Code: "keys"}, {Needs, "clock_behind", "2m0s"}, {Mark: Good, Code: "token"}}},
		{"no name", answers{setErr: dial(&net.DNSError{Name: "x"}), tokenErr: dial(&net.DNSError{Name: "x"})}, []Finding{{Mark: Needs, Code: "keys_name"}, {Mark: Needs, Code: "token_name"}}},
		{"nobody listens", answers{setErr: dial(errors.New("connection refused")), tokenErr: dial(errors.New("connection refused"))}, []Finding{{Mark: Needs, Code: "keys_refused"}, {Mark: Needs, Code: "token_refused_connection"}}},
		{"a private address", answers{setErr: dial(&lti.AddressError{Address: "10.0.0.1:443"}), tokenErr: nil}, []Finding{{Mark: Needs, Code: "keys_blocked"}, {Mark: Good, Code: "token"}}},
		{"a certificate of another", answers{setErr: &tls.CertificateVerificationError{Err: errors.New("x")}}, []Finding{{Mark: Needs, Code: "keys_certificate"}, {Mark: Good, Code: "token"}}},
		{"no TLS", answers{setErr: tls.RecordHeaderError{Msg: "x"}}, []Finding{{Mark: Needs, Code: "keys_tls"}, {Mark: Good, Code: "token"}}},
		{"too slow", answers{setErr: context.DeadlineExceeded}, []Finding{{Mark: Needs, Code: "keys_slow"}, {Mark: Good, Code: "token"}}},
		{"a web page", answers{setErr: errors.New("it is no JSON")}, []Finding{{Mark: Needs, Code: "keys_unreadable"}, {Mark: Good, Code: "token"}}},
		{"no token URL", answers{set: good, tokenErr: lti.ErrNotGranted}, []Finding{{Mark: Good, Code: "keys"}, {Mark: Good, Code: "clock"}, {Mark: Note, Code: "token_none"}}},
		{"our key isn't known", answers{set: good, tokenErr: &lti.ServiceError{Call: "token", Status: 400, Reason: "invalid_client"}}, []Finding{{Mark: Good, Code: "keys"}, {Mark: Good, Code: "clock"}, {Mark: Needs, Code: "token_key"}}},
		{"no right", answers{set: good, tokenErr: &lti.ServiceError{Call: "token", Status: 400, Reason: "invalid_scope"}}, []Finding{{Mark: Good, Code: "keys"}, {Mark: Good, Code: "clock"}, {Mark: Needs, Code: "token_scope"}}},
		{"another no", answers{set: good, tokenErr: &lti.ServiceError{Call: "token", Status: 403}}, []Finding{{Mark: Good, Code: "keys"}, {Mark: Good, Code: "clock"}, {Mark: Needs, Code: "token_refused"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &Platforms{Probe: test.answers}
			got := s.checked(t.Context(), Platform{Registration: lti.Registration{Issuer: "https://x", AdoptDeployments: true}})
			ignored := cmpopts.IgnoreFields(Finding{}, "Detail")
			if test.want[len(test.want)-1].Detail != "" || len(got) > 1 && test.want[1].Detail != "" {
				ignored = cmp.Options{}
			}
			if diff := cmp.Diff(test.want, got, ignored); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestChecksOfTheRegistrationItself(t *testing.T) {
	s := &Platforms{Probe: answers{set: lti.KeySetFound{Usable: 1}}}
	got := s.checked(t.Context(), Platform{Registration: lti.Registration{Issuer: "https://x/"}})
	want := []Finding{{Mark: Good, Code: "keys"}, {Mark: Good, Code: "token"}, {Note, "issuer_slash", "https://x/"}, {Mark: Needs, Code: "no_deployment"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
