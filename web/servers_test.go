package web

import "time"

// serverSamples are pages of BigBlueButton servers as handlers fill them.
func serverSamples() map[string]any {
	fields := []Field{
		{Kind: "text", Name: "server_name", Value: "main", Max: 255},
		{Kind: "url", Name: "server_url", Value: "https://bbb.school.example/bigbluebutton/", Wrong: "server_https", Max: 500, Focus: true},
		{Kind: "secret", Name: "server_secret", Wrong: "server_secret_empty", Max: 500},
	}
	const address = "https://bbb.school.example/bigbluebutton/api"
	tenants := Field{Kind: "choices", Name: "server_tenants", Options: []Option{{Value: "a", Label: "School of Law", On: true}, {Value: "b", Label: "School of Medicine"}}}
	steps := func(report ServerTestStep, recording string) []ServerTestStep {
		var all []ServerTestStep
		for _, name := range []string{"reach", "sign", "create", "moderator", "viewer", "forged", "inside", "end", "ended"} {
			all = append(all, ServerTestStep{Name: name, State: "good", Seconds: 0.25})
		}
		all[6].Code = "inside"
		return append(all, report, ServerTestStep{Name: "recording", State: recording})
	}
	return map[string]any{
		"desk_servers": atDesk(Servers, ServersPage{Now: now, AddURL: "/admin/servers/new", Said: "removed", Servers: []ServerLine{
			{Name: "main", URL: "/admin/servers/a", Address: address, Mark: "good", Load: ServerLoad{true, 12, 230}, Tenants: []string{"School of Law", "\u05d1\u05d9\u05ea \u05e1\u05e4\u05e8"}, Silent: 4},
			{Name: "old", URL: "/admin/servers/b", Address: "https://old.school.example/bigbluebutton/api", Mark: "drained", Load: ServerLoad{true, 1, 1}},
			{Name: "far", URL: "/admin/servers/c", Address: "https://far.school.example/bigbluebutton/api", Mark: "down", Tenants: []string{"School of Medicine"}},
		}}),
		"desk_servers_none":   atDesk(Servers, ServersPage{Now: now, AddURL: "/admin/servers/new"}),
		"desk_server_new":     atDesk(Servers, ServerForm{New: true, URL: "/admin/servers", BackURL: "/admin/servers", CheckURL: "/admin/servers/check", Wrong: true, Fields: fields}),
		"desk_server_refused": atDesk(Servers, ServerForm{New: true, URL: "/admin/servers", BackURL: "/admin/servers", CheckURL: "/admin/servers/check", Fields: fields[:1], Finding: &ServerFinding{"tls_name", "root at " + address + ": tls: failed to verify certificate: x509: certificate is valid for www.school.example"}}),
		"desk_server_edit":    atDesk(Servers, ServerForm{Name: "main", URL: "/admin/servers/a/edit", BackURL: "/admin/servers/a", Fields: append(fields[:2:2], Field{Kind: "select", Name: "server_checksum", Options: []Option{{Value: "sha256", Label: "SHA256", On: true}, {Value: "sha1", Label: "SHA1"}}}), Finding: &ServerFinding{}}),
		"desk_server": atDesk(Servers, ServerPage{
			Now: now, Name: "main", Address: address, URL: "/admin/servers/a", Said: "added", Mark: "good", Load: ServerLoad{true, 12, 230}, Ours: 5,
			Tenants: []string{"School of Law"}, LookedAt: minutesAgo(2), ReportAt: minutesAgo(50), Version: "2.0", Three: true, Webhooks: true, Checksum: "sha256", Silent: 4,
			Test: &ServerTestLine{minutesAgo(30), "good"}, Edit: &ServerEdit{Previous: 1, Tenants: tenants},
		}),
		"desk_server_down": atDesk(Servers, ServerPage{
			Now: now, Name: "far", Address: address, URL: "/admin/servers/c", Mark: "down", Finding: &ServerFinding{"timeout", "getMeetings at " + address + ": no answer in time"},
			Version: "2.0", Balance: "1.8.2", Checksum: "sha1", Edit: &ServerEdit{Drained: true, Tenants: tenants},
		}),
		"desk_server_seen":      atDesk(Servers, ServerPage{Now: now, Name: "main", Address: address, URL: "/admin/servers/a", Mark: "unknown", Checksum: "sha256", Test: &ServerTestLine{minutesAgo(30), "broken"}}),
		"desk_server_secret":    atDesk(Servers, DangerPage{What: "server_secret", Name: "main", URL: "/admin/servers/a/secret", BackURL: "/admin/servers/a", Fields: []Field{{Kind: "secret", Name: "server_secret", Focus: true}, {Kind: "check", Name: "server_keep", On: true}, {Kind: "password", Name: "password", As: "confirm_password"}}}),
		"desk_server_forget":    atDesk(Servers, DangerPage{What: "server_forget", Name: "main", URL: "/admin/servers/a/forget", BackURL: "/admin/servers/a"}),
		"desk_server_remove":    atDesk(Servers, DangerPage{What: "server_remove", Name: "main", URL: "/admin/servers/a/remove", BackURL: "/admin/servers/a", Counts: []DangerCount{{"running", 2}, {"rooms", 40}}}),
		"desk_server_test_none": atDesk(Servers, ServerTestPage{Now: now, Name: "main", URL: "/admin/servers/a/test", BackURL: "/admin/servers/a", State: "none"}),
		"desk_server_test_runs": atDesk(Servers, ServerTestPage{Now: now, Name: "main", URL: "/admin/servers/a/test", BackURL: "/admin/servers/a", State: "runs", At: minutesAgo(1),
			Steps: steps(ServerTestStep{Name: "report", State: "running", Until: now.Add(14 * time.Minute)}, "waiting")}),
		"desk_server_test_needs": atDesk(Servers, ServerTestPage{Now: now, Name: "main", URL: "/admin/servers/a/test", BackURL: "/admin/servers/a", State: "needs", At: minutesAgo(20),
			Steps: steps(ServerTestStep{Name: "report", State: "needs", Code: "no_token", Seconds: 35.5}, "idle")}),
		"desk_server_test_good": atDesk(Servers, ServerTestPage{Now: now, Name: "main", URL: "/admin/servers/a/test", BackURL: "/admin/servers/a", State: "good", At: minutesAgo(20),
			Steps: steps(ServerTestStep{Name: "report", State: "good", Seconds: 35.5}, "good")}),
	}
}
