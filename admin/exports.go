package admin

import (
	"archive/zip"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// An ExportTable is one file of an export.
type ExportTable struct {
	Name    string
	Columns []string
}

type exportStore interface {
	Platforms(context.Context) ([]Platform, error)
	Leaving(context.Context) ([]Leaving, error)
	ExportTables() []ExportTable
	Export(ctx context.Context, registrationID, name string, row func([]string) error) error
	Record(context.Context, Entry) error
}

// Exports hand out all that is kept of a platform.
type Exports struct {
	Store exportStore
	Now   func() time.Time
}

// Find is the platform of that id, also one that is to be erased, if the actor
// may hand out what is kept of it.
func (s *Exports) Find(ctx context.Context, by Actor, id string) (Platform, error) {
	all, err := s.Store.Platforms(ctx)
	if err != nil {
		return Platform{}, fmt.Errorf("platforms: %w", err)
	}
	leaving, err := s.Store.Leaving(ctx)
	if err != nil {
		return Platform{}, fmt.Errorf("platforms to be erased: %w", err)
	}
	for _, l := range leaving {
		all = append(all, l.Platform)
	}
	at := slices.IndexFunc(all, func(p Platform) bool { return p.ID == id && by.Can(See, p.TenantID) })
	if at < 0 {
		return Platform{}, fmt.Errorf("platform %s: %w", id, ErrNotFound)
	}
	return all[at], by.May(EditPlatforms, all[at].TenantID)
}

// exportedPlatform is what an export says of the platform itself.
type exportedPlatform struct {
	Name, Issuer, ClientID string
	Deployments            map[string]bool
	ExportedAt             time.Time
}

// Write writes a ZIP of all that is kept of a platform: of each table a CSV file
// in UTF-8. However much it is, little of it is in memory at once.
func (s *Exports) Write(ctx context.Context, by Actor, id string, w io.Writer) error {
	p, err := s.Find(ctx, by, id)
	if err != nil {
		return err
	}
	err = s.Store.Record(By(ctx, by), Entry{Did: "platform.export", What: p.Name, TenantID: p.TenantID})
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	z := zip.NewWriter(w)
	about, err := json.MarshalIndent(exportedPlatform{p.Name, p.Issuer, p.ClientID, p.Deployments, s.Now().UTC()}, "", "  ")
	if err != nil {
		return fmt.Errorf("export of platform %s: %w", id, err)
	}
	file, err := s.file(z, "platform.json")
	if err == nil {
		_, err = file.Write(append(about, '\n'))
	}
	for _, t := range s.Store.ExportTables() {
		if err == nil {
			err = s.table(ctx, z, p.ID, t)
		}
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return fmt.Errorf("export of platform %s: %w", id, err)
	}
	return nil
}

func (s *Exports) file(z *zip.Writer, name string) (io.Writer, error) {
	return z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: s.Now().UTC()})
}

func (s *Exports) table(ctx context.Context, z *zip.Writer, id string, t ExportTable) error {
	file, err := s.file(z, t.Name+".csv")
	if err != nil {
		return err
	}
	w := csv.NewWriter(file)
	if err := w.Write(t.Columns); err != nil {
		return err
	}
	err = s.Store.Export(ctx, id, t.Name, func(row []string) error {
		for i := range row {
			row[i] = AsCell(row[i])
		}
		return w.Write(row)
	})
	if err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

// AsCell is a text that a spreadsheet doesn't take for a formula.
func AsCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
