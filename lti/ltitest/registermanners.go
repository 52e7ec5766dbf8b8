package ltitest

// Registering is how a platform registers tools by a link (LTI Dynamic
// Registration 1.0), and what is different there between platforms.
type Registering struct {
	Off bool // it has none

	// The invitation.

	Framed     bool   // the tool's page stands in a frame of the LMS
	TokenIn    string // where the token is: "parameter" (registration_token), "both" (and in the query of the configuration) or "endpoint" (in the query of registration_endpoint alone)
	KeyedQuery bool   // the configuration's address has parameters which it can't do without
	Issuer     string // of all that the LMS says; "": its base URL

	// The configuration.

	BearerForAll    bool   // it is told to whom has the token
	Family          string // product_family_code
	Placements      map[string][]string
	NoLists         bool   // scopes, claims and messages aren't listed
	NoEndpoint      bool   // there is no registration_endpoint
	Algorithms      string // of id_tokens, with blanks between; "": RS256
	KeysPerClient   bool   // jwks_uri is one for all, and has none of the keys that sign
	AuthServer      bool   // authorization_server is the audience of client assertions
	ConfigurationAs func(map[string]any)

	// The registration.

	TokenStatus     int    // of a token that is used up, too old or unknown
	Errors          string // "text", "status" (no words), "message" or "oauth" (also "")
	NeedsPlacements bool   // no message without one
	ReachesKeys     bool   // the key set must be there
	OneDomain       bool   // for one active tool
	ClientIDs       string // "letters" (also ""), "number" or "uuid"

	// The answer.

	Status     int      // 0: 200
	Echo       bool     // it is the request with two members more
	Terse      bool     // messages have a type and an address, and those of resource links are left out
	Deployment string   // "tool" (also ""), "one" (1 for all), "uuid" or "later" (made when the tool is switched on)
	Pending    bool     // an admin of the LMS has to switch the tool on
	Updates    string   // "post" (also "": a token for it is posted as any other), "put" (at registration_client_uri) or "none"
	Drops      []string // scopes, placements and messages that aren't granted
	AnswerAs   func(map[string]any)
}

// moodleRegistering is as seen from Moodle 4.5.6.
func moodleRegistering() Registering {
	return Registering{
		Framed: true, TokenIn: "parameter", Family: "moodle", Placements: map[string][]string{"LtiDeepLinkingRequest": {"ContentArea"}},
		TokenStatus: 401, Errors: "text", Terse: true, Pending: true, Updates: "post",
	}
}

func canvasRegistering() Registering {
	return Registering{
		Framed: true, TokenIn: "both", BearerForAll: true, Family: "canvas",
		Placements: map[string][]string{
			"LtiResourceLinkRequest": {"account_navigation", "course_navigation", "link_selection", "assignment_selection"},
			"LtiDeepLinkingRequest":  {"assignment_selection", "editor_button", "link_selection", "submission_type_selection"},
		},
		TokenStatus: 401, Errors: "message", NeedsPlacements: true, ClientIDs: "number", Deployment: "later", Pending: true, Updates: "none",
	}
}

func sakaiRegistering() Registering {
	return Registering{
		TokenIn: "parameter", KeyedQuery: true, Family: "sakailms.org", TokenStatus: 403, Errors: "status",
		Echo: true, Deployment: "one", ClientIDs: "uuid", Updates: "post",
	}
}

func blackboardRegistering() Registering {
	return Registering{
		TokenIn: "endpoint", Family: "BlackboardLearn", Algorithms: "RS256 RS512", KeysPerClient: true,
		TokenStatus: 401, Errors: "oauth", Status: 201, ClientIDs: "uuid", Deployment: "later", Updates: "put",
	}
}

func d2lRegistering() Registering {
	return Registering{
		TokenIn: "both", Family: "desire2learn", AuthServer: true, TokenStatus: 401, Errors: "oauth", ReachesKeys: true, OneDomain: true,
		Status: 201, ClientIDs: "uuid", Deployment: "uuid", Pending: true, Updates: "none",
	}
}

// plainRegistering is the specification.
func plainRegistering() Registering {
	return Registering{
		TokenIn: "parameter", Family: "ltitest", Placements: map[string][]string{"LtiDeepLinkingRequest": {"ContentArea", "RichTextEditor"}},
		TokenStatus: 401, Status: 201, Updates: "put",
	}
}
