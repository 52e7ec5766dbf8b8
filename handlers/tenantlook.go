package handlers

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/web"
)

// tenantKey holds the tenant of a request, as far as it is known.
const tenantKey = "tenant"

// tenants are whom platforms belong to. All but a logo is answered from memory.
type tenants interface {
	Tenant(ctx context.Context, registrationID string) (classroom.Tenant, error)
	TenantByID(ctx context.Context, id string) (classroom.Tenant, error)
	Tenants(context.Context) ([]classroom.Tenant, error)
	Logo(ctx context.Context, tenantID, digest string) ([]byte, error)
}

// housed has the page look as the tenant wants it.
func housed(c *gin.Context, t classroom.Tenant) {
	if t.ID != "" {
		c.Set(tenantKey, t)
	}
}

// tenantOf is the tenant of a request; zero: not known.
func tenantOf(c *gin.Context) classroom.Tenant {
	t, _ := c.Value(tenantKey).(classroom.Tenant)
	return t
}

// ofPlatform is housed for a page of which the platform is known. Without an
// answer the page is ours.
func (s *Server) ofPlatform(c *gin.Context, registrationID string) {
	if s.Tenants == nil || registrationID == "" {
		return
	}
	if t, err := s.Tenants.Tenant(c.Request.Context(), registrationID); err == nil {
		housed(c, t)
	}
}

// findTenant is housed for what went wrong, by all that is known of it. Where
// there is one tenant, all is its.
func (s *Server) findTenant(c *gin.Context, err error) {
	if s.Tenants == nil || tenantOf(c).ID != "" || strings.HasPrefix(c.Request.URL.Path, "/admin") {
		return
	}
	s.ofPlatform(c, platformOf(c, err))
	if tenantOf(c).ID != "" {
		return
	}
	if all, err := s.Tenants.Tenants(c.Request.Context()); err == nil && len(all) == 1 {
		housed(c, all[0])
	}
}

// platformOf is the platform that a refusal is about; empty: not known.
func platformOf(c *gin.Context, err error) string {
	if l, ok := c.Value(launchKey).(lti.Launch); ok {
		return l.Registration.ID
	}
	var refusal *lti.Refusal
	if errors.As(err, &refusal) && refusal.Of.RegistrationID != "" {
		return refusal.Of.RegistrationID
	}
	var told *lti.PlatformError
	if errors.As(err, &told) && len(told.Registrations) == 1 {
		return told.Registrations[0].ID
	}
	return c.Param("registration")
}

// styles are the hashes of the stylesheets of accents: made once, for each page
// names one.
type styles struct {
	mu sync.Mutex
	of map[string]string
}

// stylesMost is how many accents are remembered.
const stylesMost = 1000

func (s *styles) hash(accent string) string {
	if accent == "" {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	hash, ok := s.of[accent]
	if !ok {
		if s.of == nil || len(s.of) >= stylesMost {
			s.of = map[string]string{}
		}
		_, hash = web.LookStyle(accent)
		s.of[accent] = hash
	}
	return hash
}

// lookOf is how a tenant's pages look.
func (s *Server) lookOf(t classroom.Tenant) web.Look {
	look := web.Look{Name: t.Name}
	if hash := s.styles.hash(t.Look.Accent); hash != "" {
		look.StyleURL = "/tenant/" + t.ID + "/look." + hash + ".css"
	}
	if t.Look.Logo != "" {
		look.LogoURL = classroom.LogoPath(t.ID, t.Look.Logo)
	}
	return look
}

// supportOf is whom the people of a tenant ask; nil: nobody is named.
func supportOf(t classroom.Tenant) *web.Support {
	if t.Support.Text == "" && t.Support.Contact == "" {
		return nil
	}
	return &web.Support{Text: t.Support.Text, URL: admin.ContactURL(t.Support.Contact), Name: t.Support.Contact}
}

// tenantFile answers the stylesheet and the picture of a tenant, each under a
// name that has its hash, so that it may be kept for ever.
func (s *Server) tenantFile(c *gin.Context) error {
	ctx := c.Request.Context()
	t, err := s.Tenants.TenantByID(ctx, c.Param("tenant"))
	if err != nil {
		return err
	}
	css, hash := web.LookStyle(t.Look.Accent)
	var kind string
	var body []byte
	switch file := c.Param("file"); {
	case hash != "" && file == "look."+hash+".css":
		kind, body = "text/css; charset=utf-8", []byte(css)
	case t.Look.Logo != "" && file == "logo."+t.Look.Logo+".png":
		kind = "image/png"
		if body, err = s.Tenants.Logo(ctx, t.ID, t.Look.Logo); err != nil {
			return err
		}
	default:
		return classroom.ErrNotFound
	}
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	c.Header("Content-Security-Policy", "default-src 'none'")
	c.Data(http.StatusOK, kind, body)
	return nil
}
