package jobs

import (
	"errors"
	"testing"
	"time"
)

var errTest = errors.New("test")

// begin is when tests of lanes begin.
var begin = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func in(d time.Duration) time.Time { return begin.Add(d) }

// busy is a lane with jobs that began so long ago.
func busy(ages ...time.Duration) *lane {
	l := newLane()
	for _, age := range ages {
		l.running[&running{begun: in(-age)}] = true
	}
	return l
}

func TestLaneOpens(t *testing.T) {
	for _, test := range []struct {
		name              string
		due, heldTo, want time.Time
	}{
		{"nothing to do", time.Time{}, in(5), time.Time{}},
		{"due", in(5), time.Time{}, in(5)},
		{"held until later", in(5), in(7), in(7)},
		{"held until then", in(5), in(5), in(5)},
		{"held before", in(5), in(3), in(5)},
	} {
		l := newLane()
		l.due, l.heldTo = test.due, test.heldTo
		if got := l.opens(); !got.Equal(test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestLaneRoom(t *testing.T) {
	for _, test := range []struct {
		name   string
		window float64
		busy   int
		heldTo time.Time
		want   int
	}{
		{"one at first", 1, 0, time.Time{}, 1},
		{"none beside it", 1, 1, time.Time{}, 0},
		{"whole jobs", 4.9, 1, time.Time{}, 3},
		{"held", 4, 0, in(1), 0},
		{"no longer held", 4, 0, begin, 4},
	} {
		l := busy(make([]time.Duration, test.busy)...)
		l.window, l.heldTo = test.window, test.heldTo
		if got := l.room(begin); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

func TestLaneSilent(t *testing.T) {
	for _, test := range []struct {
		name string
		ages []time.Duration
		want bool
	}{
		{"nothing runs", nil, false},
		{"not for long", []time.Duration{0, silentAfter - 1}, false},
		{"one for long", []time.Duration{0, silentAfter}, true},
	} {
		if got := busy(test.ages...).silent(begin); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// What a lane has heard, one thing after another, and what it makes of it.
func TestLaneTold(t *testing.T) {
	const quick = 10 * time.Millisecond
	good, bad := Outcome{}, Outcome{Err: errTest, Trouble: true}
	wait := func(d time.Duration) Outcome { return Outcome{Err: errTest, Trouble: true, Wait: d} }
	times := func(n int, o Outcome) (all []Outcome) {
		for range n {
			all = append(all, o)
		}
		return all
	}
	for _, test := range []struct {
		name   string
		told   []Outcome
		took   time.Duration
		window float64 // before
		want   float64
		held   time.Duration // from now on; 0: it isn't
		grows  bool
		away   bool
	}{
		{"one that went well", times(1, good), quick, 1, 2, 0, true, false},
		{"ten", times(10, good), quick, 1, 11, 0, true, false},
		{"no more than the most", times(40, good), quick, 1, 20, 0, true, false},
		{"one that failed by our fault", []Outcome{{Err: errTest}}, quick, 1, 2, 0, true, false},
		{"one trouble", times(1, bad), quick, 8, 8, 0, true, false},
		{"some", times(troublesFine-1, bad), quick, 8, 8, 0, true, false},
		{"one more", times(troublesFine, bad), quick, 8, 1, 2 * time.Second, false, true},
		{"twice as many", times(2*troublesFine, bad), quick, 8, 1, 4 * time.Second, false, true},
		{"for long", times(20*troublesFine, bad), quick, 8, 1, time.Minute, false, true},
		{"some, and then one that went well", append(times(troublesFine-1, bad), append([]Outcome{good}, times(troublesFine-1, bad)...)...), quick, 8, 9, 0, true, false},
		{"silence", times(1, bad), silentAfter, 8, 1, time.Second, false, true},
		{"nearly silence", times(1, bad), silentAfter - 1, 8, 8, 0, true, false},
		{"asked to wait", times(1, wait(7*time.Second)), quick, 8, 4, 7 * time.Second, false, false},
		{"asked to wait, with one at a time", times(1, wait(7*time.Second)), quick, 1, 1, 7 * time.Second, false, false},
		{"asked to wait longer after many", times(troublesFine, wait(7*time.Second)), quick, 8, 1, 7 * time.Second, false, true},
		{"asked to wait less after many", times(troublesFine, wait(time.Millisecond)), quick, 8, 1, 2 * time.Second, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLane()
			l.away, l.window, l.usual = false, test.window, quick
			for _, o := range test.told {
				l.tell(o, test.took, begin, 20)
			}
			if l.window != test.want || l.grows != test.grows || l.away != test.away || !l.ended.Equal(begin) {
				t.Errorf("%+v, want a window of %v, grows %v, away %v", l, test.want, test.grows, test.away)
			}
			if held := l.heldTo.Sub(begin); test.held == 0 != l.heldTo.IsZero() || test.held != 0 && held != test.held {
				t.Errorf("held for %v, want %v", held, test.held)
			}
		})
	}
}

// A shorter hold doesn't end a longer one.
func TestLaneIsHeldForTheLongest(t *testing.T) {
	l := newLane()
	l.tell(Outcome{Trouble: true, Wait: time.Minute}, 0, begin, 20)
	l.tell(Outcome{Trouble: true, Wait: time.Second}, 0, begin, 20)
	if !l.heldTo.Equal(in(time.Minute)) {
		t.Errorf("held until %v", l.heldTo)
	}
}

// How many at once follows how long they take.
func TestLanePace(t *testing.T) {
	const usual = 100 * time.Millisecond
	const busyAt = 2*usual + slower
	for _, test := range []struct {
		name      string
		window    float64
		grows     bool
		usual     time.Duration
		took      time.Duration
		want      float64
		wantUsual time.Duration
		stillFast bool
	}{
		{"the first", 1, true, 0, usual, 2, usual, true},
		{"quicker than usual", 4, true, usual, 40 * time.Millisecond, 5, 40 * time.Millisecond, true},
		{"as usual, after it was slowed down", 4, false, usual, usual, 4.25, usual, false},
		{"a little slower", 4, true, usual, usual + 16*time.Millisecond, 5, usual + time.Millisecond, true},
		{"twice as slow, and that", 4, true, usual, busyAt, 5, usual + (busyAt-usual)/16, true},
		{"slower than that", 4, true, usual, busyAt + time.Millisecond, 4 * 0.7, usual, false},
		{"slower, one at a time: it is usual by now", 1, true, usual, 4 * usual, 1, usual + 3*usual/16, false},
		{"slower, two at a time", 2, true, usual, 4 * usual, 1.4, usual, false},
		{"never less than one", 1.2, false, usual, 10 * usual, 1, usual + 9*usual/16, false},
		{"the most", 20, true, usual, usual, 20, usual, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLane()
			l.window, l.grows, l.usual = test.window, test.grows, test.usual
			l.pace(test.took, 20)
			if diff := l.window - test.want; diff > 1e-9 || diff < -1e-9 || l.usual != test.wantUsual || l.grows != test.stillFast {
				t.Errorf("window %v, usual %v, grows %v, want %v, %v, %v", l.window, l.usual, l.grows, test.want, test.wantUsual, test.stillFast)
			}
		})
	}
}

// When what was put off may be called back, and how much of it.
func TestLaneCalls(t *testing.T) {
	for _, test := range []struct {
		name string
		lane lane
		want time.Time
		most int
	}{
		{"nothing was put off", lane{ended: begin}, time.Time{}, 0},
		{"nothing has ended yet", lane{putOff: true, away: true}, time.Time{}, 0},
		{"the partner answers", lane{putOff: true, ended: begin}, time.Time{}.Add(releaseEvery), releaseTries},
		{"it was away, and has answered", lane{putOff: true, away: true, ended: begin}, time.Time{}.Add(releaseEvery), 0},
		{"it was away, and is in trouble again", lane{putOff: true, away: true, troubles: 1, ended: begin}, time.Time{}, 0},
		{"one trouble", lane{putOff: true, troubles: 1, ended: begin}, time.Time{}.Add(releaseEvery), releaseTries},
		{"many", lane{putOff: true, troubles: troublesFine, ended: begin}, time.Time{}, 0},
		{"called back a moment ago", lane{putOff: true, ended: begin, released: begin}, in(releaseEvery), releaseTries},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := test.lane
			at := l.calls()
			if !at.Equal(test.want) {
				t.Errorf("at %v, want %v", at, test.want)
			}
			if at.IsZero() {
				return
			}
			if most := l.release(in(9)); most != test.most || l.putOff || l.away || !l.released.Equal(in(9)) {
				t.Errorf("%d attempts, want %d; then %+v", most, test.most, l)
			}
		})
	}
}

// A job that failed by our fault waits longer each time, and not for ever.
func TestBackOff(t *testing.T) {
	for attempts, want := range map[int]time.Duration{
		0: retryFirst, 1: retryFirst, 2: 2 * retryFirst, 3: 4 * retryFirst, 7: 64 * retryFirst, 8: retryLast, 1000: retryLast,
	} {
		if got := backOff(attempts); got != want {
			t.Errorf("after %d attempts %v, want %v", attempts, got, want)
		}
	}
}

// Those who wait for silent partners take no worker away, and are bounded.
func TestFree(t *testing.T) {
	for _, test := range []struct {
		name             string
		answered, silent int
		want             int
	}{
		{"nothing runs", 0, 0, 10},
		{"some run", 3, 0, 7},
		{"as many as there are workers", 10, 0, 0},
		{"silent ones beside", 3, 400, 7},
		{"silent ones, nearly too many", 3, silentMost - 1, 1},
		{"too many silent ones", 3, silentMost, 0},
	} {
		ages := make([]time.Duration, test.silent)
		for i := range ages {
			ages[i] = silentAfter
		}
		p := &pool{work: Work{Workers: 10}, lanes: map[string]*lane{"answers": busy(make([]time.Duration, test.answered)...), "silent": busy(ages...)}}
		if got := p.free(begin); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}
