package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
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
	Edit   serverEdit   `cmd:"" help:"Change a server's name, address or checksum."`
	Secret serverSecret `cmd:"" help:"Change a server's secret, while classes go on."`
	Drain  serverDrain  `cmd:"" help:"Take a server out of service: no class begins there, and those that run go on."`
	Assign serverAssign `cmd:"" help:"Say whose classes begin on a server."`
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
	a.Name = admin.Pasted(a.Name)
	if a.Name == "" || len(a.Name) > nameMost || admin.Unprintable(a.Name) {
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
	address := cmp.Or(admin.Pasted(a.URL), file.url)
	if address == "" {
		return "", errors.New("it is missing, and the file with the secret doesn't say it")
	}
	if admin.Unseen(address) {
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
