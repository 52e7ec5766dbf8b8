package admin

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti"
)

// shelf is a registry in memory. Platforms without a name were removed.
type shelf struct {
	list  []Platform
	asked []string // client ids for which an access token was asked for
}

func (s *shelf) Platforms(context.Context) ([]Platform, error) {
	return slices.DeleteFunc(slices.Clone(s.list), func(p Platform) bool { return p.Name == "" }), nil
}

func (s *shelf) RegisteredAs(_ context.Context, clientID string) ([]Platform, error) {
	return slices.DeleteFunc(slices.Clone(s.list), func(p Platform) bool { return p.ClientID != clientID }), nil
}

func (s *shelf) AddPlatform(_ context.Context, p Platform) (Platform, error) {
	p.ID = p.Name
	return p, nil
}

func (s *shelf) EditPlatform(_ context.Context, name string, change func(*Platform) error) (before, after Platform, err error) {
	at := slices.IndexFunc(s.list, func(p Platform) bool { return p.Name == name })
	after = s.list[at]
	return s.list[at], after, change(&after)
}

func (s *shelf) SetPlatformDisabled(context.Context, string, bool) error { return nil }
func (s *shelf) RemovePlatform(context.Context, string) error            { return nil }
func (s *shelf) NewestKey(context.Context) (lti.Key, error)              { return lti.Key{}, nil }

func (s *shelf) Tenants(context.Context) ([]classroom.Tenant, error) {
	return []classroom.Tenant{{ID: "law"}, {ID: "medicine"}}, nil
}

func (s *shelf) KeySet(context.Context, lti.Registration) (lti.KeySetFound, error) {
	return lti.KeySetFound{Usable: 1}, nil
}

func (s *shelf) Token(_ context.Context, r lti.Registration, _ string) error {
	s.asked = append(s.asked, r.ClientID)
	return nil
}

func registered(name, tenant, issuer, client, token string) Platform {
	return Platform{TenantID: tenant, Registration: lti.Registration{
		ID: name, Name: name, Issuer: issuer, ClientID: client, AuthURL: issuer + "/a", TokenURL: token, JWKSURL: issuer + "/k", Deployments: map[string]bool{"1": true},
	}}
}

// All LMSs know us by the same keys: who registers the client id of another
// tenant's would have us sign what opens that one's gradebooks, and who
// registers what another tenant has removed would have its courses and people.
func TestPlatformsOfOtherTenants(t *testing.T) {
	const a, b = "https://a.example", "https://b.example"
	admin := Actor{Role: TenantAdmin, Tenants: []string{"medicine"}}
	both := Actor{Role: TenantAdmin, Tenants: []string{"law", "medicine"}}
	theirs := registered("Law", "law", a, "c", a+"/t")
	removed := registered("", "law", a, "c", "")
	ours := registered("Med", "medicine", a, "c", "")
	for _, test := range []struct {
		name   string
		by     Actor
		there  []Platform
		p      Platform
		want   map[string]string
		signed bool // also when it is only tried
	}{
		{"a client id that nobody has", admin, nil, registered("M", "medicine", b, "c", b+"/t"), nil, true},
		{"what another tenant has removed", admin, []Platform{removed}, registered("M", "medicine", a, "c", ""), map[string]string{"client_id": "elsewhere"}, false},
		{"what one's own tenant has removed", both, []Platform{removed}, registered("M", "medicine", a, "c", a+"/t"), nil, true},
		{"by an operator", Actor{Role: Operator}, []Platform{removed}, registered("M", "medicine", a, "c", a+"/t"), nil, true},
		{"another tenant's client id, with a token URL of one's own", admin, []Platform{theirs}, registered("M", "medicine", b, "c", b+"/t"), map[string]string{"client_id": "elsewhere"}, false},
		{"the same word where nothing is signed for", admin, []Platform{theirs}, registered("M", "medicine", b, "c", ""), nil, true},
		{"two tools of one issuer", admin, []Platform{theirs}, registered("M", "medicine", a, "d", a+"/t"), nil, true},
		{"one's own once more", admin, []Platform{ours}, registered("M", "medicine", a, "c", ""), map[string]string{"client_id": "registered"}, true},
		{"into another tenant", admin, nil, registered("M", "law", b, "c", ""), nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := &shelf{list: test.there}
			s := &Platforms{Store: store, Probe: store}
			_, err := s.Add(t.Context(), test.by, test.p)
			var wrong *InvalidError
			switch {
			case !test.by.Can(EditPlatforms, test.p.TenantID):
				if !errors.Is(err, ErrForbidden) {
					t.Errorf("it is added: %v", err)
				}
			case errors.As(err, &wrong):
				if diff := cmp.Diff(test.want, wrong.Fields); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			case err != nil || test.want != nil:
				t.Errorf("Add: %v, want %v", err, test.want)
			}
			if _, err := s.Try(t.Context(), test.by, test.p); err != nil {
				t.Fatal(err)
			}
			if signed := len(store.asked) > 0; signed != test.signed {
				t.Errorf("something was signed: %v, want %v", signed, test.signed)
			}
		})
	}
}

// Nor does it come about by a change.
func TestTokenURLOfAnotherTenantsClient(t *testing.T) {
	store := &shelf{list: []Platform{
		registered("Law", "law", "https://a.example", "c", "https://a.example/t"), registered("Med", "medicine", "https://b.example", "c", ""),
	}}
	s := &Platforms{Store: store}
	by := Actor{Role: TenantAdmin, Tenants: []string{"medicine"}}
	_, err := s.Edit(t.Context(), by, "Med", func(p *Platform) { p.TokenURL = "https://b.example/t" })
	var wrong *InvalidError
	if !errors.As(err, &wrong) || wrong.Fields["token_url"] != "elsewhere" {
		t.Errorf("a token URL for another tenant's client id: %v", err)
	}
	if _, err := s.Edit(t.Context(), by, "Med", func(p *Platform) { p.AllowAnonymous = true }); err != nil {
		t.Errorf("another change: %v", err)
	}
	if _, err := s.Edit(t.Context(), by, "Law", func(p *Platform) {}); !errors.Is(err, ErrNotFound) {
		t.Errorf("another tenant's platform: %v", err)
	}
}
