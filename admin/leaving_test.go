package admin

import (
	"context"
	"time"
)

func (s *shelf) ErasePlatform(context.Context, string, time.Time) error { return nil }
func (s *shelf) Leaving(context.Context) ([]Leaving, error)             { return nil, nil }
func (s *shelf) KeepPlatform(context.Context, string) error             { return nil }
