package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// oneLane is a store that has jobs in one lane at a time.
type oneLane struct {
	store
	name string
}

func (s *oneLane) Lanes(context.Context, Kind) ([]Lane, error) {
	if s.name == "" {
		return nil, nil
	}
	return []Lane{{Name: s.name, Due: time.Now()}}, nil
}

// What is known of a partner without jobs is forgotten after a while.
func TestLanesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &oneLane{}
		p := &pool{Runner: &Runner{Store: s, Now: time.Now, Log: slog.New(slog.DiscardHandler)}, lanes: map[string]*lane{}}
		for i := range 1000 {
			s.name = fmt.Sprint("partner ", i)
			if err := p.readLanes(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
			p.lanes[s.name].ended = time.Now()
			time.Sleep(time.Second)
		}
		if n := len(p.lanes); n < 2 || n > 62 {
			t.Errorf("%d lanes are remembered", n)
		}
		s.name = ""
		time.Sleep(2 * goneFor)
		if err := p.readLanes(t.Context(), time.Now()); err != nil || len(p.lanes) != 0 {
			t.Errorf("%d lanes, %v", len(p.lanes), err)
		}
	})
}
