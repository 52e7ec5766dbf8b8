package admin

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/web"
)

// auditPage is how many lines a page of the audit log has, and auditFile how
// many a file.
const (
	auditPage = 100
	auditFile = 10_000
)

// auditQuery is what the address asks for.
func auditQuery(c *call, most int) (q admin.AuditQuery, since string) {
	q = admin.AuditQuery{Text: strings.TrimSpace(c.Query("q")), Before: c.Query("before"), Most: most}
	if len(q.Text) > 100 {
		q.Text = q.Text[:100]
	}
	q.Text = strings.ToValidUTF8(strings.ReplaceAll(q.Text, "\x00", ""), "")
	if at, err := time.Parse(time.DateOnly, c.Query("since")); err == nil {
		q.Since, since = at, c.Query("since")
	}
	return q, since
}

func (p *Pages) audit(c *call) error {
	q, since := auditQuery(c, auditPage)
	list, err := p.Audit.Page(c.ctx(), c.by, q)
	if err != nil {
		return err
	}
	page := web.AuditPage{Now: p.Now(), Query: q.Text, Since: since, CSVURL: query("/admin/audit.csv", "q", q.Text, "since", since)}
	for _, e := range list {
		page.Lines = append(page.Lines, web.AuditLine{At: e.At, Who: e.Who, Address: e.Address, Did: e.Did, What: e.What, Changes: changes(e)})
	}
	if len(list) == auditPage {
		page.MoreURL = query("/admin/audit", "q", q.Text, "since", since, "before", list[len(list)-1].ID)
	}
	return p.show(c, web.People, page)
}

// changes are the fields of an entry that aren't the same before and after.
func changes(e admin.Entry) []web.AuditChange {
	before, after := fields("", e.Before), fields("", e.After)
	var list []web.AuditChange
	for _, name := range slices.Sorted(maps.Keys(union(before, after))) {
		if before[name] != after[name] {
			list = append(list, web.AuditChange{Field: name, Before: before[name], After: after[name]})
		}
	}
	return list
}

func union(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// fields are the values of a JSON text, one level of names joined by points.
func fields(prefix, text string) map[string]string {
	found := map[string]string{}
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &object) != nil {
		if prefix != "" {
			found[strings.TrimSuffix(prefix, ".")] = strings.Trim(text, `"`)
		}
		return found
	}
	for name, value := range object {
		if prefix == "" && len(value) > 0 && value[0] == '{' {
			maps.Copy(found, fields(name+".", string(value)))
			continue
		}
		found[prefix+name] = strings.Trim(string(value), `"`)
	}
	return found
}

func (p *Pages) auditCSV(c *call) error {
	q, _ := auditQuery(c, auditFile)
	list, err := p.Audit.Page(c.ctx(), c.by, q)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString("\ufeff") // so that Excel reads it as UTF-8
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"time", "who", "address", "did", "what", "tenant", "before", "after"})
	for _, e := range list {
		_ = w.Write([]string{
			e.At.UTC().Format(time.RFC3339), admin.AsCell(e.Who), e.Address, e.Did, admin.AsCell(e.What), e.TenantID, admin.AsCell(e.Before), admin.AsCell(e.After),
		})
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("audit log as CSV: %w", err)
	}
	c.Header("Content-Disposition", `attachment; filename="bbbridge-audit.csv"`)
	c.Data(http.StatusOK, "text/csv; charset=utf-8", b.Bytes())
	return nil
}
