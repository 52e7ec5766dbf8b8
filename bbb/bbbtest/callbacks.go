package bbbtest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// retries are the pauses between the attempts of an end callback.
var retries = []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute}

// A callback is one that waits to be sent.
type callback struct {
	kind    string // "end", "ended" or "analytics"
	url     string
	due     time.Time
	attempt int
	m       *meeting
}

// Delivery is one callback that was sent.
type Delivery struct {
	Kind    string // "end" (meta_endCallbackUrl), "ended" (meetingEndedURL) or "analytics"
	URL     string
	Header  http.Header
	Body    []byte
	At      time.Time // by the server's clock
	Attempt int       // 1 is the first
	Status  int       // 0: nobody answered
	Err     error
}

// Deliveries lists all callbacks sent so far.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.deliveries)
}

// queueCallbacks plans what m's end sets off: the end callback at once, the
// analytics, if events were kept, after the room is gone.
func (s *Server) queueCallbacks(m *meeting) {
	plan := func(kind, address string, due time.Time) {
		if address != "" && !s.o.DropCallbacks {
			s.callbacks = append(s.callbacks, &callback{kind: kind, url: address, due: due, m: m})
		}
	}
	if address := m.meta["endcallbackurl"]; address != "" {
		plan("end", addQuery(address, "recordingmarks="+strconv.FormatBool(m.recorded)+"&meetingID="+url.QueryEscape(m.id)), m.ended)
	}
	plan("ended", m.params.text("meetingEndedURL"), m.ended)
	if !m.params.is("meetingKeepEvents") || s.o.DropAnalytics {
		return
	}
	due := after(after(m.ended, s.o.EndDelay), s.o.AnalyticsDelay)
	plan("analytics", m.meta[analyticsURL], due)
	if s.o.DuplicateAnalytics {
		plan("analytics", m.meta[analyticsURL], due)
	}
}

// DeliverCallbacks evaluates the rules, then sends what is due, in this
// goroutine. The error names each callback that wasn't accepted; those of the
// end are tried again when the clock says so, analytics never are.
func (s *Server) DeliverCallbacks(ctx context.Context) error {
	var problems []error
	for _, c := range s.dueCallbacks() {
		switch c.kind {
		case "analytics":
			problems = append(problems, s.postAnalytics(ctx, c))
		default:
			problems = append(problems, s.getEnd(ctx, c))
		}
	}
	return errors.Join(problems...)
}

func (s *Server) dueCallbacks() []*callback {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	now := s.now()
	var due []*callback
	s.callbacks = slices.DeleteFunc(s.callbacks, func(c *callback) bool {
		if now.Before(c.due) {
			return false
		}
		due = append(due, c)
		return true
	})
	slices.SortStableFunc(due, func(a, b *callback) int { return a.due.Compare(b.due) })
	return due
}

func (s *Server) getEnd(ctx context.Context, c *callback) error {
	d := s.send(ctx, c, http.MethodGet, nil, "")
	if d.Err == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.attempt <= len(retries) {
		c.due = s.now().Add(retries[c.attempt-1])
		s.callbacks = append(s.callbacks, c)
	}
	return d.Err
}

// postAnalytics makes its one attempt. A balancer with several secrets tries
// them in turn until one is taken.
func (s *Server) postAnalytics(ctx context.Context, c *callback) error {
	body, secrets := s.analyticsLetter(c.m)
	var err error
	for _, secret := range secrets {
		if err = s.send(ctx, c, http.MethodPost, body, secret).Err; err == nil {
			break
		}
	}
	return err
}

func (s *Server) analyticsLetter(m *meeting) (body []byte, secrets []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.o.Mode {
	case Scalelite:
		secrets = slices.Concat([]string{s.o.Secret}, s.o.Secrets)
	case B3scale:
		secrets = []string{s.o.NodeSecret}
	default:
		secrets = []string{s.o.Secret}
	}
	return s.analytics(m), secrets
}

// send makes one request and keeps it among the deliveries.
func (s *Server) send(ctx context.Context, c *callback, method string, body []byte, secret string) Delivery {
	c.attempt++
	s.mu.Lock()
	d := Delivery{Kind: c.kind, URL: c.url, Body: body, At: s.now(), Attempt: c.attempt}
	client, strip := *s.o.CallbackClient, s.o.StripAuthorization
	s.mu.Unlock()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

	req, err := http.NewRequestWithContext(ctx, method, c.url, bytes.NewReader(body))
	if err == nil {
		req.Close = true
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Accept", "*/*")
			req.Header.Set("User-Agent", "BigBlueButton Analytics Callback")
			if !strip {
				req.Header.Set("Authorization", "Bearer "+bearer(secret, d.At))
			}
		}
		d.Header = req.Header
		d.Status, err = do(&client, req)
	}
	if err != nil {
		d.Err = fmt.Errorf("%s callback of meeting %s: %w", c.kind, c.m.id, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliveries = append(s.deliveries, d)
	s.o.Log.Info("callback sent", "meeting", c.m.internalID, "code", c.kind, "status", d.Status)
	return d
}

func do(client *http.Client, req *http.Request) (int, error) {
	resp, err := client.Do(req)
	if e := (*url.Error)(nil); errors.As(err, &e) {
		err = e.Err // the address is in the deliveries, and no matter of a log
	}
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<16)) // only for the error
	if resp.StatusCode/100 != 2 {
		return resp.StatusCode, fmt.Errorf("status %d: %.200s", resp.StatusCode, text)
	}
	return resp.StatusCode, nil
}

// encodedID is a meeting id as B3scale hands it to its nodes.
func encodedID(id string) string {
	text, err := json.Marshal([]string{"frontend", id, "b3scl"})
	if err != nil {
		panic("bbbtest: " + err.Error()) // strings: can't happen
	}
	return base64.RawURLEncoding.EncodeToString(text)
}
