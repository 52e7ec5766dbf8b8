package admin

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/lti"
)

// PlatformNews is what came from a platform last.
type PlatformNews struct {
	LaunchAt, GradeAt time.Time // of what went well; zero: nothing in the last month
	Refused           *Failure  // the newest launch or login that was refused
	Waiting           []WaitingDeployment
}

// A WaitingDeployment has tried to launch, and isn't known.
type WaitingDeployment struct {
	ID   string
	At   time.Time // when it last did
	Name string    // who that was. May be empty
}

// newsStore tells what happened.
type newsStore interface {
	LastWell(ctx context.Context, id string, kind Happening) (time.Time, error)
	Failures(context.Context, FailureQuery) ([]Failure, error)
}

const (
	newsSince = 30 * 24 * time.Hour
	newsMost  = 200 // failures that are looked through
)

// launching is the way into a course's room.
var launching = []Happening{Login, Launch, Window}

// News is what came last from a platform that the actor may see.
func (s *Platforms) News(ctx context.Context, by Actor, id string) (PlatformNews, error) {
	p, err := s.Find(ctx, by, See, id)
	if err != nil {
		return PlatformNews{}, err
	}
	var news PlatformNews
	if news.LaunchAt, err = s.Happened.LastWell(ctx, p.ID, Launch); err != nil {
		return news, about("last launch", err)
	}
	if news.GradeAt, err = s.Happened.LastWell(ctx, p.ID, Delivery); err != nil {
		return news, about("last grade", err)
	}
	failures, err := s.Happened.Failures(ctx, FailureQuery{RegistrationID: p.ID, Since: s.Now().Add(-newsSince), Most: newsMost})
	if err != nil {
		return news, about("failures", err)
	}
	for i, f := range failures {
		if news.Refused == nil && slices.Contains(launching, f.Kind) {
			news.Refused = &failures[i]
		}
		if _, known := p.Deployments[f.DeploymentID]; f.Code == lti.CodeDeploymentUnknown && f.DeploymentID != "" && !known &&
			!slices.ContainsFunc(news.Waiting, func(w WaitingDeployment) bool { return w.ID == f.DeploymentID }) {
			news.Waiting = append(news.Waiting, WaitingDeployment{ID: f.DeploymentID, At: f.At, Name: f.Name})
		}
	}
	return news, nil
}

// misspelled looks for logins that nobody knew, and that were meant for this
// platform: by an issuer that nearly is its own, or by its issuer and another
// client id.
func (s *Platforms) misspelled(ctx context.Context, p Platform) ([]Finding, error) {
	if s.Happened == nil {
		return nil, nil
	}
	failures, err := s.Happened.Failures(ctx, FailureQuery{Code: lti.CodeLoginUnknownPlatform, Since: s.Now().Add(-newsSince), Most: newsMost})
	if err != nil {
		return nil, about("failures", err)
	}
	all, err := s.Store.Platforms(ctx)
	if err != nil {
		return nil, about("platforms", err)
	}
	for _, f := range failures {
		if !f.At.After(p.CreatedAt) || f.Issuer == "" || isRegistered(all, f) {
			continue
		}
		switch {
		case f.Issuer != p.Issuer && nearly(f.Issuer) == nearly(p.Issuer) && (f.ClientID == "" || f.ClientID == p.ClientID):
			return []Finding{{Needs, "issuer_spelled", f.Issuer}}, nil
		case f.Issuer == p.Issuer && f.ClientID != "" && nearly(f.ClientID) == nearly(p.ClientID):
			return []Finding{{Needs, "client_spelled", f.ClientID}}, nil
		}
	}
	return nil, nil
}

// isRegistered reports whether somebody has put a login right meanwhile.
func isRegistered(all []Platform, f Failure) bool {
	return slices.ContainsFunc(all, func(p Platform) bool { return p.Issuer == f.Issuer && (f.ClientID == "" || p.ClientID == f.ClientID) })
}

// nearly is what two spellings of an address have in common.
func nearly(address string) string {
	address = strings.ToLower(strings.TrimSpace(address))
	for _, scheme := range []string{"https://", "http://"} {
		address = strings.TrimPrefix(address, scheme)
	}
	return strings.TrimPrefix(strings.TrimRight(address, "/"), "www.")
}
