package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom"
)

// How long is waited, from the end of a test's class on.
const (
	endedMost      = 3 * time.Minute  // for the end callback
	reportMost     = 15 * time.Minute // for the report
	recordingMost  = 10 * time.Minute // for a recording to be listed
	testMost       = 20 * time.Minute // for all
	aliveEvery     = 10 * time.Second
	recordingEvery = 10 * time.Second // old servers look through thousands of them
	lastCalls      = 10 * time.Second // for ending the class of a test that was broken off
)

// Codes of what a test has found, besides those of bbb.Cause.
const (
	codeInside      = "inside"       // both are inside
	codeNobody      = "nobody"       // the class is there, and nobody shows: no browser was opened
	codeLost        = "lost"         // the class isn't found
	codeNotFollowed = "not_followed" // accepted, and what comes after isn't reached from here
	codeClientPage  = "client_page"  // accepted, and the client's page doesn't open
	codeForged      = "forged"       // a wrong signature was taken
	codeNoEnded     = "no_ended"
	codeNoReport    = "no_report"
	codeNoCallbacks = "no_callbacks"  // not waited for
	codeUnrecorded  = "unrecorded"    // nothing was recorded, and recordings can be listed
	codeNoRecords   = "no_records"    // the server doesn't record
	codeListed      = "listed"        // the recording is listed; it was deleted
	codeNotListed   = "not_listed"    // not so far
	codeStopped     = "stopped"       // broken off
	codeStepsBefore = "not_this_time" // a step before says why
)

// A verdict is what came of a step.
type verdict struct {
	state        StepState
	code, detail string
}

var well = verdict{state: StepGood}

// bad is a verdict on what a server said; nil is well.
func bad(err error) verdict {
	if err == nil {
		return well
	}
	cause, detail := causeOf(err)
	return verdict{StepNeeds, string(cause), detail}
}

// A testRun is a test that goes on.
type testRun struct {
	*Servers
	server    classroom.Server
	client    ServerClient
	test      ServerTest
	found     Found
	created   bbb.Created
	began     bool // a create was sent
	ended     bool
	endedAt   time.Time
	info      bbb.Meeting
	callbacks bool
	savedAt   time.Time
}

// run makes all steps, and ends the test's class whatever happens.
func (s *Servers) run(ctx context.Context, server classroom.Server, t ServerTest, callbacks bool, show func(TestStep)) ServerTest {
	ctx, cancel := context.WithTimeout(ctx, testMost)
	defer cancel()
	r := &testRun{Servers: s, server: server, client: s.Client(server), test: t, callbacks: callbacks, found: Found{At: s.Now()}}
	over := false
	for i := range r.test.Steps {
		step := &r.test.Steps[i]
		step.StartedAt, step.State = s.Now(), StepRunning
		step.Until = r.until(step.Name)
		r.save(ctx)
		v := verdict{StepIdle, codeStepsBefore, ""}
		if !over {
			v = r.do(ctx, step.Name)
		}
		if ctx.Err() != nil && v.state == StepNeeds {
			v = verdict{StepIdle, codeStopped, ""}
		}
		step.State, step.Code, step.Detail, step.Took, step.Until = v.state, v.code, v.detail, s.Now().Sub(step.StartedAt), time.Time{}
		over = over || v.state != StepGood && slices.Contains([]string{StepReach, StepSign, StepCreate, StepEnd}, step.Name)
		show(*step)
	}
	r.clean(ctx)
	r.test.FinishedAt = s.Now()
	r.save(context.WithoutCancel(ctx))
	return r.test
}

// save keeps how far the test is. It goes on if that doesn't work: what counts is
// that its class ends.
func (r *testRun) save(ctx context.Context) {
	r.savedAt = r.Now()
	r.test.AliveAt = r.savedAt
	if err := r.Store.SaveServerTest(ctx, r.test); err != nil && ctx.Err() == nil {
		r.Log.WarnContext(ctx, "test of a server isn't kept", "server", r.server.Name, "err", err)
	}
}

// clean ends the class, if no step has, and keeps what was found of the server.
func (r *testRun) clean(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCalls)
	defer cancel()
	if r.began && !r.ended {
		_, moderator := r.passwords()
		if err := r.client.End(ctx, r.test.MeetingID, moderator); err != nil && !errors.Is(err, bbb.ErrNotFound) {
			r.Log.WarnContext(ctx, "class of a test isn't ended: it ends by itself", "server", r.server.Name, "err", err)
		}
	}
	if err := r.saveFound(ctx, r.server.ID, r.found); err != nil {
		r.Log.WarnContext(ctx, "what a test has found isn't kept", "server", r.server.Name, "err", err)
	}
}

// passwords are derived from what nobody else knows.
func (r *testRun) passwords() (attendee, moderator string) {
	return bbb.Passwords([]byte(r.test.ID+r.test.MeetingID), r.test.MeetingID)
}

func (r *testRun) until(step string) time.Time {
	most := map[string]time.Duration{StepEnded: endedMost, StepReport: reportMost, StepRecording: recordingMost}[step]
	if most == 0 || !r.callbacks || r.endedAt.IsZero() {
		return time.Time{}
	}
	return r.endedAt.Add(most)
}

func (r *testRun) do(ctx context.Context, step string) verdict {
	switch step {
	case StepReach:
		return r.reach(ctx)
	case StepSign:
		return r.sign(ctx)
	case StepCreate:
		return r.create(ctx)
	case StepModerator:
		return r.enter(ctx, true)
	case StepViewer:
		return r.enter(ctx, false)
	case StepForged:
		return r.forge(ctx)
	case StepInside:
		return r.inside(ctx)
	case StepEnd:
		return r.end(ctx)
	}
	if !r.callbacks {
		return verdict{StepIdle, codeNoCallbacks, ""}
	}
	switch step {
	case StepEnded:
		return r.waitEnded(ctx)
	case StepReport:
		return r.waitReport(ctx)
	}
	return r.waitRecording(ctx)
}

func (r *testRun) reach(ctx context.Context) verdict {
	v, err := r.client.Version(ctx)
	r.found.Version, r.found.BBB, r.found.Build, r.found.GraphQL = v.Version, v.BBB, v.Build, v.GraphQL
	r.found.Cause, r.found.Detail = "", ""
	if err != nil {
		r.found.Cause, r.found.Detail = causeOf(err)
	}
	return bad(err)
}

func (r *testRun) sign(ctx context.Context) verdict {
	_, err := r.client.Meetings(ctx)
	v := bad(err)
	if errors.Is(err, bbb.ErrChecksum) {
		if other, probed := r.client.ProbeAlgorithms(ctx); probed == nil {
			r.found.Algorithm = other
			v = verdict{StepNeeds, string(CauseAlgorithm), string(other)}
		}
	}
	if err != nil {
		r.found.Cause, r.found.Detail = bbb.Cause(v.code), v.detail
		return v
	}
	r.found.Webhooks, _ = r.client.Webhooks(ctx)
	return well
}

func (r *testRun) create(ctx context.Context) verdict {
	attendee, moderator := r.passwords()
	record, at := true, r.PublicURL+"/bbb/tests/"+r.test.ID
	r.began = true
	var err error
	r.created, err = r.client.Create(ctx, bbb.CreateRequest{
		MeetingID: r.test.MeetingID, Name: "bbbridge server test", AttendeePassword: attendee, ModeratorPassword: moderator,
		Record: &record, AutoStartRecording: &record, KeepEvents: true,
		ExpireIfNoUserJoined: time.Minute, ExpireWhenLastUserLeft: time.Minute,
		Metadata: map[string]string{
			"bbb-origin": "bbbridge", "bbbridge-test": "true",
			bbb.AnalyticsCallback: at + "/report", bbb.EndCallback: at + "/ended",
		},
	})
	return bad(err)
}

// joinRequest is that of somebody whom only tests know.
func (r *testRun) joinRequest(moderates bool) bbb.JoinRequest {
	attendee, moderator := r.passwords()
	member := false
	j := bbb.JoinRequest{
		MeetingID: r.test.MeetingID, FullName: "bbbridge test", UserID: "servertest", Password: attendee, Guest: &member,
		CreateTime: r.created.CreateTimeMillis, ExcludeFromDashboard: true,
	}
	if moderates {
		j.UserID, j.Moderator, j.Password = "servertestmoderator", true, moderator
	}
	return j
}

func (r *testRun) enter(ctx context.Context, moderates bool) verdict {
	e, err := r.client.Enter(ctx, r.joinRequest(moderates))
	switch {
	case err != nil:
		return bad(err)
	case !e.Followed:
		return verdict{StepGood, codeNotFollowed, ""}
	case e.Status >= 400:
		return verdict{StepNeeds, codeClientPage, fmt.Sprintf("HTTP %d", e.Status)}
	}
	return well
}

// forge joins with a signature that is wrong. That nobody answers proves nothing.
func (r *testRun) forge(ctx context.Context) verdict {
	err := r.client.EnterSpoiled(ctx, r.joinRequest(false))
	var answer *bbb.Error
	switch {
	case err == nil:
		return verdict{StepNeeds, codeForged, ""}
	case errors.As(err, &answer):
		return well
	}
	return bad(err)
}

func (r *testRun) inside(ctx context.Context) verdict {
	var err error
	r.info, err = r.client.MeetingInfo(ctx, r.test.MeetingID)
	switch {
	case errors.Is(err, bbb.ErrNotFound):
		return verdict{StepNeeds, codeLost, ""}
	case err != nil:
		return bad(err)
	}
	inside := map[string]bool{}
	for _, a := range r.info.Attendees {
		inside[a.UserID] = true
	}
	if inside["servertest"] && inside["servertestmoderator"] {
		return verdict{StepGood, codeInside, ""}
	}
	return verdict{StepGood, codeNobody, ""}
}

func (r *testRun) end(ctx context.Context) verdict {
	_, moderator := r.passwords()
	err := r.client.End(ctx, r.test.MeetingID, moderator)
	if r.endedAt = r.Now(); errors.Is(err, bbb.ErrNotFound) { // nobody was inside, as it sees it
		err = nil
	}
	r.ended = err == nil
	return bad(err)
}

// wait looks, until look is done with it or the time is over. Time is that since
// the end of the class.
func (r *testRun) wait(ctx context.Context, most time.Duration, look func(ServerTest) (verdict, bool)) (verdict, bool) {
	every := r.Every
	if every == 0 {
		every = time.Second
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		t, err := r.Store.ServerTest(ctx, r.test.ID)
		if err == nil {
			r.test.Ended, r.test.Report = t.Ended, t.Report
			if v, done := look(t); done {
				return v, true
			}
		}
		if errors.Is(err, ErrNotFound) || r.Now().Sub(r.endedAt) >= most {
			return verdict{}, false
		}
		if r.Now().Sub(r.savedAt) >= aliveEvery {
			r.save(ctx)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return verdict{StepIdle, codeStopped, ""}, true
		}
	}
}

func (r *testRun) waitEnded(ctx context.Context) verdict {
	v, came := r.wait(ctx, endedMost, func(t ServerTest) (verdict, bool) { return well, !t.Ended.At.IsZero() })
	if !came {
		return verdict{StepNeeds, codeNoEnded, ""}
	}
	return v
}

// waitReport waits for a good one: after one that is refused, a balancer tries its
// next secret.
func (r *testRun) waitReport(ctx context.Context) verdict {
	refused := time.Time{}
	v, came := r.wait(ctx, reportMost, func(t ServerTest) (verdict, bool) {
		switch {
		case t.Report.At.IsZero():
			return verdict{}, false
		case t.Report.Code == CallbackGood:
			return well, true
		case refused.IsZero():
			refused = r.Now()
		}
		return verdict{StepNeeds, t.Report.Code, ""}, r.Now().Sub(refused) >= aliveEvery
	})
	if !came {
		return verdict{StepNeeds, codeNoReport, ""}
	}
	return v
}

// waitRecording looks whether the class's recording is listed, if there can be
// one, and deletes it.
func (r *testRun) waitRecording(ctx context.Context) verdict {
	if !r.info.Recording {
		return verdict{StepIdle, codeNoRecords, ""}
	}
	var problem error
	var next time.Time
	v, done := r.wait(ctx, recordingMost, func(t ServerTest) (verdict, bool) {
		if r.Now().Before(next) {
			return verdict{}, false
		}
		next = r.Now().Add(recordingEvery)
		list, err := r.client.Recordings(ctx, bbb.RecordingsRequest{MeetingIDs: []string{r.test.MeetingID}})
		switch problem = err; {
		case err != nil:
			return verdict{}, false
		case len(list) > 0:
			return r.forget(ctx, list), true
		}
		return verdict{StepGood, codeUnrecorded, ""}, t.Ended.Code == CallbackGood && !t.Ended.Recorded
	})
	switch {
	case done:
		return v
	case problem != nil:
		return bad(problem)
	}
	return verdict{StepIdle, codeNotListed, ""}
}

func (r *testRun) forget(ctx context.Context, list []bbb.Recording) verdict {
	var ids []string
	for _, recording := range list {
		ids = append(ids, recording.ID)
	}
	if err := r.client.DeleteRecordings(ctx, ids); err != nil && !errors.Is(err, bbb.ErrNotFound) {
		r.Log.WarnContext(ctx, "recording of a test isn't deleted", "server", r.server.Name, "err", err)
	}
	return verdict{StepGood, codeListed, ""}
}
