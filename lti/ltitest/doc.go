// Package ltitest is a small learning management system for tests and the
// demo. It plays the platform's side of LTI 1.3 Advantage over real HTTP:
// login initiation, authentication, ID tokens, key sets, deep linking, registration, access
// tokens, line items, scores, results and rosters.
//
// It is strict: it verifies what a tool sends with code of its own (only the
// standard library, nothing of this module), and refuses what any platform
// might refuse. It can be mean: see [LMS.Be] and [Behaviour].
//
// # A platform for a test
//
//	l := ltitest.Start(t, ltitest.Options{Seed: true})
//	tool := l.AddTool(ltitest.Tool{
//		LoginURL:  srv.URL + "/lti/login",
//		LaunchURL: srv.URL + "/lti/launch",
//		JWKSURL:   srv.URL + "/.well-known/jwks.json",
//	})
//	link := l.AddLink(ltitest.Link{Course: "law", Tool: tool.ID, Title: "Room",
//		LineItem: &ltitest.LineItem{ScoreMaximum: 10}})
//
//	b := ltitest.NewBrowser()
//	page, err := l.Launch(b, link.ID, "anna", ltitest.LaunchOptions{Framed: true})
//
// The tool is told what [LMS.Registration] returns. A launch can be spoiled in
// one place ([LaunchOptions]) and stopped on its way ([Stop]); a [Page] can be
// reloaded, its forms filled in and submitted, from another browser too.
//
// # Platforms
//
// [Options.Profile] chooses whose manners the LMS has: "moodle" (the default;
// as seen from Moodle 4.5.6), "canvas", "chamilo", "openolat", "sakai",
// "blackboard", "d2l" or "plain", which follows the specifications and adds nothing. A profile is a
// preset [Behaviour]; [LMS.Change] alters one field of it.
//
// Where a real platform does not look, the LMS looks all the same: the
// audience of a client assertion, its jti and deployment, the aud, nonce and
// version of a deep linking response, and the query of a service URL, which a
// tool must keep. A clock that is off, tokens that live a minute and the like
// are fields of Behaviour; answers that go wrong are a [Fault].
//
// # Registration by a link
//
// Where the platform has Dynamic Registration, [LMS.OpenRegistration] is its
// admin who pastes a tool's link; [LMS.Tools] has what came of it, and
// [LMS.ActivateTool] switches it on. [Registering] says in whose manner.
//
// # A browser for a test
//
// [Browser] follows the rules that decide whether a launch succeeds: cookies
// with __Host-, Secure, SameSite and Partitioned, a jar for each top-level
// site, frame-ancestors, form-action, Origin and Sec-Fetch-Site. Every test
// server is on 127.0.0.1, so that a port counts as a site of its own: two
// servers are as foreign to each other as an LMS and a tool are in life.
//
// # Pages
//
// The LMS has pages for people, at its base URL. Who one is stands in the
// path (/as/anna/courses/law), not in a cookie: two tabs are two people.
// That is no protection at all; the LMS is for loopback only.
package ltitest
