package attendance

import (
	"maps"
	"math"
	"slices"
	"time"
)

// packedForm grows whenever accounts are packed otherwise, or come to something
// else by the same evidence: what was packed before is then made anew. Of a
// meeting whose evidence is gone nothing can be: UnpackSwept must go on reading
// each form that there was.
const packedForm = 1

// Pack is the account as it is kept: a room has hundreds, and most of them
// aren't looked into twice.
//
// It holds, one after the other, the form, what the account was made of, what
// it says of the meeting, strangers, people, their stays and their activities.
func (a Account) Pack() string {
	if a.Packed != "" {
		return a.Packed
	}
	people := map[string]bool{}
	for _, s := range a.Stays {
		people[s.PersonID] = true
	}
	for id := range a.Activities {
		people[id] = true
	}
	ids := slices.Sorted(maps.Keys(people))
	number := make(map[string]uint64, len(ids))
	for i, id := range ids {
		number[id] = uint64(i)
	}
	p := a.packHead()
	p.texts(a.Strangers)
	p.texts(ids)
	p.number(uint64(len(a.Stays)))
	for _, s := range a.Stays {
		p.number(number[s.PersonID])
		p.millis(s.From.Sub(a.From))
		p.millis(s.To.Sub(s.From))
		p.flag(s.Source == Analytics)
	}
	p.number(uint64(len(a.Activities)))
	for _, id := range ids {
		if did, ok := a.Activities[id]; ok {
			p.number(number[id])
			for _, n := range did.numbers() {
				p.signed(n)
			}
		}
	}
	return string(p)
}

func (a Account) packHead() packing {
	p := packing{packedForm}
	p.time(a.Recorded.CreateTime)
	p.time(a.Recorded.EndedAt)
	p.signed(int64(a.Recorded.ClockOffset))
	p.time(a.Meeting.EndedAt)
	p.signed(int64(a.Meeting.ClockOffset))
	p.flag(a.Exact)
	p.time(a.From)
	p.time(a.To)
	p.time(a.Reported)
	return p
}

func (a Activity) numbers() [6]int64 {
	return [...]int64{int64(a.Chats), int64(a.Talks), int64(a.RaiseHands), int64(a.Emojis), int64(a.PollVotes), int64(a.TalkTime)}
}

// Unpack makes the account of a meeting of what was kept of it. It is false for
// what can't be read, was kept by another version of the program, or doesn't
// hold any more: the meeting is recorded otherwise now, or other people of those
// whom the evidence names are known. Then only the evidence tells.
func Unpack(m Meeting, packed string, known func(string) bool) (Account, bool) {
	a, p, ok := unpackAll(m, packed)
	if !ok || !p.Recorded.same(recordedOf(m)) || slices.ContainsFunc(p.strangers, known) {
		return Account{}, false
	}
	for _, id := range p.people {
		if !known(id) {
			return Account{}, false
		}
	}
	return a, true
}

// unpackAll reads all of an account.
func unpackAll(m Meeting, packed string) (Account, opened, bool) {
	p := open(packed)
	good := p.readNumbered(func(uint64, time.Duration, time.Duration, Source) bool { return true })
	p.readActivities(func(string, Activity) {})
	if !good || p.broken || p.rest != "" {
		return Account{}, p, false
	}
	a := p.Account
	a.Packed, a.Meeting = packed, m
	a.Meeting.EndedAt, a.Meeting.ClockOffset = p.Meeting.EndedAt, p.Meeting.ClockOffset
	return a, p, true
}

// UnpackSwept is Unpack for a meeting whose evidence is gone: whatever is known
// since, what was kept of it holds. It is false for what can't be read.
func UnpackSwept(m Meeting, packed string) (Account, bool) {
	a, _, ok := unpackAll(m, packed)
	return a, ok
}

// An opened account is one of which all has been read but stays and activities.
type opened struct {
	unpacking
	Account           // its Meeting is what the account says of it
	strangers, people []string
}

func open(packed string) opened {
	p := opened{unpacking: unpacking{rest: packed}}
	if p.form() != packedForm {
		p.broken = true
		return p
	}
	a := &p.Account
	a.Recorded = Recorded{CreateTime: p.time(), EndedAt: p.time(), ClockOffset: time.Duration(p.signed())}
	a.Meeting.EndedAt, a.Meeting.ClockOffset, a.Exact = p.time(), time.Duration(p.signed()), p.flag()
	a.From, a.To, a.Reported = p.time(), p.time(), p.time()
	p.strangers, p.people = p.texts(), p.texts()
	return p
}

// readStays goes through the stays until yield is false. It returns whether
// there is no fault in them.
func (p *opened) readStays(yield func(person string, s span, source Source) bool) bool {
	return p.readNumbered(func(person uint64, from, to time.Duration, source Source) bool {
		return yield(p.people[person], span{p.From.Add(from), p.From.Add(to)}, source)
	})
}

// readNumbered is readStays with numbers of people, and times since p.From.
func (p *opened) readNumbered(yield func(person uint64, from, to time.Duration, source Source) bool) bool {
	for range p.count() {
		person, from, lasts, source := p.person(), p.millis(), p.millis(), Poll
		if p.flag() {
			source = Analytics
		}
		if p.broken || lasts > math.MaxInt64-from {
			return false
		}
		if !yield(person, from, from+lasts, source) {
			return true
		}
	}
	return !p.broken
}

// readActivities goes through what comes after the stays.
func (p *opened) readActivities(yield func(person string, did Activity)) {
	for range p.count() {
		person := p.person()
		did := Activity{
			Chats: int(p.signed()), Talks: int(p.signed()), RaiseHands: int(p.signed()),
			Emojis: int(p.signed()), PollVotes: int(p.signed()), TalkTime: time.Duration(p.signed()),
		}
		if p.broken {
			return
		}
		yield(p.people[person], did)
	}
}

// person is the number of one, in people.
func (p *opened) person() uint64 {
	n := p.number()
	p.broken = p.broken || n >= uint64(len(p.people))
	return n
}

// Closed is the account with what is packed in it there alone.
func (a Account) Closed() Account {
	a.Packed = a.Pack()
	a.Stays, a.Activities, a.Strangers = nil, nil, nil
	return a
}

// Whole is the account with all that is packed in it.
func (a Account) Whole() Account {
	if a.Packed == "" || a.Stays != nil {
		return a
	}
	p := open(a.Packed)
	a.Strangers = p.strangers
	p.readStays(func(person string, s span, source Source) bool {
		a.Stays = append(a.Stays, Stay{MeetingID: a.Meeting.ID, PersonID: person, From: s.from, To: s.to, Source: source})
		return true
	})
	p.readActivities(func(person string, did Activity) {
		if a.Activities == nil {
			a.Activities = map[string]Activity{}
		}
		a.Activities[person] = did
	})
	return a
}
