package ltitest

import "time"

// Behaviour is what differs between platforms, and what a test may want to be
// different. Profiles are presets of it.
type Behaviour struct {
	// ClockOffset is how far the platform's clock is from the real one.
	ClockOffset time.Duration

	// Launches.

	IDTokenLife        time.Duration
	HintsReusable      bool   // an lti_message_hint works more than once
	MessageHint        string // its form: "json", "number", "jwt", "odd" or "" (not sent)
	LoginHintJWT       bool   // login_hint is a JWT, not the user's id
	LoginByGET         bool
	NoLoginDeployment  bool              // no lti_deployment_id in the login initiation
	LoginExtras        map[string]string // further parameters of the login initiation
	StorageTarget      string            // lti_storage_target, in login and launch
	AuthQuery          string            // a query that the authentication URL has of its own: parameters without a value
	PostsToTarget      bool              // resource link launches go to the link's URL, not to redirect_uri
	ErrorsWithoutState bool
	ErrorPageStatus    int  // of pages about a wrong authentication request
	StripsTags         bool // <…> disappears from state and nonce
	AudienceList       bool // aud is an array of one
	AuthorizedParty    bool // the azp claim
	Nulls              bool // null for what is unknown or not shared
	EmptyAsList        bool // [] for empty objects
	DoubleCustomNames  bool // Mixed-Case comes as mixed_case too
	Roles              string
	AdminsTeach        bool   // who administers the site has the Instructor role everywhere
	Extras             string // claims and members of one platform: "moodle", "canvas" or ""

	// Keys.

	KeysWithoutAlg bool
	KeySetMaxAge   time.Duration // Cache-Control of the key set; 0: none

	// Access tokens.

	AccessTokenLife    time.Duration
	NoExpiresIn        bool
	TokenType          string
	TokenAudience      string // "": the token URL; one that begins with a slash is a path of the LMS
	DeploymentOptional bool   // in the client assertion
	ScopesAllOrNone    bool
	OddTokenErrors     bool // free text, not always JSON
	LastKeyOnly        bool // verifies with the last key of the tool's set, whatever the kid

	// Grade and roster services.

	ServiceQuery      string // the query parameter that carries the tool's id; "": none
	ExactAccept       bool   // one media type in Accept, and no */*
	NeedsScoreAccept  bool   // the score type in Accept of a score
	WrongTypeStatus   int    // for a media type in Accept; 0: 406, with reasons in the status line 400
	ItemNeedsWrite    bool   // one line item is read with the scope that may write, and not with the other
	LinkFilterStatus  int    // of a list filtered by resource_link_id; 0: it is filtered
	ForeignLinkIDs    bool   // resourceLinkId is the tool's number, and the filter finds nothing for a link's
	IDFilterFails     bool   // 500 for the filter resource_id, if anything matches
	WrongScopeStatus  int
	ReasonPhrases     bool // reasons of refusals stand in the status line
	BareScoreErrors   bool // a refused score is answered with []
	CurlyLinks        bool // Link of line items: curly quotes and &amp;
	ResultsLimitFails bool
	ResultURL         bool // a score is answered with {"resultUrl": …}
	FirstScoreCreated bool // 201 for a person's first score
	WholeSeconds      bool // timestamps are compared in whole seconds
	SameStampPasses   bool // a score isn't refused for the timestamp that is there, but for a later one
	HandsOverride     bool // a grade by hand in the column of an activity stays: later scores are taken, and change nothing
	LooksMakeZeros    bool // a teacher who looks at a column makes a 0 for everybody without a result
	EmptyResults      bool // results without a score are listed, with null
	StaleStatus       int
	UngradableStatus  int
	ForeignLinkStatus int  // a line item for a link that isn't the tool's
	UnknownProgress   bool // unknown activityProgress is accepted
	UnfinishedErases  bool // anything but FullyGraded erases the grade
	ManualCounts      bool // PendingManual counts as FullyGraded
	CapsScores        bool // at the column's maximum
	NoRescale         bool // points are stored as they come
	PageSize          int  // of lists without limit; 0: all at once
	AcceptsLineItem   bool // deep linking: accept_lineitem true
	NeedsItems        bool // deep linking: an empty answer is refused
	DropsCustom       bool // deep linking: of an item only its address, title and text are kept
	LinkInDeepLinking bool // deep linking: the request has a resource_link, which means nothing
	DataPrefix        string
	RosterRoles       string
	EmptyRosterBody   bool

	Registering Registering
}

// Styles of Behaviour.Roles and RosterRoles.
const (
	rolesSpec     = "spec"
	rolesMoodle   = "moodle"
	rolesCanvas   = "canvas"
	rolesChamilo  = "chamilo"
	rolesSakai    = "sakai"
	rolesShort    = "short"  // Learner, Instructor; assistants are Learner
	rolesUpper    = "upper"  // LEARNER
	rolesCommaOne = "joined" // one string, joined by a comma
)

// What Behaviour.Extras knows.
const (
	extrasMoodle = "moodle"
	extrasCanvas = "canvas"
)

func profiles() map[string]Behaviour {
	return map[string]Behaviour{
		"plain": plain(), "moodle": moodle(), "canvas": canvas(),
		"chamilo": chamilo(), "openolat": openolat(), "sakai": sakai(),
		"blackboard": blackboard(), "d2l": d2l(),
	}
}

// plain is the specification, with an lti_message_hint that is hard to carry.
func plain() Behaviour {
	return Behaviour{
		IDTokenLife: time.Hour, AccessTokenLife: time.Hour, TokenType: "Bearer",
		MessageHint: "odd", ErrorPageStatus: 400, Roles: rolesSpec, RosterRoles: rolesSpec,
		WrongScopeStatus: 403, StaleStatus: 409, UngradableStatus: 400, ForeignLinkStatus: 404,
		AcceptsLineItem: true, ServiceQuery: "t", Registering: plainRegistering(),
	}
}

// moodle is Moodle 4.5.6.
func moodle() Behaviour {
	b := plain()
	b.IDTokenLife = time.Minute
	b.MessageHint, b.ErrorPageStatus, b.StripsTags = "json", 404, true
	b.DoubleCustomNames, b.AdminsTeach, b.Roles, b.RosterRoles = true, true, rolesMoodle, rolesShort
	b.Extras, b.OddTokenErrors = extrasMoodle, true
	b.ServiceQuery, b.ExactAccept, b.WrongScopeStatus = "type_id", true, 401
	b.ReasonPhrases, b.BareScoreErrors, b.CurlyLinks, b.ResultsLimitFails = true, true, true, true
	b.WholeSeconds, b.UnknownProgress, b.UnfinishedErases, b.CapsScores = true, true, true, true
	b.ForeignLinkStatus, b.AcceptsLineItem, b.HandsOverride = 403, false, true
	b.Registering = moodleRegistering()
	return b
}

func canvas() Behaviour {
	b := plain()
	b.MessageHint, b.ServiceQuery = "jwt", ""
	b.StorageTarget = "post_message_forwarding"
	b.LoginExtras = map[string]string{"canvas_region": "us-east-1", "canvas_environment": "prod"}
	b.AuthorizedParty, b.Nulls, b.Roles, b.RosterRoles = true, true, rolesCanvas, rolesCanvas
	b.Extras, b.TokenType = extrasCanvas, "bearer"
	b.ResultURL, b.StaleStatus, b.UngradableStatus, b.ManualCounts = true, 400, 422, true
	b.Registering = canvasRegistering()
	return b
}

func chamilo() Behaviour {
	b := plain()
	b.IDTokenLife = time.Minute
	b.MessageHint, b.NoLoginDeployment, b.PostsToTarget, b.ErrorsWithoutState = "number", true, true, true
	b.EmptyAsList, b.Roles, b.RosterRoles, b.LastKeyOnly = true, rolesChamilo, rolesSpec, true
	b.NeedsScoreAccept, b.FirstScoreCreated, b.UnfinishedErases = true, true, true
	b.DataPrefix, b.NeedsItems, b.DropsCustom, b.ExactAccept = "tool:", true, true, true
	b.WrongTypeStatus, b.ItemNeedsWrite, b.ForeignLinkIDs, b.IDFilterFails = 415, true, true, true
	b.WholeSeconds, b.SameStampPasses, b.LooksMakeZeros, b.EmptyResults = true, true, true, true
	b.Registering = Registering{Off: true}
	return b
}

func openolat() Behaviour {
	b := plain()
	b.MessageHint, b.LoginHintJWT, b.ServiceQuery = "", true, ""
	b.NoRescale, b.RosterRoles, b.ExactAccept = true, rolesUpper, true
	b.Registering = Registering{Off: true}
	return b
}

func sakai() Behaviour {
	b := plain()
	b.StorageTarget, b.Roles, b.RosterRoles = "_parent", rolesSakai, rolesCommaOne
	b.ScopesAllOrNone, b.EmptyRosterBody = true, true
	b.DataPrefix = "b64:"
	b.Registering = sakaiRegistering()
	return b
}

// blackboard calls every privileged role Instructor, and sends a
// resource_link along with a deep linking request.
func blackboard() Behaviour {
	b := plain()
	b.MessageHint, b.ServiceQuery, b.Roles = "jwt", "", rolesMoodle
	b.LinkInDeepLinking, b.DataPrefix = true, "bb:"
	b.Registering = blackboardRegistering()
	return b
}

// d2l wants another audience than the token URL.
func d2l() Behaviour {
	b := plain()
	b.IDTokenLife, b.KeysWithoutAlg, b.MessageHint, b.ServiceQuery = 30*time.Minute, true, "number", ""
	b.TokenAudience = "/auth/token"
	b.Registering = d2lRegistering()
	return b
}
