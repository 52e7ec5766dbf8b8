package store_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/store"
)

func TestLateReports(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	l := &store.LateReports{Folder: filepath.Join(t.TempDir(), "reports"), Now: func() time.Time { return now }}
	if names, err := l.Names(); err != nil || len(names) != 0 {
		t.Fatalf("%v, %v", names, err)
	}
	var want []classroom.LateReport
	for i, body := range []string{"first", "second", "third"} {
		r := classroom.LateReport{At: now, Signed: []string{"s1"}, Body: []byte(body)}
		if err := l.Put(r); err != nil {
			t.Fatal(err)
		}
		want, now = append(want, r), now.Add(time.Duration(i+1)*time.Second)
	}
	info, err := os.Stat(l.Folder)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	// A crash while one is written leaves what isn't looked at.
	for _, name := range []string{"001795000000000-abcd2345", "notes of somebody's"} {
		if err := os.WriteFile(filepath.Join(l.Folder, name), []byte(`{"at`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	names, err := l.Names()
	if err != nil || len(names) != 3 {
		t.Fatalf("%v, %v", names, err)
	}
	for i, name := range names {
		got, err := l.Read(name)
		if diff := cmp.Diff(want[i], got); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
	}
	if err := l.Done(names[0]); err != nil {
		t.Error(err)
	}
	if err := l.Refuse(names[1]); err != nil {
		t.Error(err)
	}
	if left, err := l.Names(); err != nil || cmp.Diff(names[2:], left) != "" {
		t.Errorf("%v, %v", left, err)
	}
	now = time.Now().Add(31 * 24 * time.Hour)
	if _, err := l.Names(); err != nil {
		t.Error(err)
	}
	files, err := os.ReadDir(l.Folder)
	if err != nil || len(files) != 2 || files[0].Name() != names[2]+".report" || files[1].Name() != "notes of somebody's" {
		t.Errorf("left after a month: %v, %v", files, err)
	}
}

func TestLateReportsAreBounded(t *testing.T) {
	folder := t.TempDir()
	l := &store.LateReports{Folder: folder, Now: time.Now}
	large, err := os.Create(filepath.Join(folder, "1.report"))
	if err != nil {
		t.Fatal(err)
	}
	if err := large.Truncate(512 << 20); err != nil { // takes no disk
		t.Fatal(err)
	}
	if err := large.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Put(classroom.LateReport{Body: []byte("one more")}); err == nil {
		t.Error("it was kept")
	}
}
