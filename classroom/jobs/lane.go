package jobs

import "time"

// A lane is what is known of one partner, to whom the jobs of one kind lead
// that name it: how many calls at once it bears, and whether it answers.
type lane struct {
	due      time.Time // of its first job; zero: there is none, or it must be read
	running  map[*running]bool
	ended    time.Time     // when a job of it last has
	window   float64       // jobs at once
	grows    bool          // fast, since nothing has slowed it down yet
	usual    time.Duration // how long a job takes when the partner isn't busy
	troubles int           // one after another
	heldTo   time.Time     // no job begins before
	away     bool          // the partner has been: the lane was held
	putOff   bool          // jobs may have been, for the partner's troubles
	released time.Time     // when those were last called back
}

// A running job.
type running struct {
	job   Job
	begun time.Time
}

const (
	silentAfter  = 2 * time.Second       // a partner that takes longer is silent
	slower       = 25 * time.Millisecond // and busy, if it takes twice as long as usual, and this
	troublesFine = 5                     // one after another, before the lane is held
	holdFirst    = time.Second
	holdLast     = time.Minute
	releaseEvery = time.Second
	releaseTries = 6           // attempts after which a job that was put off waits for its own time
	goneFor      = time.Minute // what is known of a lane without jobs is remembered for so long
)

func newLane() *lane {
	// What was put off before the start is called back once, when the partner
	// answers.
	return &lane{running: map[*running]bool{}, window: 1, grows: true, away: true, putOff: true}
}

// opens is when the lane's next job may begin, as far as that is known.
func (l *lane) opens() time.Time {
	if !l.due.IsZero() && l.due.Before(l.heldTo) {
		return l.heldTo
	}
	return l.due
}

// room is how many more jobs of the lane may begin.
func (l *lane) room(now time.Time) int {
	if now.Before(l.heldTo) {
		return 0
	}
	return int(l.window) - len(l.running)
}

// silent reports whether the partner lets a call wait.
func (l *lane) silent(now time.Time) bool {
	for r := range l.running {
		if now.Sub(r.begun) >= silentAfter {
			return true
		}
	}
	return false
}

// tell takes over what a job has told of the partner. One trouble says little;
// several in a row, or silence, leave the lane one job at a time, after a wait.
func (l *lane) tell(o Outcome, took time.Duration, now time.Time, most int) {
	l.ended = now
	if !o.Trouble {
		l.troubles = 0
		l.pace(took, float64(most))
		return
	}
	l.troubles++
	l.putOff = true
	hold := o.Wait
	switch {
	case l.troubles >= troublesFine || took >= silentAfter:
		l.window, l.grows, l.away = 1, false, true
		hold = max(hold, min(holdLast, holdFirst<<min(l.troubles/troublesFine, 6)))
	case o.Wait > 0:
		l.window, l.grows = max(1, l.window/2), false
	}
	if until := now.Add(hold); hold > 0 && until.After(l.heldTo) {
		l.heldTo = until
	}
}

// pace lets the window grow as long as the partner takes no longer for that.
// What is usual changes, but not by being slow with several at once.
func (l *lane) pace(took time.Duration, most float64) {
	switch {
	case l.usual == 0 || took < l.usual:
		l.usual = took
	case took <= 2*l.usual+slower || l.window < 2:
		l.usual += (took - l.usual) / 16
	}
	switch {
	case took > 2*l.usual+slower:
		l.window, l.grows = max(1, l.window*0.7), false
	case l.grows:
		l.window++
	default:
		l.window += 1 / l.window
	}
	l.window = min(l.window, most)
}

// calls is when jobs that were put off may be called back, since the partner
// answers: if it was away, it has to have answered once. Zero: not yet.
func (l *lane) calls() time.Time {
	if !l.putOff || l.troubles >= troublesFine || l.away && l.troubles > 0 || l.ended.IsZero() {
		return time.Time{}
	}
	return l.released.Add(releaseEvery)
}

// release notes that they are, and says after how many attempts at the most:
// all of them, 0, if the partner has been away.
func (l *lane) release(now time.Time) int {
	most := releaseTries
	if l.away {
		most = 0
	}
	l.away, l.putOff, l.released = false, false, now
	return most
}
