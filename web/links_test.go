package web

import "time"

func init() { moreDesk = append(moreDesk, linkSamples) }

// linkSamples are the pages of registration links.
func linkSamples() map[string]any {
	line := LinkLine{
		Note: "For the School of Law", Tenant: "Law", State: "open", MadeAt: minutesAgo(90), ExpiresAt: now.Add(24 * time.Hour), Failed: true,
		URL: "/admin/platforms/links/by/a",
	}
	used := LinkLine{State: "used", MadeAt: minutesAgo(3000), ExpiresAt: now.Add(time.Hour), Platform: "Our Moodle", PlatformURL: "/admin/platforms/by/m", URL: "/admin/platforms/links/by/b"}
	fields := []Field{
		{Kind: "text", Name: "note", As: "link_note", Value: "x", Max: 200, Optional: true, Wrong: "note", Focus: true},
		{Kind: "choice", Name: "life", Wrong: "life", Options: []Option{{Value: "hour", Text: "life.hour"}, {Value: "day", Text: "life.day", On: true}, {Value: "week", Text: "life.week"}, {Value: "quarter", Text: "life.quarter"}}},
		{Kind: "check", Name: "approve", On: true},
	}
	return map[string]any{
		"desk_links":      atDesk(Platforms, LinksPage{Now: now, Many: true, List: []LinkLine{line, used, {State: "expired", ExpiresAt: minutesAgo(90), URL: "/x"}, {State: "revoked", ExpiresAt: now.Add(time.Hour), URL: "/y"}, {State: "open", ExpiresAt: now.Add(24 * time.Hour), URL: "/z"}}}),
		"desk_links_none": atDesk(Platforms, LinksPage{Now: now}),
		"desk_link_new":   atDesk(Platforms, NewLinkPage{URL: "/admin/platforms/links", Wrong: true, Fields: fields}),
		"desk_link_made":  atDesk(Platforms, LinkMade{Link: "https://classrooms.example.edu/lti/register?code=ABCDEFGH", ExpiresAt: now.Add(24 * time.Hour), Now: now}),
		"desk_link_page":  atDesk(Platforms, LinkPage{LinkLine: line, Now: now, MadeBy: "admin@school.example", Approve: true, RevokeURL: "/admin/platforms/links/by/a/revoke", Failures: []LinkFailure{{At: minutesAgo(5), Code: "registration_issuer", Host: "moodle.example", Words: "https://moodle.other.example"}, {At: minutesAgo(9)}}}),
		"desk_link_used":  atDesk(Platforms, LinkPage{LinkLine: used, Now: now, MadeBy: "command line", Said: true}),
		"desk_link_waits": atDesk(Platforms, PlatformPage{Now: now, Name: "moodle.example.edu", Issuer: "https://moodle.example.edu", State: "waiting", ApproveURL: "/admin/platforms/by/m/approve", CheckURL: "/x", GuideURL: "/y"}),
	}
}
