package admin

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var eight = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

// tally is n things of a kind, the last of them so many minutes after eight.
func tally(kind Happening, code, of string, n, minute int) Tally {
	at := eight.Add(time.Duration(minute) * time.Minute)
	return Tally{TallyKey: TallyKey{Hour: at.Truncate(time.Hour), Kind: kind, Code: code, Of: of}, N: n, LastAt: at}
}

// One who doesn't come back says nothing of an LMS that answers others; of one
// that has answered nobody, one is enough to go and look.
func TestSilent(t *testing.T) {
	for _, test := range []struct {
		name    string
		tallies []Tally
		minute  int // now
		logins  int // 0: it isn't silent
	}{
		{"nothing", nil, 5, 0},
		{"the first login", []Tally{tally(Login, "", "a", 1, 0)}, 1, 1},
		{"the first login, a moment ago", []Tally{tally(Login, "", "a", 1, 1)}, 1, 0},
		{"logins of no platform", []Tally{tally(Login, "", "", 9, 0)}, 5, 0},
		{"refused logins", []Tally{tally(Login, "platform_disabled", "a", 9, 0)}, 5, 0},
		{"answered", []Tally{tally(Launch, "", "a", 1, 1), tally(Login, "", "a", 1, 0)}, 5, 0},
		{"answered in a new window", []Tally{tally(Login, "", "a", 1, 0), tally(Window, "", "a", 1, 1)}, 5, 0},
		{"answered, and refused by us", []Tally{tally(Launch, "jwt_expired", "a", 1, 1), tally(Login, "", "a", 1, 0)}, 5, 0},
		{"one of two came back", []Tally{tally(Launch, "", "a", 1, 1), tally(Login, "", "a", 2, 2)}, 5, 0},
		{"none of three came back, after others did", []Tally{tally(Launch, "", "a", 7, 1), tally(Login, "", "a", 7, 1), tally(Login, "", "a", 3, 70)}, 90, 3},
		{"two of another hour, after others did", []Tally{tally(Launch, "", "a", 7, 1), tally(Login, "", "a", 7, 1), tally(Login, "", "a", 2, 70)}, 90, 0},
		{"another platform's answers", []Tally{tally(Launch, "", "b", 1, 1), tally(Login, "", "a", 2, 0), tally(Login, "", "b", 1, 0)}, 5, 2},
		{"several hours", []Tally{tally(Login, "", "a", 2, 0), tally(Login, "", "a", 1, 70)}, 90, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			logins := 0
			for _, s := range silent(test.tallies, eight.Add(time.Duration(test.minute)*time.Minute)) {
				logins += s.Logins
			}
			if logins != test.logins {
				t.Errorf("%d logins, want %d", logins, test.logins)
			}
		})
	}
}

// Each hour, or day, has a place in a chart, also where nothing happened; what is
// older has none.
func TestSpans(t *testing.T) {
	now := eight.Add(30 * time.Minute)
	hours := spans([]Tally{
		tally(Launch, "", "a", 2, 1), tally(Launch, "", "b", 1, 1), tally(Login, "platform_disabled", "a", 1, 1), tally(Launch, "jwt_expired", "a", 1, 2),
		tally(Delivery, "forbidden", "a", 4, -60), tally(Joining, "", "a", 5, -23*60), tally(Joining, "", "a", 9, -24*60),
	}, Hours, now)
	if len(hours) != 24 || !hours[23].From.Equal(eight) || !hours[0].From.Equal(eight.Add(-23*time.Hour)) {
		t.Fatalf("%d hours from %v to %v", len(hours), hours[0].From, hours[23].From)
	}
	if diff := cmp.Diff(Sums{From: eight, Launches: 3, Refused: 2}, hours[23]); diff != "" {
		t.Error(diff)
	}
	if hours[22].GradesRefused != 4 || hours[0].Joins != 5 || hours[1].Joins != 0 {
		t.Errorf("%+v, %+v", hours[22], hours[0])
	}
	days := spans([]Tally{tally(Callback, "", "a", 1, 0), tally(Callback, "no_token", "a", 2, -29*24*60), tally(Callback, "", "a", 7, -30*24*60)}, Days, now)
	if len(days) != 30 || days[29].Callbacks != 1 || days[0].CallbacksRefused != 2 || days[0].Callbacks != 0 {
		t.Errorf("%d days, %+v, %+v", len(days), days[29], days[0])
	}
	if !days[29].From.Equal(eight.Truncate(24 * time.Hour)) {
		t.Errorf("today begins at %v", days[29].From)
	}
}

// A mark says what somebody has to look at first.
func TestHealth(t *testing.T) {
	of := Platform{}
	of.ID = "a"
	off := of
	off.Disabled = true
	paused := []Pause{{RegistrationID: "a"}}
	for _, test := range []struct {
		name     string
		platform Platform
		day      []Tally
		pauses   []Pause
		want     Health
	}{
		{"nothing", of, nil, nil, Health{State: HealthQuiet}},
		{"launches", of, []Tally{tally(Launch, "", "a", 1, 0)}, nil, Health{State: HealthGood}},
		{"disabled", off, []Tally{tally(Launch, "", "a", 1, 0)}, nil, Health{State: HealthOff}},
		{"refused, and never let in", of, []Tally{tally(Launch, "jwt_expired", "a", 1, 0)}, nil, Health{State: HealthNeeds, Why: "refused"}},
		{"one refused after others came in", of, []Tally{tally(Launch, "", "a", 9, 0), tally(Launch, "jwt_expired", "a", 1, 5)}, nil, Health{State: HealthGood}},
		{"several refused after others came in", of, []Tally{tally(Launch, "", "a", 9, 0), tally(Launch, "jwt_expired", "a", 3, 5)}, nil, Health{State: HealthNeeds, Why: "refused"}},
		{"let in after several were refused", of, []Tally{tally(Launch, "", "a", 9, 6), tally(Launch, "jwt_expired", "a", 3, 5)}, nil, Health{State: HealthGood}},
		{"another's", of, []Tally{tally(Launch, "jwt_expired", "b", 3, 5)}, nil, Health{State: HealthQuiet}},
		{"grades wait", of, []Tally{tally(Launch, "", "a", 1, 0)}, paused, Health{State: HealthNeeds, Why: "paused"}},
		{"silent", of, []Tally{tally(Login, "", "a", 1, 0)}, paused, Health{State: HealthNeeds, Why: "silent"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := platformMark(test.platform, test.day, silent(test.day, eight.Add(time.Hour)), test.pauses)
			if got.State != test.want.State || got.Why != test.want.Why {
				t.Errorf("%s %s, want %s %s", got.State, got.Why, test.want.State, test.want.Why)
			}
		})
	}
}

// A server out of service says so, but what is wrong with it comes first.
func TestServerMark(t *testing.T) {
	drained := func(c ServerCard) ServerCard { c.Drained = true; return c }
	of := ServerCard{}
	of.ID = "a"
	silent := of
	silent.Reports.Without = 3
	for _, test := range []struct {
		name   string
		server ServerCard
		day    []Tally
		want   Health
	}{
		{"never asked", of, nil, Health{State: HealthQuiet}},
		{"answers", of, []Tally{tally(Call, "", "a", 1, 5), tally(Call, "timeout", "a", 3, 4)}, Health{State: HealthGood}},
		{"doesn't answer", of, []Tally{tally(Call, "", "a", 1, 4), tally(Call, "timeout", "a", 1, 5)}, Health{State: HealthNeeds, Why: "server"}},
		{"another doesn't", of, []Tally{tally(Call, "timeout", "b", 1, 5)}, Health{State: HealthQuiet}},
		{"no reports come", silent, []Tally{tally(Call, "", "a", 1, 5)}, Health{State: HealthNeeds, Why: "reports"}},
		{"out of service", drained(of), []Tally{tally(Call, "", "a", 1, 5)}, Health{State: HealthOff, Why: "drained"}},
		{"out of service, never asked", drained(of), nil, Health{State: HealthOff, Why: "drained"}},
		{"out of service, and doesn't answer", drained(of), []Tally{tally(Call, "timeout", "a", 1, 5)}, Health{State: HealthNeeds, Why: "server"}},
		{"out of service, and no reports come", drained(silent), nil, Health{State: HealthNeeds, Why: "reports"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := serverMark(test.server, test.day)
			if got.State != test.want.State || got.Why != test.want.Why {
				t.Errorf("%s %s, want %s %s", got.State, got.Why, test.want.State, test.want.Why)
			}
		})
	}
}
