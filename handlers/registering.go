package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/web"
)

// registering registers platforms by a link (LTI Dynamic Registration 1.0).
type registering interface {
	Open(ctx context.Context, code string) (admin.RegistrationLink, error)
	Look(context.Context, admin.RegistrationVisit) (admin.Invitation, error)
	Register(context.Context, admin.RegistrationVisit) (admin.Registration, error)
}

// registration is what an LMS opens whose admin has pasted a registration
// link: it says what will be registered, and changes nothing. Without a code it
// is an address that somebody took for such a link.
func (s *Server) registration(c *gin.Context) error {
	v := visitOf(c.Query)
	switch {
	case v.Code == "":
		return s.byHand(c, http.StatusOK, web.OpenedRegistration)
	case v.Configuration == "":
		return s.pasteLink(c, v.Code)
	}
	i, err := s.Registering.Look(c.Request.Context(), v)
	if err != nil {
		return s.notRegistered(c, v, err)
	}
	s.framedBy(c, i.Offer)
	return s.render(c, http.StatusOK, web.Registering{
		State: web.RegisterAsk, Name: i.Offer.Name(), Issuer: i.Offer.Issuer, Software: software(i.Offer.Product, i.Offer.Version),
		Does: does(i.Asks), Places: i.Asks.Placements, Waits: i.Waits, Again: len(i.Clients) > 0,
		Doubtful: i.Offer.Belongs == lti.DoubtfulIssuer,
		URL:      registerPath, Fields: []web.Hidden{
			{Name: "code", Value: v.Code}, {Name: "openid_configuration", Value: v.Configuration},
			{Name: "registration_token", Value: string(v.Token)},
		},
	})
}

// registerPlatform takes the form of registration: now the LMS and we know each other.
func (s *Server) registerPlatform(c *gin.Context) error {
	if err := readForm(c, formLimit); err != nil {
		return err
	}
	v := visitOf(c.PostForm)
	r, err := s.Registering.Register(c.Request.Context(), v)
	if err != nil {
		return s.notRegistered(c, v, err)
	}
	s.Log.LogAttrs(c.Request.Context(), slog.LevelInfo, "registered by link", slog.String("request", requestID(c)),
		slog.String("platform", r.Name), slog.Bool("again", r.Again), slog.Bool("waits", r.Pending))
	c.Set(ancestorKey, "*") // the frame that holds the form, which isn't known here
	return s.render(c, http.StatusOK, web.Registering{
		State: web.RegisterDone, Name: r.Name, Issuer: r.Registered.Registration.Issuer, ClientID: r.Registered.Registration.ClientID,
		Software: software(r.Product, r.Version), Does: does(r.Granted), Places: r.Granted.Placements,
		Again: r.Again, Waits: r.Pending, Then: nextOf(r.Family, r.Again),
	})
}

// visitOf reads what the LMS has added to our link.
func visitOf(value func(string) string) admin.RegistrationVisit {
	return admin.RegistrationVisit{
		Code: value("code"), Configuration: value("openid_configuration"), Token: lti.RegistrationToken(value("registration_token")),
	}
}

// pasteLink is for who opens the link themselves, and not by their LMS.
func (s *Server) pasteLink(c *gin.Context, code string) error {
	if _, err := s.Registering.Open(c.Request.Context(), code); err != nil {
		return s.notRegistered(c, admin.RegistrationVisit{Code: code}, err)
	}
	return s.render(c, http.StatusOK, web.Registering{State: web.RegisterPaste, Link: s.PublicURL + "/lti/register?code=" + code})
}

// framedBy lets the LMS alone frame the page. Where many share an issuer, the
// pages of a school are at a host that nobody names before a launch: there any
// may. The page asks for one click by who has the code of the link, which is
// all that it takes to register; no cookie speaks for anybody.
func (s *Server) framedBy(c *gin.Context, o lti.Offer) {
	if o.Belongs != lti.OwnIssuer {
		c.Set(ancestorKey, "*")
		return
	}
	s.frameable(c, o.Origin, lti.Registration{Issuer: o.Issuer, AuthURL: o.AuthURL})
}

// registrationStatuses are those that are not 400.
var registrationStatuses = map[string]int{
	"link_unknown": http.StatusNotFound, "link_revoked": http.StatusGone, "link_expired": http.StatusGone,
	"link_used": http.StatusConflict, "link_busy": http.StatusConflict,
	"registration_other_tenant": http.StatusConflict, "registration_other_keys": http.StatusConflict,
	lti.CodeRegistrationName: http.StatusBadGateway, lti.CodeRegistrationTLS: http.StatusBadGateway,
	lti.CodeRegistrationTimeout: http.StatusGatewayTimeout, lti.CodeRegistrationUnreachable: http.StatusBadGateway,
	lti.CodeRegistrationPlatformFails: http.StatusBadGateway,
}

// notRegistered says why nothing was registered. What isn't the platform's or
// the link's fault is ours.
func (s *Server) notRegistered(c *gin.Context, v admin.RegistrationVisit, err error) error {
	failure := admin.FailureOf(err)
	if failure.Code == "" {
		return err
	}
	status, ok := registrationStatuses[failure.Code]
	if !ok {
		status = http.StatusBadRequest
	}
	s.Log.LogAttrs(c.Request.Context(), slog.LevelInfo, "not registered", slog.String("request", requestID(c)),
		slog.String("code", failure.Code), slog.Int("status", status), slog.Any("err", err))
	s.recordRegistration(c, v, failure, status, err)
	c.Set(ancestorKey, "*") // whose frame it is isn't known: what went wrong must be read all the same
	return s.render(c, status, web.Registering{
		State: web.RegisterFailed, Code: failure.Code, Host: failure.Host, Words: failure.Words, Request: requestID(c), At: s.Now().UTC(),
	})
}

// registerPath is where registration links lead.
const registerPath = "/lti/register"

// recordRegistration keeps what was refused, to be found by the number on the
// page by those whose link it was.
func (s *Server) recordRegistration(c *gin.Context, v admin.RegistrationVisit, r admin.RegistrationFailure, status int, err error) {
	f := admin.Failure{Request: requestID(c), Kind: admin.ByLink, Code: r.Code}
	if link, _ := s.Registering.Open(c.Request.Context(), v.Code); link.ID != "" { // also of one that is over
		f.TenantID = link.TenantID
	}
	f.Path, f.Status, f.Cause = c.FullPath(), status, causeOf(err)
	f.Call, f.Got, f.Said = r.Step, v.Configuration, r.Words
	s.Recorder.Record(f)
}

// does is what a registration makes possible.
func does(f lti.Features) []web.Does {
	has := func(message lti.MessageType) bool {
		for _, m := range f.Messages {
			if m == message {
				return true
			}
		}
		return false
	}
	named := false
	for _, claim := range f.Claims {
		named = named || claim == "name" || claim == "given_name"
	}
	return []web.Does{
		{What: "opens", On: has(lti.ResourceLinkRequest)}, {What: "chooses", On: has(lti.DeepLinkingRequest)},
		{What: "grades", On: f.Grades()}, {What: "names", On: named},
	}
}

func software(name, version string) string { return strings.TrimSpace(name + " " + version) }

// nextOf is whose next step the page tells.
func nextOf(f lti.Family, again bool) string {
	switch f {
	case lti.FamilyMoodle:
		if again {
			return "moodle_again"
		}
		return "moodle"
	case lti.FamilyCanvas, lti.FamilyD2L, lti.FamilyBlackboard, lti.FamilySakai:
		return string(f)
	}
	return "any"
}
