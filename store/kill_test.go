package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/bbbridge/bbbridge/store"
)

// TestMain is also a program that launches until it's killed: see TestKilled.
func TestMain(m *testing.M) {
	if url := os.Getenv("STORE_TEST_LAUNCH"); url != "" {
		launchUntilKilled(url)
	}
	os.Exit(m.Run())
}

func launchUntilKilled(url string) {
	ctx := context.Background()
	db, err := store.Open(ctx, url, testKey)
	if err != nil {
		panic(err)
	}
	p, err := db.Platform(ctx, "uni")
	if err != nil {
		panic(err)
	}
	numbers := make(chan int)
	for range 8 {
		go func() {
			for n := range numbers {
				if _, err := db.Arrive(ctx, launch(p, n)); err != nil {
					panic(err)
				}
				fmt.Printf("v%06d\n", n)
			}
		}()
	}
	for n := 0; ; n++ {
		numbers <- n
	}
}

// What was said to be kept is kept, whenever the program dies, and nothing is
// kept by halves.
func TestKilled(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		db := open(t, url)
		addPlatform(t, db)
		for _, after := range []int{1, 30, 400} {
			for _, id := range killedAfter(t, url, after) {
				seat, err := db.Seat(t.Context(), id)
				if err != nil {
					t.Errorf("a launch that was kept: %v", err)
				}
				if seat.Room.ID == "" {
					t.Errorf("visit %s has no room", id)
				}
			}
			raw := plain(t, url)
			for _, query := range []string{`SELECT COUNT(*) FROM rooms`, `SELECT COUNT(*) FROM placements`} {
				var n int
				if err := raw.Get(&n, query); err != nil || n > 3 {
					t.Errorf("%s: %d, %v, want one for each of 3 links", query, n, err)
				}
			}
			if _, err := raw.Exec(`DELETE FROM visits`); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// killedAfter kills a program after it has said so often that a launch is
// kept, and returns all that it has said.
func killedAfter(t *testing.T, url string, lines int) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "STORE_TEST_LAUNCH="+url)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for scan := bufio.NewScanner(out); scan.Scan(); {
		if id := strings.TrimSpace(scan.Text()); len(id) == len("v000000") {
			ids = append(ids, id)
		}
		if len(ids) == lines {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the program ended by itself")
	}
	if len(ids) < lines {
		t.Errorf("only %d launches", len(ids))
	}
	return ids
}
