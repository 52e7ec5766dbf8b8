package admin

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/lti"
)

// fakeLinks keeps one link.
type fakeLinks struct {
	link     RegistrationLink
	held     time.Time
	clients  []lti.Client
	saved    []NewRegistration
	saveErr  error
	by       string
	failures []RegistrationFailure
}

func (f *fakeLinks) AddRegistrationLink(_ context.Context, l RegistrationLink, _ []byte) (RegistrationLink, error) {
	return l, nil
}

func (f *fakeLinks) RegistrationLinks(context.Context) ([]RegistrationLink, error) {
	return []RegistrationLink{f.link}, nil
}

func (f *fakeLinks) RegistrationLinkOf(_ context.Context, digest []byte) (RegistrationLink, error) {
	if string(digest) != string(code("good").digest()) {
		return RegistrationLink{}, ErrLinkUnknown
	}
	return f.link, nil
}

func (f *fakeLinks) RevokeRegistrationLink(context.Context, string) error { return nil }

func (f *fakeLinks) HoldRegistrationLink(_ context.Context, _ string, until time.Time) (bool, error) {
	if !f.held.IsZero() {
		return false, nil
	}
	f.held = until
	return true, nil
}

func (f *fakeLinks) NoteRegistrationFailure(_ context.Context, _ string, held time.Time, failure RegistrationFailure) error {
	f.failures = append(f.failures, failure)
	if held.Equal(f.held) {
		f.held = time.Time{}
	}
	return nil
}

func (f *fakeLinks) ClientsOf(context.Context, string, string) ([]lti.Client, error) {
	return f.clients, nil
}

func (f *fakeLinks) SaveRegistration(ctx context.Context, n NewRegistration) (Saved, error) {
	f.saved, f.by = append(f.saved, n), ActorOf(ctx).Name
	return Saved{Name: "Moodle", Pending: n.Pending}, f.saveErr
}

func (f *fakeLinks) ApprovePlatform(context.Context, string) (bool, error) { return true, nil }
func (f *fakeLinks) Platforms(context.Context) ([]Platform, error)         { return nil, nil }
func (f *fakeLinks) LinkedPlatform(context.Context, string) (LinkedPlatform, error) {
	return LinkedPlatform{}, ErrNotFound
}

// fakePlatform is what a platform says.
type fakePlatform struct {
	offer   lti.Offer
	lookErr error
	err     error
	known   *lti.Client
	asked   int
}

func (f *fakePlatform) Look(context.Context, string, lti.RegistrationToken) (lti.Offer, error) {
	f.asked++
	return f.offer, f.lookErr
}

func (f *fakePlatform) Register(_ context.Context, _ lti.Offer, _ lti.RegistrationToken, known *lti.Client) (lti.Registered, error) {
	f.known = known
	return lti.Registered{}, f.err
}

func (f *fakePlatform) Asks(lti.Offer) lti.Features { return lti.Features{} }

var linkNow = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func newFakes() (*Registering, *fakeLinks, *fakePlatform) {
	store := &fakeLinks{link: RegistrationLink{ID: "l", TenantID: "t", Note: "Law", ExpiresAt: linkNow.Add(time.Hour)}}
	platform := &fakePlatform{offer: lti.Offer{Issuer: "https://m.example", Belongs: lti.OwnIssuer}}
	return &Registering{
		Store: store, Platforms: platform, Now: func() time.Time { return linkNow }, Log: slog.New(slog.DiscardHandler),
		Most: make(chan struct{}, 1),
	}, store, platform
}

// TestRegister is what a link allows, and what is kept of what it doesn't.
func TestRegister(t *testing.T) {
	refused := &lti.RegistrationError{Code: lti.CodeRegistrationRefused, Step: "registration", Host: "m.example", Status: 400, Words: "no"}
	for _, test := range []struct {
		name    string
		spoil   func(*Registering, *fakeLinks, *fakePlatform)
		err     error
		saved   bool
		pending bool
		trusted bool
		kept    []string // codes
		asked   int
	}{
		{name: "good", saved: true, trusted: true, asked: 1},
		{name: "with approval", spoil: func(_ *Registering, s *fakeLinks, _ *fakePlatform) { s.link.Approve = true }, saved: true, pending: true, trusted: true, asked: 1},
		{name: "a doubtful issuer", spoil: func(_ *Registering, _ *fakeLinks, p *fakePlatform) { p.offer.Belongs = lti.DoubtfulIssuer }, saved: true, pending: true, asked: 1},
		{name: "revoked", spoil: func(_ *Registering, s *fakeLinks, _ *fakePlatform) { s.link.RevokedAt = linkNow }, err: ErrLinkRevoked},
		{name: "over at this moment", spoil: func(_ *Registering, s *fakeLinks, _ *fakePlatform) { s.link.ExpiresAt = linkNow }, err: ErrLinkExpired},
		{name: "used by the same platform", spoil: func(_ *Registering, s *fakeLinks, _ *fakePlatform) {
			s.link.UsedAt, s.link.Issuer = linkNow, "https://m.example"
		}, saved: true, trusted: true, asked: 1},
		{name: "used by another one", spoil: func(_ *Registering, s *fakeLinks, _ *fakePlatform) {
			s.link.UsedAt, s.link.Issuer = linkNow, "https://other.example"
		}, err: ErrLinkUsed, kept: []string{"link_used"}, asked: 1},
		{name: "held by another registration", spoil: func(_ *Registering, s *fakeLinks, _ *fakePlatform) { s.held = linkNow.Add(time.Second) }, err: ErrLinkBusy},
		{name: "too many at once", spoil: func(r *Registering, _ *fakeLinks, _ *fakePlatform) { r.Most <- struct{}{} }, err: ErrLinkBusy},
		{name: "the platform refuses", spoil: func(_ *Registering, _ *fakeLinks, p *fakePlatform) { p.err = refused }, err: refused, kept: []string{lti.CodeRegistrationRefused}, asked: 1},
		{name: "it is another tenant's", spoil: func(_ *Registering, s *fakeLinks, _ *fakePlatform) { s.saveErr = ErrOtherTenant }, err: ErrOtherTenant, saved: true, trusted: true, kept: []string{"registration_other_tenant"}, asked: 1},
		{name: "a fault of ours", spoil: func(_ *Registering, s *fakeLinks, _ *fakePlatform) { s.saveErr = errDisk }, err: errDisk, saved: true, trusted: true, kept: []string{""}, asked: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, store, platform := newFakes()
			if test.spoil != nil {
				test.spoil(r, store, platform)
			}
			before := len(r.Most)
			_, err := r.Register(t.Context(), RegistrationVisit{Code: "good"})
			if !errors.Is(err, test.err) {
				t.Fatalf("%v, want %v", err, test.err)
			}
			if (len(store.saved) == 1) != test.saved || test.saved && (store.saved[0].Pending != test.pending || store.saved[0].Trusted != test.trusted) {
				t.Errorf("saved %+v", store.saved)
			}
			if test.saved && store.by != "registration link Law" {
				t.Errorf("it is %q's doing", store.by)
			}
			var kept []string
			for _, f := range store.failures {
				kept = append(kept, f.Code)
				if !f.At.Equal(linkNow) {
					t.Errorf("failed at %v", f.At)
				}
			}
			if diff := cmp.Diff(test.kept, kept); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
			if platform.asked != test.asked || len(r.Most) != before {
				t.Errorf("the platform was asked %d times; %d turns are taken", platform.asked, len(r.Most))
			}
			if len(test.kept) > 0 && !store.held.IsZero() {
				t.Error("the link is still held")
			}
		})
	}
	for _, unknown := range []string{"", "bad"} {
		r, _, platform := newFakes()
		if _, err := r.Look(t.Context(), RegistrationVisit{Code: unknown}); !errors.Is(err, ErrLinkUnknown) || platform.asked != 0 {
			t.Errorf("%q: %v", unknown, err)
		}
	}
}

var errDisk = errors.New("disk is gone")

// TestWhoGoesAway: nothing is kept of a browser that leaves before the
// platform has said what it is.
func TestWhoGoesAway(t *testing.T) {
	r, store, platform := newFakes()
	platform.lookErr = &lti.RegistrationError{Code: lti.CodeRegistrationUnreachable, Err: context.Canceled}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Look(gone, RegistrationVisit{Code: "good"}); err == nil || len(store.failures) != 0 {
		t.Errorf("%v, kept %v", err, store.failures)
	}
	if _, err := r.Look(t.Context(), RegistrationVisit{Code: "good"}); err == nil || len(store.failures) != 1 {
		t.Errorf("%v, kept %v", err, store.failures)
	}
}

// TestKnownClient: of several clients of an issuer, only the link's own may be
// updated.
func TestKnownClient(t *testing.T) {
	one, two := lti.Client{Registration: lti.Registration{ID: "1"}}, lti.Client{Registration: lti.Registration{ID: "2"}}
	for _, test := range []struct {
		name    string
		clients []lti.Client
		link    string
		want    string
	}{
		{"none", nil, "", ""},
		{"the only one", []lti.Client{one}, "", "1"},
		{"several", []lti.Client{one, two}, "", ""},
		{"the link's", []lti.Client{one, two}, "2", "2"},
	} {
		r, store, platform := newFakes()
		store.clients, store.link.PlatformID = test.clients, test.link
		if _, err := r.Register(t.Context(), RegistrationVisit{Code: "good"}); err != nil {
			t.Fatal(err)
		}
		got := ""
		if platform.known != nil {
			got = platform.known.Registration.ID
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestLinkWish(t *testing.T) {
	for _, test := range []struct {
		name  string
		wish  LinkWish
		wrong string
	}{
		{"good", LinkWish{Note: " Law ", Life: time.Minute}, ""},
		{"no life", LinkWish{}, "life"},
		{"too short", LinkWish{Life: time.Minute - 1}, "life"},
		{"as long as may be", LinkWish{Life: LinkLifeMost}, ""},
		{"longer", LinkWish{Life: LinkLifeMost + 1}, "life"},
		{"two lines", LinkWish{Note: "a\nb", Life: time.Hour}, "note"},
		{"no text", LinkWish{Note: "\xff", Life: time.Hour}, "note"},
	} {
		err := test.wish.check()
		var invalid *InvalidError
		if test.wrong == "" && err != nil || test.wrong != "" && (!errors.As(err, &invalid) || invalid.Fields[test.wrong] == "") {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
