package gradebook

import (
	"sync"
	"time"
)

// moments remembers when things happened last, by name, for an hour. Several
// goroutines may use it.
type moments struct {
	mu sync.Mutex
	at map[string]time.Time
}

const momentsFor = time.Hour

func (m *moments) set(name string, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at == nil {
		m.at = map[string]time.Time{}
	}
	if _, there := m.at[name]; !there {
		for other, at := range m.at {
			if now.Sub(at) > momentsFor {
				delete(m.at, other)
			}
		}
	}
	m.at[name] = now
}

// within reports whether it happened no longer ago than d.
func (m *moments) within(name string, now time.Time, d time.Duration) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, there := m.at[name]
	return there && now.Sub(at) < d
}
