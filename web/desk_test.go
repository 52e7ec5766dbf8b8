package web

import "time"

// desked is a page of staff with what is around it.
type desked struct {
	Desk
	page any
}

// atDesk is a page of an operator.
func atDesk(section Section, page any) desked {
	return desked{Desk{Who: "admin@school.example", Section: section, Sections: []Section{Overview, Platforms, Servers, Tenants, Failures, People}}, page}
}

// deskSamples are pages of staff as handlers fill them.
func deskSamples() map[string]any {
	email := Field{Kind: "email", Name: "email", Fill: "username", Max: 254, Focus: true}
	return addDesk(map[string]any{
		"desk_sign_in": desked{page: SignInPage{URL: "/admin/sign-in", Fields: []Field{email, {Kind: "password", Name: "password", Fill: "current-password"}}}},
		"desk_sign_in_wrong": desked{page: SignInPage{URL: "/admin/sign-in?next=%2Fadmin%2Fpeople", Wrong: "wrong", Other: "/admin/oidc", OtherName: "Example University",
			Fields: []Field{{Kind: "email", Name: "email", Value: "admin@school.example"}, {Kind: "password", Name: "password", Focus: true}}}},
		"desk_setup":  desked{page: PasswordPage{Purpose: "setup", URL: "/admin/setup", Code: "abc", Fields: []Field{{Kind: "email", Name: "email", Value: "x", Wrong: "email"}, {Kind: "password", Name: "password", As: "new_password", Wrong: "password_short"}}}},
		"desk_invite": desked{page: PasswordPage{Purpose: "invite", Email: "help@school.example", URL: "/admin/invitation", Code: "abc", Fields: []Field{{Kind: "password", Name: "password", As: "new_password"}}}},
		"desk_reset":  desked{page: PasswordPage{Purpose: "reset", Email: "help@school.example", URL: "/admin/password", Code: "abc", Fields: []Field{{Kind: "password", Name: "password", As: "new_password", Wrong: "password_common"}}}},
		"desk_over":   desked{page: LinkOver{SetUp: true}},
		"desk_people": atDesk(People, PeoplePage{Now: now, Audit: true, Said: "removed", Staff: []StaffLine{
			{Email: "admin@school.example", Role: "operator", Active: true, URL: "/admin/people/a", You: true},
			{Email: "help@school.example", Role: "helper", Tenants: []string{"School of Law", "\u05d1\u05d9\u05ea \u05e1\u05e4\u05e8"}, URL: "/admin/people/b"},
		}}),
		"desk_person_new": atDesk(People, PersonPage{New: true, URL: "/admin/people", Wrong: true, Fields: personFields()}),
		"desk_person":     atDesk(People, PersonPage{Email: "help@school.example", Active: true, URL: "/admin/people/b", LinkURL: "/admin/people/b/link", SecondURL: "/admin/people/b/second/remove", RemoveURL: "/admin/people/b/remove", Fields: personFields()[1:]}),
		"desk_link":       atDesk(People, StaffLink{Email: "help@school.example", Purpose: "invite", Link: "https://bbb.school.example/admin/invitation?code=Q3NNEHEBXE3FVVOMTBW23EZHMMA4U4B2RKACXGXMRVDMB42LIUL7", Until: now.Add(7 * 24 * time.Hour), Now: now}),
		"desk_danger":     atDesk(People, DangerPage{What: "staff_remove", Name: "help@school.example", URL: "/admin/people/b/remove", BackURL: "/admin/people/b", Wrong: "not_yours", Fields: []Field{{Kind: "password", Name: "password", As: "confirm_password", Focus: true}}}),
		"desk_account": atDesk("", AccountPage{Now: now, Who: "admin@school.example", Role: "operator", Said: "ended", Account: true, SignIns: []SignInLine{
			{ID: "a", Address: "192.0.2.7", Browser: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", Since: minutesAgo(90), LastAt: minutesAgo(1), Here: true},
			{ID: "b", Address: "2001:db8::7", Browser: "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X)", Since: minutesAgo(600), LastAt: minutesAgo(70)},
		}}),
		"desk_account_second": atDesk("", AccountPage{Now: now, Who: "admin@school.example", Role: "operator", Said: "second_off", Account: true, Second: true, RecoveryLeft: 9}),
		"desk_code":           desked{page: CodePage{URL: "/admin/sign-in/code", Wrong: "code", Fields: []Field{{Kind: "text", Name: "code", As: "sign_in_code", Fill: "one-time-code", Max: 40, Focus: true}}}},
		"desk_second": atDesk("", SecondPage{URL: "/admin/account/second/confirm", Secret: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP", Address: "otpauth://totp/bbbridge:admin@school.example?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", Picture: qrPicture,
			Fields: []Field{{Kind: "code", Name: "code", Fill: "one-time-code", Max: 12, Wrong: "code", Focus: true}}}),
		"desk_go_on":        desked{page: GoOnPage{URL: "/admin/people"}},
		"desk_no_role":      desked{page: NoRolePage{Name: "anna@uni.example", Institution: "Example University", Claim: "realm_access.roles", Claims: []string{"aud", "email", "realm_access"}}},
		"desk_recovery":     atDesk("", RecoveryPage{Codes: []string{"Q3NN-EHEB-XE3F-VVOM", "TBW2-3EZH-MMA4-U4B2"}}),
		"desk_account_none": atDesk("", AccountPage{Now: now, Who: "Anna Moreau", Role: "tenant-admin"}),
		"desk_audit": atDesk(People, AuditPage{Now: now, Query: "moodle", Who: "admin", Tenants: []Option{{Value: "a", Label: "School of Law", On: true}, {Value: "b", Label: "School of Medicine"}}, Since: "2026-11-01", CSVURL: "/admin/audit.csv?q=moodle", MoreURL: "/admin/audit?before=x", Lines: []AuditLine{
			{At: minutesAgo(3), Who: "admin@school.example", Address: "192.0.2.7", Did: "platform.edit", What: "Our Moodle", Tenant: "School of Law", Changes: []AuditChange{
				{Field: "token_url", Name: "TokenURL", Before: []AuditValue{{Text: "https://a.example/token"}}, After: []AuditValue{{Text: "https://b.example/token"}}},
				{Field: "disabled", Name: "Disabled", Before: []AuditValue{{Said: "desk.no"}}, After: []AuditValue{{Said: "desk.yes"}}},
				{Field: "deployment_ids", Name: "Deployments", Of: "7", After: []AuditValue{{Said: "desk.yes"}}},
				{Field: "tenants", Name: "Tenants", Before: []AuditValue{{Text: "School of Law"}, {Text: "School of Medicine"}}},
			}},
			{At: minutesAgo(70), Who: "command line", Did: "keys.rotate", What: "k1"},
		}}),
		"desk_audit_empty": atDesk(People, AuditPage{Now: now, CSVURL: "/admin/audit.csv"}),
		"desk_forbidden":   atDesk("", DeskProblem{Code: "forbidden", Request: "7F3K-92QD", At: now.UTC()}),
	})
}

func personFields() []Field {
	return []Field{
		{Kind: "email", Name: "email", Value: "help@", Wrong: "email", Focus: true},
		{Kind: "choice", Name: "role", Options: []Option{{Value: "operator", Text: "role.operator"}, {Value: "tenant-admin", Text: "role.tenant-admin", On: true}, {Value: "helper", Text: "role.helper"}}},
		{Kind: "choices", Name: "tenants", Wrong: "choice", Options: []Option{{Value: "a", Label: "School of Law"}, {Value: "b", Label: "School of Medicine"}}},
	}
}

// qrPicture is a picture of one dot.
const qrPicture = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
