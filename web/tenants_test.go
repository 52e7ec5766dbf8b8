package web

// tenantSamples are the pages about tenants.
func tenantSamples() map[string]any {
	roles := []RoleLine{{"administrators_moderate", false}, {"content_developers_moderate", true}, {"managers_moderate", false}, {"graders_moderate", true}, {"institution_instructors_moderate", false}}
	css, hash := LookStyle("#ffd400")
	shades := Shades{Light: "#856e00", Dark: "#ffd400", StyleURL: "/tenant/t/look." + hash + ".css"}
	if css == "" {
		shades = Shades{}
	}
	parts := []FormPart{
		{"name", []Field{{Kind: "text", Name: "name", As: "tenant_name", Value: "School of Law", Max: 100}}},
		{"rooms", []Field{
			{Kind: "check", Name: "record", As: "default_record", On: true}, {Kind: "check", Name: "mute_on_start", As: "default_mute_on_start"},
			{Kind: "check", Name: "wait_for_moderator", As: "default_learners_may_start", On: true}, {Kind: "check", Name: "everyone_moderates", As: "default_everyone_moderates"},
			{Kind: "number", Name: "max_participants", As: "default_max_participants", Value: "30", Optional: true}, {Kind: "area", Name: "welcome", As: "default_welcome", Optional: true, Value: "Welcome to our school."},
			{Kind: "choices", Name: "locked", Options: []Option{{Value: "record", Text: "field.default_record", On: true}, {Value: "welcome", Text: "field.default_welcome"}}},
		}},
		{"rule", []Field{
			{Kind: "choice", Name: "rule_measure", Options: []Option{{Value: "", Text: "choice.measure_none"}, {Value: "minutes", Text: "choice.measure_minutes", On: true}, {Value: "percent", Text: "choice.measure_percent"}}},
			{Kind: "number", Name: "rule_need", Value: "x", Optional: true, Wrong: "rule_need", Focus: true}, {Kind: "number", Name: "rule_points", Value: "10", Optional: true},
			{Kind: "check", Name: "rule_total"}, {Kind: "check", Name: "rule_share"},
		}},
		{"people", []Field{
			{Kind: "choice", Name: "names", Options: []Option{{Value: "", Text: "choice.names_none", On: true}, {Value: "short", Text: "choice.names_short"}, {Value: "pseudonym", Text: "choice.names_pseudonym"}}},
			{Kind: "select", Name: "locale", As: "default_locale", Options: []Option{{Value: "", Label: "English", On: true}, {Value: "fr", Label: "Français"}}},
		}},
		{"support", []Field{{Kind: "area", Name: "support_text", Value: "IT desk, Monday to Friday 8–17", Optional: true}, {Kind: "text", Name: "support_contact", Value: "help@school.example", Optional: true}}},
		{"look", []Field{{Kind: "code", Name: "accent", Value: "#ffd400", Optional: true}, {Kind: "check", Name: "logo_in_class"}}},
		{"keep", []Field{{Kind: "number", Name: "evidence_months", Value: "12", Optional: true}, {Kind: "number", Name: "people_months", Optional: true}}},
	}
	return map[string]any{
		"desk_tenants": atDesk(Tenants, TenantsPage{Add: true, Said: "removed", List: []TenantLine{
			{Name: "School of Law", Platforms: 1, URL: "/admin/tenants/by/a"}, {Name: "\u05d1\u05d9\u05ea \u05e1\u05e4\u05e8", Platforms: 12, URL: "/admin/tenants/by/b"},
		}}),
		"desk_tenant_new": atDesk(Tenants, NewTenantPage{Wrong: true, Fields: []Field{{Kind: "text", Name: "name", As: "tenant_name", Wrong: "exists", Focus: true}}}),
		"desk_tenant": atDesk(Tenants, TenantPage{
			Name: "School of Law", List: "/admin/tenants", URL: "/admin/tenants/by/a", Wrong: true, Parts: parts, Shades: shades, Roles: roles, RolesURL: "/admin/tenants/by/a/roles",
			Logo: LogoForm{URL: "/l", RemoveURL: "/l/remove", Picture: "/tenant/a/logo.abc.png", Wrong: "logo_svg"}, Removal: "/r",
		}),
		"desk_tenant_only": atDesk(Tenants, TenantPage{Name: "default", URL: "/t", Said: "saved", Parts: parts[1:2], Roles: roles, AddURL: "/admin/tenants/new", Logo: LogoForm{URL: "/l"}}),
		"desk_tenant_roles": atDesk(Tenants, DangerPage{What: "tenant_roles", Name: "School of Law", URL: "/r", BackURL: "/t", Wrong: "wrong", Fields: []Field{
			{Kind: "check", Name: "administrators_moderate", On: true}, {Kind: "check", Name: "graders_moderate"}, {Kind: "password", Name: "password", As: "confirm_password", Focus: true},
		}}),
		"desk_tenant_remove": atDesk(Tenants, DangerPage{What: "tenant_remove", Name: "School of Law", URL: "/r", BackURL: "/t"}),
		"desk_tenant_in_use": atDesk(Tenants, DeskProblem{Code: "in_use", Request: "7F3K-92QD", At: now.UTC()}),
		"desk_move": atDesk(Platforms, MovePage{Name: "Our Moodle", URL: "/m", BackURL: "/p", Wrong: true, Fields: []Field{
			{Kind: "select", Name: "tenant", Wrong: "choice", Options: []Option{{Value: "a", Label: "School of Law", On: true}, {Value: "b", Label: "School of Medicine"}}},
		}}),
		"desk_platform_remove": atDesk(Platforms, DangerPage{What: "platform_remove", Name: "Our Moodle", URL: "/r", BackURL: "/p", FileURL: "/e.zip", Fields: []Field{
			{Kind: "choice", Name: "data", As: "data_of_platform", Options: []Option{{Value: "keep", Text: "choice.data_keep", On: true}, {Value: "erase", Text: "choice.data_erase"}}},
		}}),
		"desk_leaving":        atDesk(Platforms, LeavingPage{Now: now, Name: "Old Moodle", Days: 29, EraseAt: now.AddDate(0, 0, 29), KeepURL: "/k", ExportURL: "/e.zip"}),
		"desk_leaving_reader": atDesk(Platforms, LeavingPage{Now: now, Name: "Old Moodle", Days: 1, EraseAt: now.AddDate(0, 0, 1)}),
	}
}

func init() { moreDesk = append(moreDesk, tenantSamples) }
