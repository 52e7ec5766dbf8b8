package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/bbb/bbbtest"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/lti/ltitest"
	"github.com/bbbridge/bbbridge/store"
)

type demoCommand struct {
	Port int `default:"8080" help:"Port of the service; the LMS and BigBlueButton get the two after it. 0: any free ones."`
}

// Run serves the tool, a simulated LMS and a simulated BigBlueButton on three
// ports of this machine, with their state in a temporary folder.
func (d demoCommand) Run(p *program) error {
	folder, err := os.MkdirTemp("", "bbbridge-demo-")
	if err != nil {
		return fmt.Errorf("folder of the demo: %w", err)
	}
	defer os.RemoveAll(folder)
	stage, err := d.stage(p, folder)
	if err != nil {
		return err
	}
	defer stage.db.Close()
	fmt.Fprintf(p.out, "Open %s\n", stage.lms.URL())
	for i, step := range demoSteps {
		fmt.Fprintf(p.out, "%d. %s\n", i+1, step)
	}
	fmt.Fprintf(p.out, "Administration: %s/admin/ (sign in as %s, password %q)\n", stage.url, demoStaff, demoPassword)
	fmt.Fprintln(p.out, "Stop with Ctrl-C; nothing is kept.")
	return stage.run(p)
}

// demoMinutes is how long one has to be in class for the grade.
const demoMinutes = 1

// demoStaff is who has set the demo up. Everything in it is made up, and
// nobody else reaches it.
const (
	demoStaff    = "admin@demo.example"
	demoPassword = "this is only a demo"
)

// demoSteps lead from a link to a grade. The LMS's first page has them, too.
var demoSteps = []string{
	"Continue as Anna Moreau, the teacher. In Introduction to Law open “Weekly seminar”, and start the class.",
	"In a second tab open the same address, and continue as Ben Okafor, a learner. Open “Weekly seminar” there, and join the class.",
	"Stay a minute: that long Ben has to be in class for his points. Then end the class as Anna, with “End class for all”.",
	"Look at the course's Grades: some seconds later Ben has 100 of 100.",
}

// A stage is the demo put together.
type stage struct {
	db        *store.DB
	tool      *service
	url       string // of the service
	lms       *ltitest.LMS
	meetings  *bbbtest.Server
	listeners [3]net.Listener
}

func (d demoCommand) stage(ctx context.Context, folder string) (*stage, error) {
	var s stage
	if err := s.listen(d.Port); err != nil {
		return nil, err
	}
	log := newLogger(os.Stderr, slog.LevelWarn)
	address := func(i int) string { return "http://" + s.listeners[i].Addr().String() }
	s.url = address(0)
	s.lms = ltitest.New(ltitest.Options{
		BaseURL: address(1) + "/lms", Seed: true, Steps: demoSteps, Log: log,
		Aside: &ltitest.Aside{
			Text: "Administration of bbbridge", Href: s.url + "/admin/",
			Know: fmt.Sprintf("Sign in as %s with the password “%s”.", demoStaff, demoPassword),
		},
	})
	s.meetings = bbbtest.New(bbbtest.Options{BaseURL: address(2) + "/bigbluebutton", Log: log, EndDelay: time.Second, AnalyticsDelay: 2 * time.Second})
	cfg := configs.Defaults()
	cfg.PublicURL, cfg.PollInterval = address(0), 5*time.Second
	cfg.Database = configs.Secret("sqlite:" + filepath.Join(folder, "bbbridge.db"))
	cfg.AllowHosts = []string{s.listeners[1].Addr().String(), s.listeners[2].Addr().String()}
	cfg.MasterKeyFile = filepath.Join(folder, "bbbridge.key")
	key, db, err := openWith(ctx, cfg)
	if err != nil {
		return nil, err
	}
	s.db = db
	if err := s.register(ctx, cfg); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	if s.tool, err = assemble(cfg, s.db, key, log, time.Now); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	if err := s.tool.accounts.Found(ctx, demoStaff, demoPassword); err != nil {
		return nil, errors.Join(fmt.Errorf("account of the demo: %w", err), s.db.Close())
	}
	return &s, nil
}

// demoPorts is how the demo's ports are chosen.
const demoPorts = "'make demo PORT=9080' or 'bbbridge demo --port 9080', which takes 9081 and 9082 as well"

// listen takes three ports in a row, or any.
func (s *stage) listen(port int) error {
	if most := math.MaxUint16 - len(s.listeners) + 1; port < 0 || port > most {
		return fmt.Errorf("the port must be between 1 and %d, since the two after it are needed as well; 0 takes any free ones", most)
	}
	for i := range s.listeners {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		listener, err := net.Listen("tcp", address)
		if err != nil {
			for _, taken := range s.listeners[:i] {
				err = errors.Join(err, taken.Close())
			}
			return cantListen(address, demoPorts, err)
		}
		s.listeners[i] = listener
		if port > 0 {
			port++
		}
	}
	return nil
}

// register makes the three know each other, and puts a classroom into a course.
func (s *stage) register(ctx context.Context, cfg configs.Config) error {
	tool := s.lms.AddTool(ltitest.Tool{
		Name: "bbbridge", LoginURL: cfg.PublicURL + "/lti/login", LaunchURL: cfg.PublicURL + "/lti/launch",
		JWKSURL: cfg.PublicURL + "/.well-known/jwks.json", Roster: true, ShareName: true,
	})
	s.lms.AddLink(ltitest.Link{
		Course: "law", Tool: tool.ID, Title: "Weekly seminar", Custom: map[string]string{"complete_minutes": strconv.Itoa(demoMinutes)},
	})
	r := s.lms.Registration(tool)
	_, err := s.db.AddPlatform(ctx, admin.Platform{
		TenantID: classroom.DefaultTenant, LMS: admin.Moodle,
		Registration: lti.Registration{
			Name: "Demo LMS", Issuer: r.Issuer, ClientID: r.ClientID, AuthURL: r.AuthURL, TokenURL: r.TokenURL,
			JWKSURL: r.JWKSURL, Deployments: map[string]bool{r.DeploymentID: true},
		},
	})
	if err != nil {
		return fmt.Errorf("platform of the demo: %w", err)
	}
	api, err := bbb.ParseURL(s.meetings.URL())
	if err != nil {
		return fmt.Errorf("server of the demo: %w", err)
	}
	_, err = s.db.AddServer(ctx, classroom.Server{
		Name: "Demo BigBlueButton", Server: bbb.Server{URL: api, Secret: bbb.Secret(s.meetings.Secret()), Algorithm: bbb.SHA256},
	})
	return err
}

// run serves all three until ctx ends.
func (s *stage) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.tool.serve(ctx, s.listeners[0]) })
	group.Go(func() error { return s.meetings.Run(ctx) })
	for i, handler := range []http.Handler{s.lms, s.meetings} {
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		group.Go(func() error {
			if err := server.Serve(s.listeners[i+1]); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		group.Go(func() error {
			<-ctx.Done()
			return server.Close()
		})
	}
	if err := group.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
