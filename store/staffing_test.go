package store_test

import (
	"time"

	"github.com/bbbridge/bbbridge/admin"
)

// staffing are steps of who sets bbbridge up.
var staffing = []step{
	{name: "make a setup link", from: entered, do: func(w *story) error { return w.db.AddLink(w.ctx(), w.link("setup", admin.Setup, "")) }},
	{name: "make the first account", from: entered, prep: func(w *story) {
		w.ok(w.db.AddLink(w.ctx(), w.link("setup", admin.Setup, "")))
	}, do: func(w *story) error {
		_, err := w.db.UseLink(w.ctx(), []byte("setup"), w.person("first@school.example", admin.Operator))
		return err
	}},
	{name: "invite somebody", from: entered, do: func(w *story) error {
		s, err := w.db.AddStaff(w.ctx(), admin.Staff{Email: "new@school.example", Role: admin.Helper, Tenants: []string{"t"}, CreatedAt: w.now}, w.link("invite", admin.Invite, ""))
		return w.whole(err, s.ID != "")
	}},
	{name: "choose a password", from: entered, prep: func(w *story) {
		w.staffs()
		w.ok(w.db.AddLink(w.ctx(), w.link("reset", admin.Reset, w.staff[0].ID)))
		w.ok(w.db.BeginSignIn(w.ctx(), w.signIn("a")))
	}, do: func(w *story) error {
		s, err := w.db.UseLink(w.ctx(), []byte("reset"), admin.Staff{Password: "new"})
		return w.whole(err, s.Password == "new")
	}},
	{name: "change an account", from: entered, prep: (*story).staffs, do: func(w *story) error {
		s := w.staff[0]
		s.Role, s.Tenants = admin.Helper, []string{"t"}
		return w.db.ChangeStaff(w.ctx(), s)
	}},
	{name: "remove an account", from: entered, prep: (*story).staffs, do: func(w *story) error { return w.db.RemoveStaff(w.ctx(), w.staff[0].ID) }},
	{name: "list accounts", from: entered, prep: (*story).staffs, do: func(w *story) error {
		list, err := w.db.StaffList(w.ctx())
		return w.whole(err, len(list) == 2)
	}},
	{name: "sign in", from: entered, prep: (*story).staffs, do: func(w *story) error { return w.db.BeginSignIn(w.ctx(), w.signIn("a")) }},
	{name: "list sign-ins", from: entered, prep: (*story).signsIn, do: func(w *story) error {
		list, err := w.db.SignIns(w.ctx(), w.staff[0].ID)
		return w.whole(err, len(list) == 1)
	}},
	{name: "note that a sign-in is used", from: entered, prep: (*story).signsIn, do: func(w *story) error {
		return w.db.SeeSignIn(w.ctx(), "sign-in a", w.now.Add(time.Minute))
	}},
	{name: "confirm a sign-in", from: entered, prep: (*story).signsIn, do: func(w *story) error {
		return w.db.ConfirmSignIn(w.ctx(), "sign-in a", w.now.Add(time.Minute))
	}},
	{name: "sign out", from: entered, prep: (*story).signsIn, do: func(w *story) error {
		return w.db.EndSignIn(w.ctx(), w.staff[0].ID, "sign-in a")
	}},
	{name: "begin a second factor", from: entered, prep: (*story).staffs, do: func(w *story) error {
		return w.db.BeginSecondFactor(w.ctx(), w.staff[0].ID, "SECRET")
	}, but: []string{"secret"}},
	{name: "confirm a second factor", from: entered, prep: func(w *story) {
		w.staffs()
		w.ok(w.db.BeginSecondFactor(w.ctx(), w.staff[0].ID, "SECRET"))
	}, do: func(w *story) error {
		return w.db.ConfirmSecondFactor(w.ctx(), w.staff[0].ID, 7, [][]byte{[]byte("a"), []byte("b")})
	}, but: []string{"secret"}},
	{name: "look at a second factor", from: entered, prep: (*story).factors, do: func(w *story) error {
		f, err := w.db.SecondFactor(w.ctx(), w.staff[0].ID)
		return w.whole(err, f.RecoveryLeft == 1)
	}, but: []string{"secret"}},
	{name: "use a code", from: entered, prep: (*story).factors, do: func(w *story) error { return w.db.UseStep(w.ctx(), w.staff[0].ID, 8) }, but: []string{"secret"}},
	{name: "use a kept code", from: entered, prep: (*story).factors, do: func(w *story) error {
		return w.db.UseRecoveryCode(w.ctx(), w.staff[0].ID, []byte("a"))
	}, but: []string{"secret"}},
	{name: "remove a second factor", from: entered, prep: (*story).factors, do: func(w *story) error {
		return w.db.RemoveSecondFactor(w.ctx(), w.staff[0].ID)
	}, but: []string{"secret"}},
	{name: "pass with a code", from: entered, prep: func(w *story) {
		w.staffs()
		s := w.signIn("waits")
		s.Pending = true
		w.ok(w.db.BeginSignIn(w.ctx(), s))
	}, do: func(w *story) error { return w.db.PassPending(w.ctx(), "sign-in waits", w.signIn("a")) }},
	{name: "read the audit log", from: entered, prep: (*story).staffs, do: func(w *story) error {
		list, err := w.db.Audit(w.ctx(), admin.AuditQuery{Text: "staff.setup", Most: 10})
		return w.whole(err, len(list) == 2)
	}},
	{name: "write a line of the audit log", from: entered, do: func(w *story) error { return w.db.Record(w.ctx(), admin.Entry{Did: "x"}) }},
	{name: "sweep what staff leave", from: entered, prep: func(w *story) {
		w.signsIn()
		w.ok(w.db.AddLink(w.ctx(), w.link("setup", admin.Setup, "")))
		w.now = w.now.Add(3 * 365 * 24 * time.Hour)
	}, do: func(w *story) error { return w.db.Sweep(w.ctx(), w.now) }},
}

func (w *story) link(code string, p admin.Purpose, staffID string) admin.Link {
	return admin.Link{Digest: []byte(code), Purpose: p, StaffID: staffID, CreatedAt: w.now, ExpiresAt: w.now.Add(time.Hour)}
}

func (w *story) person(email string, role admin.Role) admin.Staff {
	return admin.Staff{Email: email, Role: role, Password: "hash", CreatedAt: w.now}
}

// staffs makes two operators.
func (w *story) staffs() {
	for _, email := range []string{"first@school.example", "second@school.example"} {
		w.ok(w.db.AddLink(w.ctx(), w.link(email, admin.Setup, "")))
		s, err := w.db.UseLink(w.ctx(), []byte(email), w.person(email, admin.Operator))
		w.ok(err)
		w.staff = append(w.staff, s)
	}
}

func (w *story) signIn(code string) admin.SignIn {
	return admin.SignIn{ID: "sign-in " + code, Digest: []byte(code), StaffID: w.staff[0].ID, CreatedAt: w.now, SeenAt: w.now, ConfirmedAt: w.now}
}

// signsIn signs the first of them in.
func (w *story) signsIn() {
	w.staffs()
	w.ok(w.db.BeginSignIn(w.ctx(), w.signIn("a")))
}

// factors has the first asked for codes.
func (w *story) factors() {
	w.staffs()
	w.ok(w.db.BeginSecondFactor(w.ctx(), w.staff[0].ID, "SECRET"))
	w.ok(w.db.ConfirmSecondFactor(w.ctx(), w.staff[0].ID, 7, [][]byte{[]byte("a")}))
}
