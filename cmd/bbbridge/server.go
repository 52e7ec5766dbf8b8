package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/store"
)

type serverCommand struct {
	Add    serverAdd    `cmd:"" help:"Set up a BigBlueButton server."`
	List   serverList   `cmd:"" help:"List the servers."`
	Test   serverTest   `cmd:"" help:"Hold a class of a moment: create, join, end. Says what is wrong if it fails."`
	Remove serverRemove `cmd:"" help:"Use a server no more."`
}

type serverAdd struct {
	Name       string `required:"" help:"What we call it."`
	URL        string `help:"What the server's admin was given, with or without /bigbluebutton/api. It may be left out if the file with the secret has it."`
	SecretFile string `required:"" name:"secret-file" help:"File with the shared secret, or with what bbb-conf --secret prints; - for standard input." placeholder:"FILE"`

	PreviousSecretFile []string `name:"previous-secret-file" sep:"none" help:"File with a secret of before: reports that are still signed with it are accepted. Once for each." placeholder:"FILE"`

	Checksum string `default:"sha256" enum:"sha1,sha256,sha384,sha512" help:"Hash of the checksums: ${enum}."`
}

// nameMost is how long a server's name may be, in bytes.
const nameMost = 255

func (a serverAdd) Run(p *program) error {
	server, err := a.server()
	if err != nil {
		return err
	}
	a.Name = server.Name
	cfg, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	if strings.HasPrefix(server.URL, "http://") && !cfg.Loopback() {
		return errors.New("--url must begin with https://")
	}
	_, err = db.AddServer(p, server)
	if errors.Is(err, admin.ErrExists) {
		return fmt.Errorf("a server is called %q already: see 'bbbridge server list'", a.Name)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "Set up %s (%s). Try it: bbbridge server test %s\n", a.Name, server.URL, quoted(a.Name))
	return nil
}

// server is what the flags say; the error names every value that can't be right.
func (a serverAdd) server() (classroom.Server, error) {
	var wrong []error
	add := func(flag string, err error) {
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", flag, err))
		}
	}
	a.Name = pasted(a.Name)
	if a.Name == "" || len(a.Name) > nameMost || unprintable(a.Name) {
		wrong = append(wrong, fmt.Errorf("--name is empty, too long or has control characters: %q", a.Name))
	}
	file, err := readSecret(a.SecretFile)
	add("--secret-file", err)
	api, err := a.api(file)
	add("--url", err)
	var previous []bbb.Secret
	for _, path := range a.PreviousSecretFile {
		before, err := readSecret(path)
		add("--previous-secret-file", err)
		previous = append(previous, before.secret)
	}
	algorithm, err := bbb.ParseAlgorithm(a.Checksum)
	add("--checksum", err)
	return classroom.Server{Name: a.Name, Server: bbb.Server{
		URL: api, Secret: file.secret, PreviousSecrets: previous, Algorithm: algorithm,
	}}, errors.Join(wrong...)
}

// api is the address that --url says, or else the file. The flag counts: behind
// a firewall bbb-conf may print an address of the inside.
func (a serverAdd) api(file secretFile) (string, error) {
	address := cmp.Or(pasted(a.URL), file.url)
	if address == "" {
		return "", errors.New("it is missing, and the file with the secret doesn't say it")
	}
	if unseen(address) {
		return "", fmt.Errorf("it has characters that can't be seen: %q", address)
	}
	return bbb.ParseURL(address)
}

// quoted is a name as a shell wants it.
func quoted(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./", r)
	}) {
		return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
	}
	return name
}

type serverList struct{}

func (serverList) Run(p *program) error {
	_, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	all, err := db.Servers(p)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintln(p.out, "No BigBlueButton server is set up yet: see 'bbbridge server add --help'.")
		return nil
	}
	whose, err := usedBy(p, db)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tADDRESS\tCHECKSUM\tUSED FOR")
	for _, s := range all {
		purpose := "-"
		switch {
		case s.Drained:
			purpose = "out of service"
		case len(whose[s.ID]) > 0:
			purpose = "new classes"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.Name, s.URL, s.Algorithm, purpose)
	}
	return w.Flush()
}

// usedBy are the names of the tenants of each server, by its id.
func usedBy(ctx context.Context, db *store.DB) (map[string][]string, error) {
	tenants, err := db.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	whose := map[string][]string{}
	for _, t := range tenants {
		pool, err := db.ServersOf(ctx, t.ID)
		if err != nil {
			return nil, err
		}
		for _, s := range pool {
			whose[s.ID] = append(whose[s.ID], t.Name)
		}
	}
	return whose, nil
}

type serverTest struct {
	Name string `arg:"" help:"The server's name."`
}

// testWait bounds the whole round.
const testWait = time.Minute

func (t serverTest) Run(p *program) error {
	cfg, db, err := p.open()
	if err != nil {
		return err
	}
	defer db.Close()
	server, err := db.ServerByName(p, t.Name)
	if err != nil {
		return named("server", t.Name, err)
	}
	ctx, cancel := context.WithTimeout(p, testWait)
	defer cancel()
	r := round{out: p.out, client: &bbb.Client{Server: server.Server, HTTP: guarded(cfg, bbbPatience)}}
	if err := r.run(ctx); err != nil {
		return errors.New(r.explain(ctx, err))
	}
	fmt.Fprintln(p.out, "All is well: classes can be held on this server.")
	return nil
}

// A round is create, join, end, step by step, with a meeting of its own.
type round struct {
	out    io.Writer
	client *bbb.Client
	step   string
}

func (r *round) run(ctx context.Context) error {
	id := bbb.NewMeetingID()
	attendee, moderator := bbb.Passwords([]byte(id), id)
	var created bbb.Created
	steps := []struct {
		name string
		do   func() error
	}{
		{"reach the server", func() error { _, err := r.client.Version(ctx); return err }},
		{"have a signed call accepted (getMeetings)", func() error { _, err := r.client.Meetings(ctx); return err }},
		{"create a meeting", func() (err error) {
			created, err = r.client.Create(ctx, bbb.CreateRequest{
				MeetingID: id, Name: "bbbridge server test", AttendeePassword: attendee, ModeratorPassword: moderator,
				ExpireIfNoUserJoined: time.Minute, ExpireWhenLastUserLeft: time.Minute,
			})
			return err
		}},
		{"join it", func() error { return r.join(ctx, id, moderator, created) }},
		{"end it", func() error { return r.client.End(ctx, id, moderator) }},
	}
	for _, s := range steps {
		r.step = s.name
		if err := s.do(); err != nil {
			fmt.Fprintf(r.out, "✗ %s\n", s.name)
			return err
		}
		fmt.Fprintf(r.out, "✓ %s\n", s.name)
	}
	return nil
}

// join asks for the class as a browser would, up to the address of its page.
func (r *round) join(ctx context.Context, id, password string, created bbb.Created) error {
	_, err := r.client.Join(ctx, bbb.JoinRequest{
		MeetingID: id, FullName: "bbbridge", UserID: "servertest", Moderator: true, Password: password,
		CreateTime: created.CreateTimeMillis, ExcludeFromDashboard: true,
	})
	return err
}

// explain names the cause, and for a wrong checksum tries the other hashes.
func (r *round) explain(ctx context.Context, err error) string {
	cause := bbb.Explain(err)
	text := fmt.Sprintf("could not %s: %s\ncause: %s", r.step, err, cause)
	if errors.Is(err, bbb.ErrChecksum) {
		if algorithm, err := r.client.ProbeAlgorithms(ctx); err == nil {
			return text + fmt.Sprintf("\nThe server takes %s: remove it and add it again with --checksum %s.", algorithm, strings.ToLower(string(algorithm)))
		}
		return text + "\nNo other hash works either: the secret is wrong, or of another server than this address."
	}
	return text + "\n" + cures[cause]
}

// cures are what to do about a cause (docs/bigbluebutton.md).
var cures = map[bbb.Cause]string{
	bbb.CauseDNS:            "This machine can't resolve the server's name: check the address for a typo.",
	bbb.CauseRefused:        "Nothing listens there, or a firewall says no: check address and port.",
	bbb.CauseTimeout:        "No answer came in time: check this machine's way out (port 443) and whether the server is up.",
	bbb.CauseTLSName:        "The certificate is for another name: add the server by a name that the certificate has, or have one made for this name. Another site of the same machine may answer here.",
	bbb.CauseTLSExpired:     "The certificate has expired, or isn't valid yet: it must be renewed on the server. If it was, look at this machine's clock.",
	bbb.CauseTLSAuthority:   "Nobody whom this machine trusts vouches for the certificate. Most often an intermediate certificate is missing on the server; of an authority of your own, put the certificate into the file that SSL_CERT_FILE names.",
	bbb.CauseTLSMissing:     "What listens there speaks no TLS: at https:// it must be the port of TLS, 443 if none is in the address.",
	bbb.CauseTLSExpected:    "That port wants TLS: add the server with https://.",
	bbb.CauseTLS:            "Encryption didn't come about, for the reason above. The server must know TLS 1.2 or 1.3, ask for no certificate of ours, and have one that is for servers.",
	bbb.CauseAddressBlocked: "The address is a private one. If that is right, add host:port to BBBRIDGE_ALLOW_HOSTS.",
	bbb.CauseNotFoundPath:   "There is no BigBlueButton API at this path: paste the address that 'bbb-conf --secret' prints.",
	bbb.CauseHTML:           "A web page answered instead of the API: check the path, or a login page before it.",
	bbb.CauseNotBBB:         "What answered is no BigBlueButton API.",
	bbb.CauseRedirect:       "The server sends us elsewhere: add it with that address.",
	bbb.CauseAPIDisabled:    "The API is switched off on the server.",
	bbb.CauseAccessDenied:   "The provider lets this machine not in (IP list or password before the API).",
	bbb.CauseServerError:    "The server has a problem of its own: ask its admin.",
	bbb.CauseBroken:         "The connection broke off in the middle: a proxy or firewall between, or a server going down.",
	bbb.CauseTooLarge:       "The answer was far larger than any of BigBlueButton's: something else answers there.",
	bbb.CauseFailed:         "The server refused the call for the reason it gives above.",
	bbb.CauseCancelled:      "The test was stopped.",
	bbb.CauseUnknown:        "See the message above, and the server's own log.",
}
