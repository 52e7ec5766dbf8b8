package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
)

// serverStore keeps servers. What changes is written together with its line of
// the audit log.
type serverStore interface {
	Tenants(context.Context) ([]classroom.Tenant, error)
	Servers(context.Context) ([]classroom.Server, error)
	ServersOf(ctx context.Context, tenantID string) ([]classroom.Server, error)
	AddServer(context.Context, classroom.Server) (classroom.Server, error)
	ChangeServer(ctx context.Context, id, did string, change func(*classroom.Server)) (classroom.Server, error)
	AssignServer(ctx context.Context, serverID string, tenants []string) error
	RemoveServer(ctx context.Context, name string) error
	UseOf(ctx context.Context, serverID string) (ServerUse, error)
	LiveOn(ctx context.Context, serverID string) (int, error)
	ReportsOf(ctx context.Context, serverID string, since, until time.Time) (Reports, error)
	ServerFound(ctx context.Context, serverID string) (Found, error)
	SaveServerFound(ctx context.Context, serverID string, f Found) error
	testStore
}

// A ServerUse is what hangs on a server.
type ServerUse struct {
	Running        []RunningClass // the oldest first
	Rooms, Courses int            // that had classes there
}

// A RunningClass is one that hasn't ended as far as we know.
type RunningClass struct {
	Room, Course string // titles
	Since        time.Time
}

// Reports are those of a server's newest classes.
type Reports struct {
	LastAt  time.Time // when one came; zero: none has of late
	Without int       // classes that have ended since, and long enough ago, without one
}

// Silent reports whether so many classes have ended without a report that
// something keeps them from coming.
func (r Reports) Silent() bool { return r.Without >= 3 }

// How long ago classes have ended of which a report is missed.
const (
	reportsSince = 7 * 24 * time.Hour
	reportWithin = time.Hour // a busy node takes long
)

// A loader says how much goes on at servers. *classroom.Rooms is one.
type loader interface {
	Loads(ctx context.Context, servers []classroom.Server) map[string]classroom.Load
}

// A ServerClient is what is asked of a server. *bbb.Client is one.
type ServerClient interface {
	Version(context.Context) (bbb.ServerVersion, error)
	Meetings(context.Context) ([]bbb.Meeting, error)
	ProbeAlgorithms(context.Context) (bbb.Algorithm, error)
	Webhooks(context.Context) (bool, error)
	Create(context.Context, bbb.CreateRequest) (bbb.Created, error)
	Enter(context.Context, bbb.JoinRequest) (bbb.Entrance, error)
	EnterSpoiled(context.Context, bbb.JoinRequest) error
	MeetingInfo(ctx context.Context, meetingID string) (bbb.Meeting, error)
	End(ctx context.Context, meetingID, moderatorPassword string) error
	Recordings(context.Context, bbb.RecordingsRequest) ([]bbb.Recording, error)
	DeleteRecordings(ctx context.Context, ids []string) error
}

// Servers are the BigBlueButton servers, as those see them who set them up.
type Servers struct {
	Store     serverStore
	Loads     loader // nil: nobody asks
	Client    func(classroom.Server) ServerClient
	PublicURL string
	Loopback  bool // http:// is good enough
	Now       func() time.Time
	Log       *slog.Logger
	Every     time.Duration // between two looks of a test that waits; 0: a second

	tests   sync.WaitGroup
	stop    context.CancelFunc
	running context.Context
	once    sync.Once
}

// A ServerCard is a server and what is so about it now.
type ServerCard struct {
	classroom.Server
	Tenants []classroom.Tenant // whose classes begin there, as far as they are the actor's to see
	Own     []string           // ids of all to which it is assigned
	Load    classroom.Load
	Found   Found
	Reports Reports
	Live    int        // classes of ours that run there, as far as we know
	Use     ServerUse  // for Remove alone
	Test    ServerTest // the newest; zero: none
}

// sees reports whether the actor may see a server of these tenants.
func sees(by Actor, tenants []classroom.Tenant) bool {
	return by.Can(See, "") || slices.ContainsFunc(tenants, func(t classroom.Tenant) bool { return by.Can(See, t.ID) })
}

// visible are the servers that the actor may see, with their tenants.
func (s *Servers) visible(ctx context.Context, by Actor) ([]ServerCard, error) {
	if !by.Somewhere(See) {
		return nil, ErrForbidden
	}
	all, err := s.Store.Servers(ctx)
	if err != nil {
		return nil, fmt.Errorf("servers: %w", err)
	}
	tenants, err := s.Store.Tenants(ctx)
	if err != nil {
		return nil, fmt.Errorf("tenants: %w", err)
	}
	uses := map[string][]classroom.Tenant{}
	for _, t := range tenants {
		pool, err := s.Store.ServersOf(ctx, t.ID)
		if err != nil && !errors.Is(err, classroom.ErrNoServer) {
			return nil, fmt.Errorf("servers of tenant %s: %w", t.ID, err)
		}
		for _, server := range pool {
			uses[server.ID] = append(uses[server.ID], t)
		}
	}
	var cards []ServerCard
	for _, server := range all {
		if !sees(by, uses[server.ID]) {
			continue
		}
		card := ServerCard{Server: server}
		for _, t := range uses[server.ID] {
			if by.Can(See, t.ID) {
				card.Tenants = append(card.Tenants, t)
			}
		}
		for _, t := range tenants {
			if slices.Contains(t.Servers, server.ID) {
				card.Own = append(card.Own, t.ID)
			}
		}
		cards = append(cards, card)
	}
	return cards, nil
}

// List is the servers that the actor may see, the oldest first, with how much
// goes on at each: none is waited for longer than a second.
func (s *Servers) List(ctx context.Context, by Actor) ([]ServerCard, error) {
	cards, err := s.visible(ctx, by)
	if err != nil {
		return nil, err
	}
	s.load(ctx, cards)
	for i := range cards {
		if cards[i].Reports, err = s.reports(ctx, cards[i].ID); err != nil {
			return nil, err
		}
	}
	return cards, nil
}

func (s *Servers) load(ctx context.Context, cards []ServerCard) {
	if s.Loads == nil {
		return
	}
	var servers []classroom.Server
	for _, c := range cards {
		servers = append(servers, c.Server)
	}
	loads := s.Loads.Loads(ctx, servers)
	for i := range cards {
		cards[i].Load = loads[cards[i].ID]
	}
}

func (s *Servers) reports(ctx context.Context, id string) (Reports, error) {
	now := s.Now()
	r, err := s.Store.ReportsOf(ctx, id, now.Add(-reportsSince), now.Add(-reportWithin))
	if err != nil {
		return r, fmt.Errorf("reports of server %s: %w", id, err)
	}
	return r, nil
}

// Find is the server of an id or name, if the actor may see it.
func (s *Servers) Find(ctx context.Context, by Actor, idOrName string) (ServerCard, error) {
	cards, err := s.visible(ctx, by)
	if err != nil {
		return ServerCard{}, err
	}
	for _, same := range []func(ServerCard) bool{
		func(c ServerCard) bool { return c.ID == idOrName },
		func(c ServerCard) bool { return c.Name == idOrName },
	} {
		if i := slices.IndexFunc(cards, same); i >= 0 {
			return cards[i], nil
		}
	}
	return ServerCard{}, fmt.Errorf("server %s: %w", idOrName, ErrNotFound)
}

// Card is Find with all that there is to say about the server.
func (s *Servers) Card(ctx context.Context, by Actor, id string) (ServerCard, error) {
	card, err := s.Find(ctx, by, id)
	if err != nil {
		return card, err
	}
	one := []ServerCard{card}
	s.load(ctx, one)
	card = one[0]
	if card.Reports, err = s.reports(ctx, card.ID); err != nil {
		return card, err
	}
	if card.Live, err = s.Store.LiveOn(ctx, card.ID); err != nil {
		return card, err
	}
	if card.Found, err = s.Store.ServerFound(ctx, card.ID); err != nil {
		return card, fmt.Errorf("what was found of server %s: %w", card.ID, err)
	}
	if card.Test, err = s.newestTest(ctx, card.ID); err != nil {
		return card, err
	}
	return card, nil
}

// editable is Find for who may change the server.
func (s *Servers) editable(ctx context.Context, by Actor, idOrName string) (ServerCard, error) {
	if err := by.May(EditServers, ""); err != nil {
		return ServerCard{}, err
	}
	return s.Find(ctx, by, idOrName)
}

// A ServerWish is a server that somebody asks for, as they typed it.
type ServerWish struct {
	Name, URL string
	Secret    bbb.Secret
	Algorithm bbb.Algorithm // empty: the one that works
}

// nameMost is how long a name may be, in bytes.
const nameMost = 255

// server is what a wish comes to; the secret isn't looked at.
func (s *Servers) server(w ServerWish) (classroom.Server, map[string]string) {
	wrong := map[string]string{}
	name := strings.TrimSpace(w.Name)
	if name == "" || len(name) > nameMost || !printable(name) {
		wrong["server_name"] = "server_name"
	}
	address, err := bbb.ParseURL(w.URL)
	switch {
	case strings.TrimSpace(w.URL) == "":
		wrong["server_url"] = "server_url_empty"
	case err != nil || !printable(strings.TrimSpace(w.URL)):
		wrong["server_url"] = "server_url"
	case strings.HasPrefix(address, "http://") && !s.Loopback:
		wrong["server_url"] = "server_https"
	}
	if w.Algorithm != "" && !slices.Contains(bbb.Algorithms(), w.Algorithm) {
		wrong["server_checksum"] = "choice"
	}
	return classroom.Server{Name: name, Server: bbb.Server{URL: address, Secret: w.Secret, Algorithm: w.Algorithm}}, wrong
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) })
}

// secretWrong is why a secret can't be one; empty: it may.
func secretWrong(secret bbb.Secret) string {
	text := strings.TrimSpace(string(secret))
	switch {
	case text == "":
		return "server_secret_empty"
	case strings.ContainsFunc(text, unicode.IsSpace) || !printable(text):
		return "server_secret"
	}
	return ""
}

// Add adds a server, whatever was found of it.
func (s *Servers) Add(ctx context.Context, by Actor, w ServerWish, found Found) (classroom.Server, error) {
	if err := by.May(EditServers, ""); err != nil {
		return classroom.Server{}, err
	}
	server, wrong := s.server(w)
	if why := secretWrong(w.Secret); why != "" {
		wrong["server_secret"] = why
	}
	if len(wrong) > 0 {
		return server, &InvalidError{wrong}
	}
	server.Secret, server.Algorithm = bbb.Secret(strings.TrimSpace(string(w.Secret))), found.algorithm(server.Algorithm)
	added, err := s.Store.AddServer(By(ctx, by), server)
	if errors.Is(err, ErrExists) {
		return server, Invalid("server_name", "exists")
	}
	if err != nil {
		return server, fmt.Errorf("add server: %w", err)
	}
	return added, s.saveFound(ctx, added.ID, found)
}

func (s *Servers) saveFound(ctx context.Context, id string, f Found) error {
	if err := s.Store.SaveServerFound(ctx, id, f); err != nil {
		return fmt.Errorf("keep what was found of server %s: %w", id, err)
	}
	return nil
}

// Edit changes name, address and algorithm of a server. Empty ones stay.
func (s *Servers) Edit(ctx context.Context, by Actor, idOrName string, w ServerWish) (classroom.Server, error) {
	card, err := s.editable(ctx, by, idOrName)
	if err != nil {
		return classroom.Server{}, err
	}
	for field, was := range map[*string]string{&w.Name: card.Name, &w.URL: card.URL} {
		if *field == "" {
			*field = was
		}
	}
	next, wrong := s.server(w)
	if len(wrong) > 0 {
		return next, &InvalidError{wrong}
	}
	changed, err := s.Store.ChangeServer(By(ctx, by), card.ID, "server.edit", func(server *classroom.Server) {
		server.Name, server.URL = next.Name, next.URL
		if w.Algorithm != "" {
			server.Algorithm = w.Algorithm
		}
	})
	if errors.Is(err, ErrExists) {
		return next, Invalid("server_name", "exists")
	}
	return changed, about("edit server "+card.Name, err)
}

// secretsKept is how many secrets of before a server has at most.
const secretsKept = 3

// SetSecret signs with another secret from now on. With keep the one of now
// still verifies what comes from the server; else none of before does.
func (s *Servers) SetSecret(ctx context.Context, by Actor, idOrName string, secret bbb.Secret, keep bool) error {
	card, err := s.editable(ctx, by, idOrName)
	if err != nil {
		return err
	}
	if why := secretWrong(secret); why != "" {
		return Invalid("server_secret", why)
	}
	secret = bbb.Secret(strings.TrimSpace(string(secret)))
	_, err = s.Store.ChangeServer(By(ctx, by), card.ID, "server.secret", func(server *classroom.Server) {
		before := server.Secrets()
		server.Secret, server.PreviousSecrets = secret, nil
		for _, old := range before {
			if keep && old != secret && len(server.PreviousSecrets) < secretsKept {
				server.PreviousSecrets = append(server.PreviousSecrets, old)
			}
		}
	})
	return about("change secret of server "+card.Name, err)
}

// ForgetSecrets takes the secrets of before away: what is signed with them is
// refused from now on.
func (s *Servers) ForgetSecrets(ctx context.Context, by Actor, idOrName string) error {
	card, err := s.editable(ctx, by, idOrName)
	if err != nil {
		return err
	}
	_, err = s.Store.ChangeServer(By(ctx, by), card.ID, "server.secret", func(server *classroom.Server) { server.PreviousSecrets = nil })
	return about("forget secrets of server "+card.Name, err)
}

// Drain takes a server out of service, or puts it back.
func (s *Servers) Drain(ctx context.Context, by Actor, idOrName string, out bool) error {
	card, err := s.editable(ctx, by, idOrName)
	if err != nil {
		return err
	}
	did := "server.undrain"
	if out {
		did = "server.drain"
	}
	_, err = s.Store.ChangeServer(By(ctx, by), card.ID, did, func(server *classroom.Server) { server.Drained = out })
	return about("drain server "+card.Name, err)
}

// Assign has the classes of these tenants, by their ids, begin on the server.
func (s *Servers) Assign(ctx context.Context, by Actor, idOrName string, tenants []string) error {
	card, err := s.editable(ctx, by, idOrName)
	if err != nil {
		return err
	}
	slices.Sort(tenants)
	return about("assign server "+card.Name, s.Store.AssignServer(By(ctx, by), card.ID, slices.Compact(tenants)))
}

// Parting is a server that may be removed, with what hangs on it.
func (s *Servers) Parting(ctx context.Context, by Actor, idOrName string) (ServerCard, error) {
	card, err := s.editable(ctx, by, idOrName)
	if err != nil {
		return card, err
	}
	card.Use, err = s.Store.UseOf(ctx, card.ID)
	return card, about("use of server "+card.Name, err)
}

// Remove takes a server away, and returns what hung on it.
func (s *Servers) Remove(ctx context.Context, by Actor, idOrName string) (ServerCard, error) {
	card, err := s.Parting(ctx, by, idOrName)
	if err != nil {
		return card, err
	}
	return card, about("remove server "+card.Name, s.Store.RemoveServer(By(ctx, by), card.Name))
}
