package store

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/classroom"
)

// LateReports keeps reports in files of a folder while the database is away.
// Several goroutines may use it, and so may one program after the other; two
// programs at once have a folder each.
type LateReports struct {
	Folder string // made when it is needed
	Now    func() time.Time
}

const (
	lateEnd    = ".report"
	refusedEnd = ".refused"
	lateMost   = 512 << 20           // bytes of all files; a report has 10 MB at the most
	refusedFor = 30 * 24 * time.Hour // then it goes
)

// lateOver is what a refused report is called, and one that was half written
// when the program ended. Whatever else lies in the folder isn't ours.
var lateOver = regexp.MustCompile(`^\d{15}-[a-z0-9]{8}(\.refused)?$`)

var errLateFull = errors.New("too many reports wait for the database")

// Ready says what is wrong if no report could be kept, while there is none yet.
func (l *LateReports) Ready() error {
	info, err := os.Stat(l.Folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = folderFor(l.Folder)
	case err == nil && !info.IsDir():
		err = errors.New("it is no folder")
	case err == nil:
		err = writable(l.Folder)
	}
	if err != nil {
		return fmt.Errorf("folder %s for reports: %w", l.Folder, err)
	}
	return nil
}

// Put keeps a report: it is on the disk when Put returns.
func (l *LateReports) Put(report classroom.LateReport) error {
	text, err := json.Marshal(report)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(l.Folder, 0o700); err != nil {
		return err
	}
	if size, err := l.size(); err != nil || size+int64(len(text)) > lateMost {
		return errors.Join(err, errLateFull)
	}
	name := fmt.Sprintf("%015d-%s", l.Now().UnixMilli(), strings.ToLower(rand.Text()[:8]))
	path := filepath.Join(l.Folder, name)
	if err := writeSynced(path, text); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return os.Rename(path, path+lateEnd)
}

func writeSynced(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// files are those in the folder, by name.
func (l *LateReports) files() ([]fs.FileInfo, error) {
	entries, err := os.ReadDir(l.Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []fs.FileInfo
	for _, entry := range entries {
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) { // gone meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, info)
	}
	return all, nil
}

func (l *LateReports) size() (int64, error) {
	all, err := l.files()
	var size int64
	for _, info := range all {
		size += info.Size()
	}
	return size, err
}

// Names are those of the reports that wait, the oldest first. What was refused
// long ago goes, and so does what a crash has left.
func (l *LateReports) Names() ([]string, error) {
	all, err := l.files()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, info := range all {
		name, waits := strings.CutSuffix(info.Name(), lateEnd)
		switch {
		case waits:
			names = append(names, name)
		case lateOver.MatchString(name) && l.Now().Sub(info.ModTime()) > refusedFor:
			err = errors.Join(err, os.Remove(filepath.Join(l.Folder, info.Name())))
		}
	}
	slices.Sort(names)
	return names, err
}

// Read reads one report.
func (l *LateReports) Read(name string) (report classroom.LateReport, err error) {
	text, err := os.ReadFile(filepath.Join(l.Folder, filepath.Base(name)+lateEnd))
	if err != nil {
		return report, err
	}
	return report, json.Unmarshal(text, &report)
}

// Done forgets a report that the database has.
func (l *LateReports) Done(name string) error {
	return os.Remove(filepath.Join(l.Folder, filepath.Base(name)+lateEnd))
}

// Refuse keeps a report for refusedFor, for people to look at.
func (l *LateReports) Refuse(name string) error {
	path := filepath.Join(l.Folder, filepath.Base(name))
	return os.Rename(path+lateEnd, path+refusedEnd)
}
