package bbb

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// A JoinRequest is one person's way into one meeting.
type JoinRequest struct {
	MeetingID  string
	FullName   string // cut to 64 characters
	UserID     string // comes back in every report of attendance; [a-z0-9_] survives all of them
	Moderator  bool
	Password   string // the one that fits Moderator; role and password together suit all servers
	CreateTime int64  // Created.CreateTimeMillis: makes the address die with its meeting

	// False for members of the course: without it they'd wait under
	// AskModerator as guests do.
	Guest *bool

	// Where a failure leads, with errors= (see ParseJoinErrors): some go to
	// the one, some to the other. Set both.
	LogoutURL, ErrorRedirectURL string

	Locale               string            // of the client: a language tag, however an LMS spells it; else the browser's counts
	ExcludeFromDashboard bool              // for support staff
	UserData             map[string]string // settings of the client, names without "userdata-"; those with a dash are left out, as servers do
	AvatarURL            string            // fetched by everybody's browser
}

// JoinURL signs the address at which the person joins. It lets whoever has it
// in, again and again: make it for one click, redirect to it, never log it.
func (c *Client) JoinURL(r JoinRequest) string {
	q := r.query()
	return c.Server.URL + "/join?" + c.Server.sign("join", q.String())
}

func (r JoinRequest) query() query {
	var q query
	q.add("meetingID", r.MeetingID)
	q.add("fullName", r.name())
	q.add("role", r.role())
	q.text("password", r.Password)
	q.text("userID", r.UserID)
	q.number("createTime", r.CreateTime)
	q.flag("guest", r.Guest)
	q.text("logoutURL", r.LogoutURL)
	q.text("errorRedirectUrl", r.ErrorRedirectURL)
	q.text("avatarURL", r.AvatarURL)
	if r.ExcludeFromDashboard {
		q.add("excludeFromDashboard", "true")
	}
	if _, ok := r.UserData["bbb_override_default_locale"]; !ok {
		q.text("userdata-bbb_override_default_locale", localeName(r.Locale))
	}
	for _, name := range slices.Sorted(maps.Keys(r.UserData)) {
		if name != "" && !strings.Contains(name, "-") {
			q.add("userdata-"+name, r.UserData[name])
		}
	}
	return q
}

// name is never empty: that would be refused, or crash an old server.
func (r JoinRequest) name() string {
	for _, name := range []string{r.FullName, r.UserID} {
		if name = cleanName(name); name != "" {
			return name
		}
	}
	return "?"
}

func (r JoinRequest) role() string {
	if r.Moderator {
		return "MODERATOR"
	}
	return "VIEWER"
}

// Joined is a join that our program made itself.
type Joined struct {
	UserID      string // internal, w_…
	GuestStatus string // ALLOW, WAIT or DENY; "" behind a balancer
	URL         Secret // of the client, or of the node that a balancer sends to
}

// Join joins in place of a browser, to test a server: the session that it
// opens is of no use to a person. A balancer's redirect to a node is a success.
func (c *Client) Join(ctx context.Context, r JoinRequest) (Joined, error) {
	q := r.query()
	q.add("redirect", "false")
	start := c.now()
	joined, err := c.join(ctx, request{call: "join", query: c.Server.sign("join", q.String())})
	if c.Observe != nil {
		c.Observe("join", outcome(err), c.now().Sub(start))
	}
	return joined, err
}

func (c *Client) join(ctx context.Context, r request) (Joined, error) {
	ctx, cancel := context.WithTimeout(ctx, limit(r.call))
	defer cancel()
	res, err := c.send(ctx, r)
	if err != nil {
		return Joined{}, err
	}
	defer res.Body.Close()
	if to, err := res.Location(); err == nil && res.StatusCode/100 == 3 {
		if failed := ParseJoinErrors(to.RawQuery); len(failed) > 0 {
			return Joined{}, c.fail(r, &Error{Key: failed[0].Key, Message: failed[0].Message, Status: res.StatusCode})
		}
		return Joined{URL: Secret(to.String())}, nil
	}
	root, err := c.answer(ctx, r, res)
	if err != nil {
		return Joined{}, err
	}
	return Joined{
		UserID:      root.text("user_id"),
		GuestStatus: root.text("guestStatus"),
		URL:         Secret(root.text("url")),
	}, nil
}

// A JoinError is what BigBlueButton says of a join that failed, in the
// parameter errors of the address that it sends the browser to.
type JoinError struct {
	Key     string `json:"key"`
	Message string `json:"message"` // English; unsigned, so anybody's text: not for pages
}

// JustEnded reports whether the meeting ended between create and join. After
// 2 or 3 seconds, create and join again (at most 3 times).
func (e JoinError) JustEnded() bool {
	switch strings.ToLower(e.Key) {
	case "invalidmeetingidentifier", "meetingforciblyended", "mismatchcreatetimeparam",
		"mismatchcreatetime", "invalidmeetingid", "notfound", "meetingnotfound":
		return true
	}
	return false
}

// Is reports whether target is the sentinel for e's key, such as ErrFull.
func (e JoinError) Is(target error) bool { return (&Error{Key: e.Key}).Is(target) }

func (e JoinError) Error() string { return e.Key + ": " + e.Message }

const (
	maxJoinQuery  = 16 << 10
	maxJoinErrors = 10
)

// joinErrors takes a ? for an & as well: a server that doesn't see that our
// address has a query adds another one.
var joinErrors = regexp.MustCompile(`(?:^|[?&])errors=([^&]*)`)

// ParseJoinErrors reads the errors of a landing page's raw query. It returns
// none for what isn't understood. Anybody can write such an address: trust it
// for nothing but what to say.
func ParseJoinErrors(query string) []JoinError {
	if len(query) > maxJoinQuery {
		return nil
	}
	found := joinErrors.FindStringSubmatch(query)
	if found == nil {
		return nil
	}
	text := found[1]
	for range 2 { // a proxy may have escaped it once more
		decoded, err := url.QueryUnescape(text)
		if err != nil {
			return nil
		}
		if list := decodeJoinErrors(decoded); list != nil {
			return list
		}
		text = decoded
	}
	return nil
}

func decodeJoinErrors(text string) []JoinError {
	var list []JoinError
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		var one JoinError
		if json.Unmarshal([]byte(text), &one) != nil {
			return nil
		}
		list = []JoinError{one}
	}
	for i := range list {
		list[i].Key, list[i].Message = scrub(list[i].Key, ""), scrub(list[i].Message, "")
	}
	list = slices.DeleteFunc(list, func(e JoinError) bool { return e.Key == "" })
	return list[:min(len(list), maxJoinErrors)]
}
