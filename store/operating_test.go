package store_test

import (
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/lti"
)

// operating are steps of whoever runs the service, and of its job runner.
var operating = []step{
	{name: "add a server", from: entered, do: (*story).addsServer},
	{name: "add a server that was removed", from: running, prep: func(w *story) {
		w.ok(w.db.RemoveServer(w.ctx(), "bbb"))
	}, do: (*story).addsServer},
	{name: "remove a server", from: running, do: func(w *story) error { return w.db.RemoveServer(w.ctx(), "bbb") }},
	{name: "what a server is used for", from: running, prep: func(w *story) {
		s, err := w.db.ServerByName(w.ctx(), "bbb")
		w.ok(err)
		w.serverID = s.ID
	}, do: func(w *story) error {
		use, err := w.db.UseOf(w.ctx(), w.serverID)
		return w.whole(err, len(use.Running) == 1)
	}},
	{name: "set a tenant", from: entered, do: func(w *story) error {
		return w.db.SetTenant(w.ctx(), classroom.Tenant{ID: classroom.DefaultTenant, Policy: classroom.Policy{AdministratorsModerate: true}})
	}},
	{name: "add a platform", from: entered, do: func(w *story) error { return w.addsPlatform("another", "c2") }},
	{name: "add a platform that was removed", from: settled, prep: func(w *story) {
		w.ok(w.db.RemovePlatform(w.ctx(), "uni"))
	}, do: func(w *story) error { return w.addsPlatform("uni", "c1") }},
	{name: "edit a platform", from: entered, do: func(w *story) error {
		_, after, err := w.db.EditPlatform(w.ctx(), "uni", func(p *admin.Platform) error {
			p.JWKSURL = issuer + "/keys"
			p.Deployments = map[string]bool{"1": true, "2": true}
			return nil
		})
		return w.whole(err, len(after.Deployments) == 2)
	}},
	{name: "disable a platform", from: settled, do: func(w *story) error { return w.db.SetPlatformDisabled(w.ctx(), "uni", true) }},
	{name: "enable a platform", from: settled, prep: func(w *story) {
		w.ok(w.db.SetPlatformDisabled(w.ctx(), "uni", true))
	}, do: func(w *story) error { return w.db.SetPlatformDisabled(w.ctx(), "uni", false) }},
	{name: "remove a platform", from: settled, do: func(w *story) error { return w.db.RemovePlatform(w.ctx(), "uni") }},
	{name: "is it ready", from: entered, do: func(w *story) error { return w.db.Ready(w.ctx()) }},
	{name: "count what there is", from: sent, do: func(w *story) error {
		counts, err := w.db.Counts(w.ctx())
		return w.whole(err, counts.Jobs[gradebook.CheckJob] == 1)
	}},
	{name: "claim jobs", from: settled, do: func(w *story) error {
		_, err := w.db.ClaimJobs(w.ctx(), gradebook.DeliverJob, w.platform.ID, w.now, time.Minute, 10)
		return err
	}},
	{name: "in which lanes there are jobs", from: settled, do: func(w *story) error {
		lanes, err := w.db.Lanes(w.ctx(), gradebook.DeliverJob)
		return w.whole(err, len(lanes) == 1)
	}},
	{name: "put a job off", from: settled, prep: (*story).claims, do: func(w *story) error {
		return w.db.RetryJob(w.ctx(), w.claimed, w.now.Add(time.Minute))
	}},
	{name: "finish a job", from: settled, prep: (*story).claims, do: func(w *story) error { return w.db.FinishJob(w.ctx(), w.claimed) }},
	{name: "free the jobs of the last run", from: settled, prep: (*story).claims, do: func(w *story) error { return w.db.FreeJobs(w.ctx()) }},
	{name: "hasten jobs", from: settled, do: func(w *story) error {
		return w.db.HastenJobs(w.ctx(), gradebook.DeliverJob, w.now.Add(-time.Hour), w.now)
	}},
	{name: "call deliveries back", from: settled, do: func(w *story) error {
		return w.db.ReleaseDeliveries(w.ctx(), w.platform.ID, 0)
	}},
}

func (w *story) addsServer() error {
	_, err := w.db.AddServer(w.ctx(), classroom.Server{Name: "again", Server: bbb.Server{URL: "https://bbb.example.org/api", Secret: "another"}})
	return err
}

func (w *story) addsPlatform(name, clientID string) error {
	_, err := w.db.AddPlatform(w.ctx(), admin.Platform{Registration: lti.Registration{
		Name: name, Issuer: issuer, ClientID: clientID, TokenURL: issuer + "/token", Deployments: map[string]bool{"1": true, "7": false},
	}})
	return err
}

// claims claims the job of ann's delivery.
func (w *story) claims() {
	claimed, err := w.db.ClaimJobs(w.ctx(), gradebook.DeliverJob, w.platform.ID, w.now, time.Minute, 1)
	w.ok(err)
	w.claimed = claimed[0]
}
