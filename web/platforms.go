package web

import "time"

// PlatformsPage is the list of registered platforms.
type PlatformsPage struct {
	Now     time.Time
	List    []PlatformLine
	Add     bool // they may register one
	Many    bool // there are several tenants
	Said    string
	Links   string        // address of the registration links; empty: there are none
	Leaving []LeavingLine // removed ones that will be erased
}

// A PlatformLine is one platform in the list.
type PlatformLine struct {
	Name, Kind, Issuer, Tenant string
	State                      string // active, disabled or waiting
	URL                        string
}

// A KindChoice is a kind of LMS that can be registered.
type KindChoice struct {
	Name   string // empty: another one
	URL    string // by hand
	ByLink bool
}

// NewPlatformPage asks which LMS it is.
type NewPlatformPage struct {
	Kinds   []KindChoice
	LinkURL string // where a registration link is made; empty: not theirs
}

// GuidePage says how one kind of LMS is registered by hand: what to paste
// there, in its order and with its labels, then what it shows.
type GuidePage struct {
	Name    string // of the LMS; empty: another one
	Where   string // menus of the LMS
	Shows   string // menus of the LMS
	Steps   []GuideStep
	Imports []GuideImport
	Notes   []string // messages "guide.NOTE"
	Seen    bool
	ByLink  bool
	URL     string // for POST; empty: it is registered, as Of
	TryURL  string // for POST: what a check finds in what is typed so far
	Fields  []Field
	Wrong   bool
	Of      string // name of the platform
	OfURL   string
}

// A GuideStep is one field of the LMS's form.
type GuideStep struct {
	N      int
	Label  string
	Value  string // to be pasted
	Choose string // to be chosen or typed, as the LMS has it
	Say    string // message "step.SAY"
	Note   string // message "step.NOTE"
}

// A GuideImport is a text that the LMS takes in place of its form.
type GuideImport struct {
	ID, What, Text string // What: message "guide.WHAT"
}

// A CheckFinding is what a check has found: message "check.CODE", and
// "check.CODE.cure" if something is to be done.
type CheckFinding struct {
	Kind   string // good, waiting or needs
	Code   string
	Name   string
	Detail string
}

// HasCure reports whether there is a text about what to do.
func (f CheckFinding) HasCure() bool { return f.Kind != "good" }

// PlatformPage is about one platform.
type PlatformPage struct {
	Now                        time.Time
	Name, Kind, Issuer, Client string
	Tenant                     string // empty: there is only one
	State                      string // active, disabled or waiting
	Facts                      []Fact
	Deployments                []DeploymentLine
	Waiting                    []WaitingLine
	Adopts                     bool
	Checked                    bool // Findings are of now
	Findings                   []CheckFinding
	CheckURL                   string
	GuideURL                   string // empty: not theirs
	EditURL, DisableURL        string // empty: not theirs
	RemoveURL, LikeURL         string // LikeURL: register another one like it; empty: no use
	News                       PlatformNews
	ApproveURL                 string // for POST: it waits for approval; empty: it doesn't
	KeysURL                    string // it has an older key as text than the newest; empty: it hasn't
	Said                       string
	MoveURL, ExportURL         string // to another tenant; all that is kept of it. Empty: not theirs, or nowhere to go
}

// PlatformNews is what came from a platform last; zero times: nothing did.
type PlatformNews struct {
	LaunchAt, GradeAt, RefusedAt time.Time
	Code                         string // of what was refused at RefusedAt
	FailureURL                   string // tells more of it. May be empty
}

// A WaitingLine is a deployment that has tried to launch.
type WaitingLine struct {
	ID, Name string // Name: who that was. May be empty
	At       time.Time
	URL      string // for POST: lets it launch; empty: not theirs
}

// A Fact is a value with its name: message "field.NAME".
type Fact struct {
	Name, Value string
	Text        string // message in place of Value
}

// A DeploymentLine is one deployment of a platform.
type DeploymentLine struct {
	ID     string
	Active bool
	URL    string // for POST: lets it launch, or refuses it; empty: not theirs
}

// EditPlatformPage changes a platform.
type EditPlatformPage struct {
	Name         string
	URL, BackURL string
	Fields       []Field
	Wrong        bool
}

// FindingsPart is the findings alone, for a page that puts them in place, and the
// fields that can't be taken as they are.
type FindingsPart struct {
	Findings []CheckFinding
	Fields   []Field
}
