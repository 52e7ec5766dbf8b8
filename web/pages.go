package web

import "time"

// Recordings is the list of a room's recordings.
type Recordings struct {
	Title, Course string // of the room
	Now           time.Time
	Teacher       bool
	Down          bool // the server doesn't answer: the list isn't known
	Partly        bool // one of several doesn't: what it has isn't in the list
	List          []Recording
	BackURL       string
	Said          string
}

// A Recording is one recorded class.
type Recording struct {
	ID         string // unique on the page; letters, digits, - and _
	Name       string // empty: its date is name enough
	From       time.Time
	Length     time.Duration
	Formats    []Format
	Processing bool // BigBlueButton is still at work on it
	Published  bool // learners see it
	Publish    Post // for teachers; zero: no such button
	Unpublish  Post
	DeleteURL  string // GET asks once more, POST deletes
}

// A Format is one way to play a recording. Play asks for the address at the
// click, and opens in a new window.
type Format struct {
	Type string // as BigBlueButton calls it: presentation, video, podcast, notes, screenshare, statistics
	Play Post
}

// A Picker is the page on which a teacher chooses what a new link of the
// course leads to. It posts to URL: "choice" (new, existing), "room" (ids of
// rooms; several if Multiple), "title", "record" and the fields of RuleForm;
// or "cancel".
type Picker struct {
	Course   string
	Now      time.Time
	URL      string
	Rooms    []PickerRoom // of this course
	Multiple bool         // the platform takes several
	// Administration is as TeacherRoom's.
	Administration Post
	Existing       bool   // the choice is an existing room, as it was typed
	Name           string // of the new room
	Typed          string // the description that was typed at the platform, as text. May be empty
	Record         bool
	Fixed          bool // Record is as the tenant has it, for all rooms
	Rule           RuleForm
	Wrong          Wrong // "room" if none was ticked
}

// searchFrom is how many rooms are too many to look through.
const searchFrom = 8

// Searchable reports whether the page offers to search for a room.
func (p Picker) Searchable() bool { return len(p.Rooms) >= searchFrom }

// A PickerRoom is a room that a course has already.
type PickerRoom struct {
	ID, Title string // ID: letters, digits, - and _
	Rule      Rule
	LastClass time.Time // zero: none yet
	Ticked    bool
}

// A ReturnPage posts a deep-linking answer back to the platform, by itself if
// scripts run. Its policy must allow form-action of the platform's origin.
type ReturnPage struct {
	URL, JWT  string
	Cancelled bool
}

// A PickerFrame stands in the frame that the platform opened and in which no
// cookie stays: what a link leads to is chosen in a window of its own, and the
// frame posts the answer. Its script asks WaitURL how far that is, with Fields,
// and posts them there once there is an answer; without script a button does.
type PickerFrame struct {
	Person  string // whom the launch is for; empty if the platform shares no name
	Opened  bool   // the window was opened before
	OpenURL string // for POST, in a new window
	WaitURL string // for POST; answers FrameState as JSON to who asks for that
	Fields  []Hidden
}

// A FrameState is what the script of a PickerFrame is told.
type FrameState struct {
	State string `json:"state"` // open, made or over
}

// What a FrameState says.
const (
	FrameOpen = "open" // nothing is chosen so far
	FrameMade = "made" // the answer can go to the platform
	FrameOver = "over" // too late
)

// A PickerDone ends a picker whose page posts nothing to the platform.
type PickerDone struct {
	What    string // PickerChosen, PickerCancelled or PickerNoLinks
	Window  bool   // it is a window of its own, not the platform's dialogue
	BackURL string // of the platform. May be empty
}

// How a picker ends.
const (
	PickerChosen    = "chosen"    // the frame that waits goes on with it
	PickerCancelled = "cancelled" // nothing is changed
	PickerNoLinks   = "no_links"  // the platform takes no links here
)

// A NewWindow goes on outside of a frame in which no cookie stays: one click
// posts Fields to URL in a window of its own.
type NewWindow struct {
	Person string // whom the launch is for; empty if the platform shares no name
	URL    string
	Fields []Hidden
}

// A Visitor is whose page it is: their name stands on top of it, with a button
// for whoever isn't that. The zero Visitor is nobody's page.
type Visitor struct {
	Name     string
	LeaveURL string // POST ends the visit
	AliveURL string // the page's script asks it now and then: the page is open
}

// A sheet is what the layout takes.
type sheet struct {
	Look    Look
	Visitor Visitor
	Desk    Desk
	Page    any
}

// A Goodbye is for who has left: nothing of theirs is on it.
type Goodbye struct{}

// A Problem is a refused launch, a closed door or a fault of ours: a sentence
// for the person and one for the admin.
type Problem struct {
	Code    string // one of Codes; its sentences are shown, and itself at the foot. Others are told as "internal"
	Request string // id
	At      time.Time
	Quote   string // the platform's own words, such as error_description. May be empty

	ByServer bool     // Quote is BigBlueButton's
	BackURL  string   // where to go on: the room's page, or the course. May be empty
	EndURL   string   // asks whether to end what is in the way. May be empty
	Support  *Support // whom to ask; nil: nobody is named
	Again    *Again   // of what may go well in a moment; nil: it's for the person to begin anew
	Setup    *Setup   // what to paste into the LMS, for a code that says so
}

// Support is whom a tenant says to ask.
type Support struct {
	Text string // may be empty
	URL  string // of mail or of a page; empty: Text says it all
	Name string // of what URL leads to
}

// A LeftPage is where people land who come out of a class. The zero one is for
// who isn't known any more.
type LeftPage struct {
	Title, Course string
	Standing      Standing
	StateURL      string // answers State as JSON
	Join          Post   // back into it, in this window
	RoomURL       string // the room's page. Empty: nothing is known of who left
	RegisterURL   string // of the class that is over, for who may read it
	CourseURL     string // at the platform. May be empty
}

// An Again is a request that a page makes once more: it opens URL by itself
// after Seconds, or has a form that is sent, with what was entered.
type Again struct {
	URL     string
	Form    bool
	Fields  []Hidden // of the form
	Seconds int      // 0: at a click only
}

// A RetryPage lets somebody back in whose class has just ended and starts
// anew: it goes to URL by itself after Seconds.
type RetryPage struct {
	Title   string
	URL     string // its last path segment is "join"
	Seconds int
}

// A Front is the page of the address without a path, and of others that are
// opened by hand: it tells people that one gets in through a course, and admins
// what to paste into their LMS.
type Front struct {
	Opened string // OpenedRegistration, OpenedLaunch, or empty: the address without a path
	Setup  Setup
}

// What was opened by hand in place of the address without a path.
const (
	OpenedRegistration = "registration" // as a link to register by (Dynamic Registration 1.0)
	OpenedLaunch       = "launch"       // the launch URL
)

// A Setup has what an admin pastes into their LMS.
type Setup struct{ LaunchURL, LoginURL, KeySetURL, IconURL string }

// Codes lists the codes that a Problem has sentences for.
func Codes() []string {
	return []string{
		// A login or launch that failed a check.
		"login_missing_iss", "login_missing_login_hint", "login_bad_target_link_uri", "login_bad_hint",
		"login_unknown_platform", "login_ambiguous_client", "platform_disabled", "platform_pending", "platform_error", "lti_1_1",
		"state_missing", "state_unknown", "state_expired", "state_mismatch", "cookie_missing",
		"id_token_missing", "id_token_malformed", "jwt_alg_not_allowed", "jwt_kid_missing", "jwt_kid_unknown",
		"jwks_unavailable", "jwt_signature_invalid", "jwt_iss_mismatch", "jwt_aud_mismatch", "jwt_azp_mismatch",
		"jwt_expired", "jwt_iat_invalid", "jwt_not_yet_valid", "nonce_mismatch", "nonce_replayed",
		"claim_missing:deployment_id", "deployment_unknown", "deployment_mismatch",
		"lti_version_missing", "lti_version_unsupported", "message_type_missing", "message_type_unsupported",
		"claim_missing:roles", "claim_missing:sub", "claim_missing:resource_link.id",
		"claim_missing:target_link_uri", "target_link_uri_invalid", "deep_linking_settings_invalid",
		"claim_missing:context.id", "claim_missing:tool_platform.guid",
		"too_many_logins", "bad_method", "too_large", "bad_form",
		// A room.
		"room_closed", "not_running", "room_full", "server_down", "server_busy", "server_refused", "no_server",
		"meeting_taken", "meeting_stuck",
		"visit_over", "forbidden", "too_many_requests", "too_many_picks", "not_found", "database_away", "csrf", "internal",
	}
}
