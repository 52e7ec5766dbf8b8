package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/classroom/jobs"
	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/handlers"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/store"
	"github.com/bbbridge/bbbridge/web"
)

type serveCommand struct{}

// Run serves until it is told to stop, and then finishes what is under way.
func (serveCommand) Run(p *program) error {
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	key, db, err := openWith(p, cfg)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := (&store.LateReports{Folder: cfg.ReportFolder}).Ready(); err != nil {
		return fmt.Errorf("%w; %s says where", err, configs.Called("report_folder"))
	}
	s, err := assemble(cfg, db, key, newLogger(p.log, cfg.LogLevel), time.Now)
	if err != nil {
		return err
	}
	listener, err := p.listen(cfg.Listen)
	if err != nil {
		return err
	}
	settle()
	s.warn(cfg, p.env)
	if err := s.invite(p); err != nil {
		return errors.Join(err, listener.Close())
	}
	s.log.Info("serving", "address", listener.Addr().String(), "url", cfg.PublicURL, "version", version())
	return s.serve(p, listener)
}

// invite prints the link for the first account, if there is none. It goes to
// the terminal alone: the log may be read by others.
func (s *service) invite(p *program) error {
	empty, err := s.accounts.Empty(p)
	if err != nil || !empty {
		return err
	}
	link, err := s.accounts.SetupLink(p)
	if err == nil {
		_, err = fmt.Fprintf(p.out, "Nobody can sign in so far. Set bbbridge up in a browser (once, within 24 hours): %s\n", link)
	}
	return err
}

// warn tells of what does no harm at once.
func (s *service) warn(cfg configs.Config, environ []string) {
	for _, variable := range configs.Strangers(environ) {
		s.log.Warn("a variable begins like bbbridge's and is no setting", "variable", variable)
	}
	for _, file := range exposedFiles(cfg) {
		s.log.Warn("others may read or change a file with secrets", "file", file.path, "mode", file.mode, "cure", file.cure)
	}
}

// bbbPatience bounds calls to BigBlueButton: balancers take 20 s to find a
// node for a class.
const bbbPatience = 30 * time.Second

// guarded is the client for all calls to others.
func guarded(cfg configs.Config, patience time.Duration) *http.Client {
	return lti.GuardedClient("bbbridge/"+version(), cfg.AllowHosts, patience)
}

// service is the program put together.
type service struct {
	handler     http.Handler
	runner      *jobs.Runner
	classes     *classroom.Classes
	rooms       *classroom.Rooms
	accounts    *admin.Accounts
	registering *admin.Registering
	servers     *admin.Servers
	recorder    *admin.Recorder
	log         *slog.Logger
}

// assemble wires the packages. Keys that all nodes must share are derived
// from the master key.
func assemble(cfg configs.Config, db *store.DB, key store.MasterKey, log *slog.Logger, now func() time.Time) (*service, error) {
	pages, err := web.New()
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	outgoing, patient := guarded(cfg, 0), guarded(cfg, bbbPatience)
	metrics := handlers.NewMetrics(db.Counts, now, log)
	recorder := &admin.Recorder{Store: db, Now: now, Log: log}
	client := func(s classroom.Server) *bbb.Client {
		return &bbb.Client{Server: s.Server, HTTP: patient, Observe: func(call, outcome string, took time.Duration) {
			metrics.Call(call, outcome, took)
			recorder.Counted(admin.Call, codeOfCall(outcome), s.ID)
		}}
	}
	grades := &gradebook.Grades{
		Store: db, Now: now, Log: log, Ended: handlers.GradeEnded(recorder),
		Platform: &lti.Grades{HTTP: outgoing, Now: now, Tokens: &lti.Tokens{HTTP: outgoing, Keys: db, Now: now, Observe: metrics.Call}},
	}
	classes := &classroom.Classes{
		Store: db, Now: now, Interval: cfg.PollInterval, Log: log,
		Late:   &store.LateReports{Folder: cfg.ReportFolder, Now: now},
		Client: func(s classroom.Server) classroom.MeetingServer { return client(s) },
	}
	runner := &jobs.Runner{Store: db, Kinds: classroom.Kinds(classes, grades, db), Now: now, Log: log, Observe: metrics.Job, Failed: handlers.JobFailed(recorder)}
	rooms := &classroom.Rooms{
		Store: db, Now: now, PublicURL: cfg.PublicURL, Version: version(), PollEvery: cfg.PollInterval,
		PasswordKey: key.Derive("meeting passwords"), Wake: runner.Wake, Log: log,
		Client: func(s classroom.Server) classroom.MeetingServer { return client(s) },
	}
	classes.Wake = runner.Wake
	tool := &lti.Tool{
		PublicURL: cfg.PublicURL, Registrations: db, KeySets: &lti.KeySets{HTTP: outgoing, Now: now, Observe: metrics.Call, Log: log},
		StateKey: key.Derive("login state"), Now: now, InsecureLoopback: cfg.Loopback(), Log: log,
	}
	staff := staffPages(cfg, db, outgoing, metrics, now, log)
	if staff.Institution, err = institutionOf(cfg, staff.Accounts, outgoing); err != nil {
		return nil, err
	}
	staff.Tenants, staff.Exports = &admin.Tenants{Store: db, Locales: web.Locales()}, &admin.Exports{Store: db, Now: now}
	staff.Accounts.KnownKey = key.Derive("known browsers")
	staff.Web, staff.Recorder, staff.Deliveries.Wake = pages, recorder, runner.Wake
	servers := &admin.Servers{
		Store: db, Loads: rooms, PublicURL: cfg.PublicURL, Loopback: cfg.Loopback(), Now: now, Log: log,
		Client: func(s classroom.Server) admin.ServerClient { return client(s) },
	}
	staff.Servers, staff.Overviews.Servers = servers, servers
	server := &handlers.Server{
		Tests: servers, Registering: staff.Registering,
		PublicURL: cfg.PublicURL, Tool: tool, Answers: &lti.DeepLinking{Keys: db, Now: now},
		Rooms: rooms, Registers: &classroom.Registers{Store: db, Wake: runner.Wake}, Classes: classes,
		Platforms: db, Tenants: db, Keys: db, Pages: pages,
		CookieKey: key.Derive("browser cookie"), TicketKey: key.Derive("tickets"),
		LoginRate: rate.Limit(cfg.LoginRate), Ready: ready(db), Metrics: metrics, Recorder: recorder, Staff: staff, Styles: cfg.Loopback(), Now: now, Log: log,
	}
	staff.Looker = server
	return &service{server.Handler(), runner, classes, rooms, staff.Accounts, staff.Registering, servers, recorder, log}, nil
}

// codeOfCall is what a call counts as that a server has answered or not: what it
// doesn't have isn't its fault.
func codeOfCall(outcome string) string {
	switch outcome {
	case "ok", "not_found", string(bbb.CauseCancelled):
		return ""
	}
	return outcome
}

// ready asks for what each launch needs.
func ready(db *store.DB) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := db.Ready(ctx); err != nil {
			return err
		}
		if _, err := db.SigningKey(ctx); err != nil {
			return fmt.Errorf("signing key: %w", err)
		}
		return nil
	}
}

// stopWait is how long requests under way may take once we're told to stop.
const stopWait = 25 * time.Second

// serve runs web server and job runner until ctx ends or one of them does.
func (s *service) serve(ctx context.Context, listener net.Listener) error {
	defer s.rooms.Stop()
	defer s.servers.Stop()
	server := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10, // a login by GET carries hints of up to 24 KiB
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelInfo),
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.runner.Run(ctx) })
	group.Go(func() error { return s.classes.TakeIn(ctx) })
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWait)
		defer cancel()
		if err := server.Shutdown(bound); err != nil {
			return errors.Join(err, server.Close())
		}
		return nil
	})
	// What the last requests have come to is kept, too.
	recording, stop := context.WithCancel(context.WithoutCancel(ctx))
	recorded := make(chan error, 1)
	go func() { recorded <- s.recorder.Run(recording) }()
	err := group.Wait()
	stop()
	return errors.Join(err, <-recorded)
}
