package web

import "time"

// ServersPage is the list of BigBlueButton servers.
type ServersPage struct {
	Now     time.Time
	Servers []ServerLine
	AddURL  string // empty: they may not
	Said    string
}

// A ServerLine is one server in the list.
type ServerLine struct {
	Name, URL, Address string
	Mark               ServerMark
	Load               ServerLoad
	Tenants            []string // names
	Silent             int      // classes that ended without a report, if they are too many
}

// A ServerMark is how a server is: good, drained, down or unknown.
type ServerMark string

// Kind is its shape and colour.
func (m ServerMark) Kind() string {
	return map[ServerMark]string{"good": "good", "drained": "ended", "down": "needs"}[m]
}

// A ServerLoad is how much goes on at a server.
type ServerLoad struct {
	Known           bool
	Classes, People int
}

// A ServerFinding is what a look at a server brought: the message "cure.CODE",
// without a code that all is well.
type ServerFinding struct {
	Code, Detail string
}

// ServerForm adds a server, or changes one.
type ServerForm struct {
	New          bool
	Name         string // of the one that there is
	URL, BackURL string
	CheckURL     string // asked when a field is left; empty: nothing is
	Fields       []Field
	Wrong        bool
	Finding      *ServerFinding // of what was typed; nil: it wasn't looked at
}

// ServerPage is the card of a server.
type ServerPage struct {
	Now                   time.Time
	Name, Address, URL    string
	Said                  string
	Mark                  ServerMark
	Finding               *ServerFinding // why it is down, or what the last look found
	Load                  ServerLoad
	Ours                  int // classes that run there, as far as we know
	Tenants               []string
	LookedAt, ReportAt    time.Time
	Version, BBB, Balance string // Balance: what a balancer says of its build
	Three, Webhooks       bool
	Checksum              string
	Silent                int
	Test                  *ServerTestLine
	Edit                  *ServerEdit // nil: they may not
}

// A ServerTestLine is the newest test of a server: good, needs, runs or broken.
type ServerTestLine struct {
	At    time.Time
	State string
}

// ServerEdit is what may be changed of a server.
type ServerEdit struct {
	Drained  bool
	Previous int // secrets of before
	Tenants  Field
}

// ServerTestPage is a test of a server, which may go on.
type ServerTestPage struct {
	Now          time.Time
	Name         string
	URL, BackURL string // URL: for POST
	State        string // none, runs, good, needs or broken
	At           time.Time
	Steps        []ServerTestStep
}

// A ServerTestStep is one step of it.
type ServerTestStep struct {
	Name, State  string
	Code, Detail string
	Seconds      float64
	Until        time.Time // it waits until then; zero: it doesn't
}

// Kind is the step's shape and colour.
func (s ServerTestStep) Kind() string {
	return map[string]string{"running": "waiting", "good": "good", "needs": "needs"}[s.State]
}
