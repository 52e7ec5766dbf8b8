package web

import "time"

// A Registering is what the admin of an LMS sees who has opened a registration
// link there: what will be registered, what is, or why nothing is. It posts
// Fields to URL.
type Registering struct {
	State    string // RegisterAsk, RegisterDone, RegisterFailed or RegisterPaste
	Name     string // of the LMS
	Issuer   string
	Software string // of the LMS, as it calls itself; may be empty
	Does     []Does
	Places   []string // where it appears, as the LMS calls that
	URL      string
	Fields   []Hidden
	Doubtful bool   // the addresses aren't those of the issuer's vendor
	Waits    bool   // it will wait, or waits, for approval here
	Again    bool   // it was registered before; of RegisterAsk: something at the LMS was
	Then     string // of RegisterDone: whose next step is told: moodle, moodle_again, canvas, d2l, blackboard, sakai or any
	ClientID string
	Link     string // of RegisterPaste: what to paste
	Code     string // of RegisterFailed
	Words    string // of the LMS; may be empty
	Host     string // that was asked; may be empty
	Request  string
	At       time.Time
}

// The states of a Registering.
const (
	RegisterAsk    = "ask"
	RegisterDone   = "done"
	RegisterFailed = "failed"
	RegisterPaste  = "paste"
)

// A Does is something that a registration makes possible, or doesn't.
type Does struct {
	What string // opens, chooses, grades or names
	On   bool
}

// Kind is the mark beside it.
func (d Does) Kind() string {
	if d.On {
		return "good"
	}
	return "needs"
}

// ID is that of its sentence.
func (d Does) ID() string {
	if d.On {
		return d.What
	}
	return "not_" + d.What
}
