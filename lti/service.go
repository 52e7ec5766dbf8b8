package lti

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const maxReason = 300

// ErrOutdated is the error of a score that the platform didn't take because
// it has one that is at least as new (AGS 2.0, 3.4.4: 409). Somebody may have
// graded by hand.
var ErrOutdated = errors.New("the platform has a newer score")

// ErrNotGranted is the error of a call that needs a scope or an address which
// the launch didn't offer.
var ErrNotGranted = errors.New("the platform doesn't offer this to us")

// A ServiceError is a platform's refusal of a call to one of its services.
type ServiceError struct {
	Call       string        // "token", "line item", "score", "results"
	Status     int           // 200 when Moodle refuses a score with that
	Reason     string        // the platform's words, short and on one line; may be empty
	RetryAfter time.Duration // how long it asks us to wait; 0: it doesn't say
}

func (e *ServiceError) Error() string {
	text := fmt.Sprintf("%s: the platform answers %d", e.Call, e.Status)
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// Is makes a 409 an ErrOutdated.
func (e *ServiceError) Is(target error) bool {
	return target == ErrOutdated && e.Status == http.StatusConflict
}

// Final reports whether the same call will be refused again: the person can't
// be graded, the line item is gone. What isn't final may work later.
func (e *ServiceError) Final() bool {
	switch {
	case e.Call == "token":
		return false // a setting, a clock or a key set that somebody will put right
	case e.Status == http.StatusUnauthorized, e.Status == http.StatusRequestTimeout,
		e.Status == http.StatusTooEarly, e.Status == http.StatusTooManyRequests:
		return false
	}
	return e.Status < 500
}

// KeyRefused reports whether the platform doesn't accept the key with which we
// ask for a token (RFC 6749, 5.2). Chamilo has it pasted, Moodle may not reach
// our key set.
func (e *ServiceError) KeyRefused() bool {
	return e.Call == "token" && strings.Contains(e.Reason, "invalid_client")
}

// ScopeRefused reports whether the platform gives no token for the scope of
// the call, though the launch listed it (RFC 6749, 5.2).
func (e *ServiceError) ScopeRefused() bool {
	return e.Call == "token" && strings.Contains(e.Reason, "invalid_scope")
}

// An answer is what a service said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call makes one request. Any status but 200, 201, 202 and 204 is a
// *ServiceError, whose reason doesn't have the secret that went with it.
func call(client *http.Client, request *http.Request, name, secret string, limit int64, now func() time.Time) (answer, error) {
	response, err := careful(client, request.URL.Scheme == "http").Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := readLimited(response.Body, limit)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", name, err)
	}
	switch response.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent:
		return answer{status: response.StatusCode, header: response.Header, body: body}, nil
	}
	return answer{}, &ServiceError{
		Call:       name,
		Status:     response.StatusCode,
		Reason:     cleanText(strings.ReplaceAll(reasonOf(response.Status, body), secret, redacted), maxReason),
		RetryAfter: retryAfter(response.Header.Get("Retry-After"), now()),
	}
}

// reasonOf finds the platform's own words: in its JSON, else in the reason
// phrase, which Moodle puts them into.
func reasonOf(status string, body []byte) string {
	reason := ""
	if value, err := parseJSON(body); err == nil {
		reason = wordsOf(value, 0)
	} else if body := strings.TrimSpace(string(body)); body != "" && body[0] != '<' {
		reason = body // Moodle's token errors are not always JSON
	} else {
		reason = exceptionIn(body)
	}
	if reason == "" {
		_, reason, _ = strings.Cut(status, " ")
		// Moodle repeats the posted score in it.
		reason, _, _ = strings.Cut(reason, "{")
	}
	return reason
}

// exceptionIn is what a page of Moodle's says that shows an exception; empty of
// any other page.
func exceptionIn(page string) string {
	_, text, _ := strings.Cut(page, `<p class="errormessage">`)
	text, _, whole := strings.Cut(text, "<")
	if !whole {
		return ""
	}
	return strings.TrimSpace(html.UnescapeString(text))
}

// wordsOf knows the forms in which platforms write errors.
func wordsOf(value jsonText, depth int) string {
	if text, ok := value.text(); ok {
		return text
	}
	if depth > 3 {
		return ""
	}
	if list, ok := value.list(); ok {
		if len(list) == 0 {
			return ""
		}
		return wordsOf(list[0], depth+1)
	}
	o, err := value.object()
	if err != nil {
		return ""
	}
	var words []string
	for _, name := range []string{"reason", "error", "error_description", "message", "errorMessage", "errors", "detail"} {
		if text := wordsOf(o.at(name), depth+1); text != "" && !slices.Contains(words, text) {
			words = append(words, text)
		}
	}
	return strings.Join(words, ": ")
}

// retryAfter reads seconds or a date (RFC 9110, 10.2.3).
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	wait := time.Duration(0)
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), 24*time.Hour)
}

// A grant is whose token a call needs, and for what.
type grant struct {
	registration Registration
	deploymentID string
	scopes       []string
}

// A service is one request to a service of a platform.
type service struct {
	call, method, address, accept string
	contentType                   string // of body
	body                          []byte
	limit                         int64 // bytes of the answer
}

func (s service) request(ctx context.Context, token AccessToken) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, s.method, s.address, bytes.NewReader(s.body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+string(token))
	request.Header.Set("Accept", s.accept)
	if s.contentType != "" {
		request.Header.Set("Content-Type", s.contentType)
	}
	return request, nil
}

// authorized makes the request with a token, and once more with a new one if
// the service says that the first one won't do.
func (t *Tokens) authorized(ctx context.Context, client *http.Client, g grant, s service) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, serviceTimeout)
	defer cancel()
	for again := false; ; again = true {
		token, err := t.Token(ctx, g.registration, g.deploymentID, g.scopes...)
		if err != nil {
			return answer{}, err
		}
		request, err := s.request(ctx, token)
		if err != nil {
			return answer{}, fmt.Errorf("%s: %w", s.call, err)
		}
		result, err := t.call(client, request, s.call, string(token), s.limit)
		var refused *ServiceError
		if !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized || again {
			return result, err
		}
		t.drop(g.registration, g.deploymentID, g.scopes, token)
	}
}

// call is call, observed.
func (t *Tokens) call(client *http.Client, request *http.Request, name, secret string, limit int64) (answer, error) {
	begin := t.Now()
	result, err := call(client, request, name, secret, limit, t.Now)
	observe(t.Observe, name, begin, t.Now(), err)
	return result, err
}

func observe(f func(call, outcome string, took time.Duration), call string, begin, end time.Time, err error) {
	if f == nil {
		return
	}
	outcome := "no_answer"
	var refused *ServiceError
	switch {
	case err == nil:
		outcome = "ok"
	case errors.As(err, &refused):
		outcome = strconv.Itoa(refused.Status)
	}
	f(call, outcome, end.Sub(begin))
}
