package admin

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"net/http"
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

// auditText is the most that a search may have, in bytes.
const auditText = 100

// auditQuery is what the address asks for, and since as it was typed.
func auditQuery(c *call, most int) (q admin.AuditQuery, since string) {
	asked := func(name string) string {
		text := harmlessText(c.Query(name))
		return strings.ToValidUTF8(text[:min(len(text), auditText)], "")
	}
	q = admin.AuditQuery{Text: asked("q"), Who: asked("who"), Tenant: asked("tenant"), Before: asked("before"), Most: most}
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
	names, err := p.tenantNames(c, admin.SeeAudit)
	if err != nil {
		return err
	}
	asked := []string{"q", q.Text, "who", q.Who, "tenant", q.Tenant, "since", since}
	page := web.AuditPage{Now: p.Now(), Query: q.Text, Who: q.Who, Since: since, CSVURL: query("/admin/audit.csv", asked...)}
	if len(names) > 1 {
		page.Tenants = tenantOptions(names, q.Tenant)
	}
	for _, e := range list {
		line := web.AuditLine{At: e.At, Who: e.Who, Address: e.Address, Did: e.Did, What: e.What, Changes: changes(e, names)}
		if len(names) > 1 {
			line.Tenant = names[e.TenantID]
		}
		page.Lines = append(page.Lines, line)
	}
	if len(list) == auditPage {
		page.MoreURL = query("/admin/audit", append(asked, "before", list[len(list)-1].ID)...)
	}
	return p.show(c, web.People, page)
}

func (p *Pages) auditCSV(c *call) error {
	q, _ := auditQuery(c, auditFile)
	list, err := p.Audit.Page(c.ctx(), c.by, q)
	if err != nil {
		return err
	}
	names, err := p.tenantNames(c, admin.SeeAudit)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString("\ufeff") // so that Excel reads it as UTF-8
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"time", "who", "address", "did", "what", "tenant", "before", "after"})
	for _, e := range list {
		_ = w.Write([]string{
			e.At.UTC().Format(time.RFC3339), admin.AsCell(e.Who), e.Address, e.Did, admin.AsCell(e.What), admin.AsCell(cmp.Or(names[e.TenantID], e.TenantID)), admin.AsCell(e.Before), admin.AsCell(e.After),
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
