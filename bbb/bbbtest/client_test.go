package bbbtest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bbbridge/bbbridge/bbb/bbbtest"
)

// noon is when the tests' clocks begin.
var noon = time.Date(2026, 1, 5, 12, 0, 0, 123e6, time.UTC)

// A clock stands still until it's told otherwise.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// bench is a server, its clock, and a client that signs with code of its own.
type bench struct {
	*bbbtest.Server
	*clock
	t      testing.TB
	secret string
}

func start(t testing.TB, o bbbtest.Options) *bench {
	t.Helper()
	c := &clock{t: noon}
	o.Now = c.Now
	s := bbbtest.Start(t, o)
	return &bench{Server: s, clock: c, t: t, secret: s.Secret()}
}

// sign is a signed address, with SHA-256.
func (b *bench) sign(call, query string) string {
	sum := sha256.Sum256([]byte(call + query + b.secret))
	if query != "" {
		query += "&"
	}
	return b.URL() + "/api/" + call + "?" + query + "checksum=" + hex.EncodeToString(sum[:])
}

// A reply is the answer to a call. XML is parsed leniently: value looks for
// the first element of a name.
type reply struct {
	status   int
	body     string
	header   http.Header
	location string
}

func (r reply) value(name string) string {
	values := r.values(name)
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

func (r reply) values(name string) []string {
	var all []string
	d := xml.NewDecoder(strings.NewReader(r.body))
	for {
		token, err := d.Token()
		if err != nil {
			return all
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == name {
			var text string
			if d.DecodeElement(&text, &start) == nil {
				all = append(all, text)
			}
		}
	}
}

func (r reply) ok() bool { return r.value("returncode") == "SUCCESS" }

// key is the messageKey, in either shape of an error.
func (r reply) key() string {
	if key := r.value("messageKey"); key != "" {
		return key
	}
	return r.value("key")
}

// errors is the key in the errors= that a refused join comes back with.
func (r reply) errors() string {
	u, err := url.Parse(r.location)
	if err != nil {
		return ""
	}
	_, after, _ := strings.Cut(u.Query().Get("errors"), `"key":"`)
	key, _, _ := strings.Cut(after, `"`)
	return key
}

func (b *bench) do(method, address, contentType, body string) reply {
	b.t.Helper()
	r, err := b.try(method, address, contentType, body)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// try makes one request and follows no redirect.
func (b *bench) try(method, address, contentType, body string) (reply, error) {
	req, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	client := *b.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, string(text), resp.Header, resp.Header.Get("Location")}, err
}

func (b *bench) get(address string) reply {
	b.t.Helper()
	return b.do(http.MethodGet, address, "", "")
}

func (b *bench) call(name, query string) reply {
	b.t.Helper()
	return b.get(b.sign(name, query))
}

// create makes room-a with both passwords and what else is said.
func (b *bench) create(more string) reply {
	b.t.Helper()
	r := b.call("create", "meetingID=room-a&name=Intro+to+Law&attendeePW=attendee-pw&moderatorPW=moderator-pw"+more)
	if !r.ok() {
		b.t.Fatalf("create: %s", r.body)
	}
	return r
}

// comeIn joins room-a and opens the client, as a browser does.
func (b *bench) comeIn(userID, role, more string) string {
	b.t.Helper()
	r := b.call("join", "meetingID=room-a&fullName=Name+of+"+userID+"&userID="+userID+"&role="+role+more)
	if r.status != http.StatusFound || !strings.Contains(r.location, "sessionToken=") {
		b.t.Fatalf("join: status %d, location %s, body %s", r.status, r.location, r.body)
	}
	if page := b.get(r.location); page.status != http.StatusOK {
		b.t.Fatalf("client: status %d", page.status)
	}
	return r.location
}

func (b *bench) meeting() bbbtest.Meeting {
	b.t.Helper()
	m, ok := b.Meeting("room-a")
	if !ok {
		b.t.Fatal("there is no room-a")
	}
	return m
}

func (b *bench) wantKey(r reply, key string) {
	b.t.Helper()
	if r.key() != key || r.status != http.StatusOK {
		b.t.Errorf("key = %q, status %d; want %q\n%s", r.key(), r.status, key, r.body)
	}
}

func shared(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func jar(t testing.TB) http.CookieJar {
	t.Helper()
	j, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return j
}
