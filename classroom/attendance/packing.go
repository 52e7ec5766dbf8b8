package attendance

import (
	"encoding/binary"
	"math"
	"time"
)

// A packing is values one after the other: numbers as varints, texts with their
// lengths, times in milliseconds.
type packing []byte

func (p *packing) number(n uint64) { *p = binary.AppendUvarint(*p, n) }

func (p *packing) signed(n int64) { *p = binary.AppendVarint(*p, n) }

// noTime is the zero time, which has milliseconds like any other.
const noTime = math.MinInt64

func (p *packing) time(t time.Time) {
	if t.IsZero() {
		p.signed(noTime)
		return
	}
	p.signed(t.UnixMilli())
}

// millis is a duration that isn't negative.
func (p *packing) millis(d time.Duration) { p.number(uint64(max(0, d.Milliseconds()))) } // #nosec G115 -- not negative

func (p *packing) flag(is bool) {
	if is {
		*p = append(*p, 1)
		return
	}
	*p = append(*p, 0)
}

func (p *packing) texts(all []string) {
	p.number(uint64(len(all)))
	for _, text := range all {
		p.number(uint64(len(text)))
		*p = append(*p, text...)
	}
}

// An unpacking reads a packing from its beginning. Once something is wrong with
// it, it is broken, and all that it returns is zero.
type unpacking struct {
	rest   string
	broken bool
}

// number reads what binary.AppendUvarint wrote.
func (u *unpacking) number() uint64 {
	var n uint64
	for i := 0; i < len(u.rest) && i < binary.MaxVarintLen64; i++ {
		b := u.rest[i]
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			u.rest = u.rest[i+1:]
			return n
		}
	}
	u.rest, u.broken = "", true
	return 0
}

// signed reads what binary.AppendVarint wrote.
func (u *unpacking) signed() int64 {
	n := u.number()
	return int64(n>>1) ^ -int64(n&1) // #nosec G115 -- zigzag
}

func (u *unpacking) time() time.Time {
	ms := u.signed()
	if u.broken || ms == noTime {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func (u *unpacking) flag() bool {
	n := u.number()
	u.broken = u.broken || n > 1
	return n == 1
}

// millis is a duration that isn't negative.
func (u *unpacking) millis() time.Duration {
	n := u.number()
	if n > uint64(math.MaxInt64/time.Millisecond) {
		u.broken = true
		return 0
	}
	return time.Duration(n) * time.Millisecond // #nosec G115 -- looked at above
}

// count is of members that follow: no more than there are bytes.
func (u *unpacking) count() int {
	n := u.number()
	if n > uint64(len(u.rest)) {
		u.rest, u.broken = "", true
		return 0
	}
	return int(n) // #nosec G115 -- looked at above
}

func (u *unpacking) text() string {
	n := u.count()
	text := u.rest[:n]
	u.rest = u.rest[n:]
	return text
}

func (u *unpacking) texts() []string {
	n := u.count()
	if n == 0 {
		return nil
	}
	all := make([]string, n)
	for i := range all {
		all[i] = u.text()
	}
	return all
}

func (u *unpacking) form() byte {
	if u.rest == "" {
		u.broken = true
		return 0
	}
	form := u.rest[0]
	u.rest = u.rest[1:]
	return form
}
