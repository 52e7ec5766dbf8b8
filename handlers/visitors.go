package handlers

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/web"
)

// browserCookie names the person's browser. Visits belong to a browser; which
// visit a page is of stands in its address (?v=), so that a teacher in one tab
// and a learner in another don't become each other.
const browserCookie = "__Host-bbbridge"

const browserKey = "browser"

// visitors keeps the browser's cookie, which ends with the browser. In a frame
// it is partitioned: the same person has another one in a window of our own.
type visitors struct{ store *sessions.CookieStore }

func newVisitors(key []byte) *visitors {
	store := sessions.NewCookieStore(key)
	store.Options = &sessions.Options{
		Path: "/", MaxAge: 0, // a session's cookie; how long a visit lasts says its row
		Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode, Partitioned: true,
	}
	for _, codec := range store.Codecs {
		if c, ok := codec.(*securecookie.SecureCookie); ok {
			c.SetSerializer(plain{})
			c.MaxAge(store.Options.MaxAge)
		}
	}
	return &visitors{store}
}

// plain writes a session that is one text as that text: gob, the default, says
// what a map is each time.
type plain struct{}

func (plain) Serialize(src any) ([]byte, error) {
	values, ok := src.(map[any]any)
	if !ok {
		return nil, fmt.Errorf("session is a %T", src)
	}
	text, _ := values[browserKey].(string)
	return []byte(text), nil
}

func (plain) Deserialize(text []byte, dst any) error {
	values, ok := dst.(*map[any]any)
	if !ok {
		return fmt.Errorf("session is a %T", dst)
	}
	*values = map[any]any{browserKey: string(text)}
	return nil
}

// session is that of the cookie that came, else a new one. Not by store.Get,
// which copies the request to remember a session that is asked for once.
func (v *visitors) session(r *http.Request) (*sessions.Session, error) {
	return v.store.New(r, browserCookie)
}

// browser is the value of the cookie that came, or empty.
func (v *visitors) browser(r *http.Request) string {
	session, err := v.session(r)
	if err != nil { // of an old key, or made up: as good as none
		return ""
	}
	value, _ := session.Values[browserKey].(string)
	return value
}

// keep returns the browser's value, a new one if none came, and sends the
// cookie.
func (v *visitors) keep(w http.ResponseWriter, r *http.Request) (string, error) {
	session, _ := v.session(r) // on error it is a new one
	value, _ := session.Values[browserKey].(string)
	if value == "" {
		value = rand.Text()
		session.Values[browserKey] = value
	}
	if err := session.Save(r, w); err != nil {
		return "", fmt.Errorf("keep browser cookie: %w", err)
	}
	return value, nil
}

// seat is that of the request's visit in the room of its address. From here on
// pages are for its person, refusals too.
func (s *Server) seat(c *gin.Context) (classroom.Seat, error) {
	seat, err := s.Rooms.Seat(c.Request.Context(), c.Query("v"), s.visitors.browser(c.Request), c.Param("room"))
	s.seated(c, seat)
	return seat, err
}

// seatOfForm is seat for a form that opens a new window: out of a frame, its
// cookie doesn't come along, but the form has a ticket. The window gets a
// cookie and a visit of its own.
func (s *Server) seatOfForm(c *gin.Context) (classroom.Seat, error) {
	if err := readForm(c, formLimit); err != nil {
		return classroom.Seat{}, err
	}
	visit := c.Query("v")
	if !s.ticketIsGood(c.PostForm("ticket"), visit) {
		return s.seat(c)
	}
	browser, err := s.visitors.keep(c.Writer, c.Request)
	if err != nil {
		return classroom.Seat{}, err
	}
	seat, err := s.Rooms.SeatByTicket(c.Request.Context(), visit, browser, c.Param("room"))
	s.seated(c, seat)
	return seat, err
}

// alive is asked now and then by every open page of a visit.
func (s *Server) alive(c *gin.Context) error {
	if err := s.Rooms.Alive(c.Request.Context(), c.Query("v"), s.visitors.browser(c.Request)); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// leave ends the visit of whoever sat here before. The cookie goes out anew:
// by that Chrome drops pages that it has kept for its back button.
func (s *Server) leave(c *gin.Context) error {
	visit, err := s.Rooms.Leave(c.Request.Context(), c.Query("v"), s.visitors.browser(c.Request))
	if err != nil {
		return err
	}
	if _, err := s.visitors.keep(c.Writer, c.Request); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/goodbye?lang="+visit.Locale)
	return nil
}

// goodbye says how to come back, in the language of who has left.
func (s *Server) goodbye(c *gin.Context) error {
	c.Set(localeKey, web.MatchLocale(c.Query("lang"), c.GetHeader("Accept-Language")))
	c.Set(ancestorKey, "*") // it may stand in a platform's frame, and says nothing of anybody
	return s.render(c, http.StatusOK, web.Goodbye{})
}

// ticket lets the form that holds it speak for the visit, for as long as the
// visit lasts. It stands in pages only, never in addresses.
func (s *Server) ticket(visit string) string {
	mac := hmac.New(sha256.New, s.TicketKey)
	mac.Write([]byte(visit))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (s *Server) ticketIsGood(ticket, visit string) bool {
	return visit != "" && hmac.Equal([]byte(ticket), []byte(s.ticket(visit)))
}
