package handlers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/web"
)

// A platform takes the answer to a deep linking request from the frame alone
// that it opened. Where that keeps no cookie, the choice is made in a window
// of its own. The frame knows the launch by a ticket, asks with it whether
// there is an answer, and posts that. Nothing goes from window to frame in the
// browser: the two may not reach each other there.

// pickerFrame answers a deep linking launch to which no cookie came back.
// 403, as for any launch that isn't let in yet.
func (s *Server) pickerFrame(c *gin.Context, response lti.Response, unbound *lti.Unbound) error {
	return s.render(c, http.StatusForbidden, web.PickerFrame{
		Person: unbound.Launch.User.DisplayName(), OpenURL: "/lti/window", WaitURL: "/lti/frame",
		Fields: []web.Hidden{
			{Name: "state", Value: response.State},
			{Name: "id_token", Value: string(response.IDToken)},
			{Name: "window", Value: unbound.Window},
			{Name: "ticket", Value: s.frameTicket(classroom.NonceOf(unbound.Launch), s.Now())},
		},
	})
}

// frameMost is how long a frame waits for its window to be opened.
const frameMost = 15 * time.Minute

// frameTicket lets a frame ask for what is chosen for its launch.
func (s *Server) frameTicket(nonce string, at time.Time) string {
	text := binary.BigEndian.AppendUint64(nil, uint64(at.Unix()))
	text = append(text, nonce...)
	return base64.RawURLEncoding.EncodeToString(append(s.frameMAC(text), text...))
}

func (s *Server) frameMAC(text []byte) []byte {
	mac := hmac.New(sha256.New, s.TicketKey)
	mac.Write([]byte("frame\x00")) // no id of a visit has a NUL: see ticket
	mac.Write(text)
	return mac.Sum(nil)
}

// launchOfTicket is the launch's nonce, and whether its window may be waited for.
func (s *Server) launchOfTicket(ticket string) (nonce string, waits, ok bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(ticket)
	if err != nil || len(sealed) < sha256.Size+8 {
		return "", false, false
	}
	text := sealed[sha256.Size:]
	if !hmac.Equal(sealed[:sha256.Size], s.frameMAC(text)) {
		return "", false, false
	}
	at := time.Unix(int64(binary.BigEndian.Uint64(text)), 0)
	return string(text[8:]), s.Now().Sub(at) < frameMost, true
}

// framedPick is how far the choice of a frame's form has come.
func (s *Server) framedPick(c *gin.Context) (pick classroom.FramedPick, opened bool, err error) {
	nonce, waits, ok := s.launchOfTicket(c.PostForm("ticket"))
	if !ok {
		return classroom.FramedPick{}, false, fmt.Errorf("ticket of no frame: %w", classroom.ErrNotFound)
	}
	pick, err = s.Rooms.FramedPick(c.Request.Context(), nonce)
	if errors.Is(err, classroom.ErrNotFound) {
		return classroom.FramedPick{Over: !waits}, false, nil
	}
	return pick, err == nil && !pick.Over, err
}

// reopen opens the picker's window once more, for who has closed it. opened is
// false if there was none before.
func (s *Server) reopen(c *gin.Context) (opened bool, err error) {
	if c.PostForm("ticket") == "" {
		return false, nil
	}
	pick, opened, err := s.framedPick(c)
	if err != nil || !opened {
		return false, err
	}
	browser, err := s.visitors.keep(c.Writer, c.Request)
	if err != nil {
		return false, err
	}
	seat, err := s.Rooms.SeatByTicket(c.Request.Context(), pick.Seat.Visit.ID, browser, "")
	if err != nil {
		return false, err
	}
	c.Redirect(http.StatusSeeOther, entrance(seat, false))
	return true, nil
}

// waitFrame tells the frame whether something is chosen, and posts it from
// there once it is.
func (s *Server) waitFrame(c *gin.Context) error {
	if err := readForm(c, launchLimit+formLimit); err != nil {
		return err
	}
	pick, opened, err := s.framedPick(c)
	if err != nil {
		return err
	}
	if strings.Contains(c.GetHeader("Accept"), "application/json") {
		state := web.FrameState{State: web.FrameOpen}
		switch {
		case pick.Over:
			state.State = web.FrameOver
		case pick.Made:
			state.State = web.FrameMade
		}
		c.JSON(http.StatusOK, state)
		return nil
	}
	if pick.Over {
		return classroom.ErrVisitOver
	}
	if opened {
		s.placed(c, pick.Seat)
	} else { // whose frame it is isn't known yet
		c.Set(ancestorKey, "*")
	}
	if pick.Made {
		return s.answer(c, pick.Seat, lti.DeepLinkingAnswer{Items: pick.Items})
	}
	page := web.PickerFrame{Opened: true, OpenURL: "/lti/window", WaitURL: "/lti/frame"}
	for _, name := range []string{"state", "id_token", "window", "ticket"} {
		page.Fields = append(page.Fields, web.Hidden{Name: name, Value: c.PostForm(name)})
	}
	return s.render(c, http.StatusOK, page)
}
