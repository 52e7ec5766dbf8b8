package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/bbbridge/bbbridge/classroom"
	"github.com/bbbridge/bbbridge/classroom/attendance"
	"github.com/bbbridge/bbbridge/classroom/gradebook"
	"github.com/bbbridge/bbbridge/lti"
)

// Rows that queries join have tags of the form "room.title": what a row is,
// and its column. Those that an outer join may leave out read NULL as zero.

// columns lists the columns of a row type, each named as its tag, from the
// table that goes by alias.
func columns[Row any](alias string) string {
	var list []string
	for f := range reflect.TypeFor[Row]().Fields() {
		tag := f.Tag.Get("db")
		_, column, _ := strings.Cut(tag, ".")
		list = append(list, fmt.Sprintf(`%s.%s AS "%s"`, alias, column, tag))
	}
	return strings.Join(list, ", ")
}

type courseRow struct {
	ID             string `db:"course.id"`
	RegistrationID string `db:"course.registration_id"`
	DeploymentID   string `db:"course.deployment_id"`
	ContextKey     string `db:"course.context_key"`
	Title          string `db:"course.title"`
	Label          string `db:"course.label"`
	ProvisionalAt  millis `db:"course.provisional_at"`
}

func (r courseRow) course() classroom.Course {
	return classroom.Course{
		ID: r.ID, RegistrationID: r.RegistrationID, DeploymentID: r.DeploymentID,
		ContextKey: r.ContextKey, Title: r.Title, Label: r.Label, ProvisionalAt: r.ProvisionalAt.time(),
	}
}

type personRow struct {
	ID             sql.Null[string] `db:"person.id"`
	RegistrationID sql.Null[string] `db:"person.registration_id"`
	Subject        sql.Null[string] `db:"person.subject"`
	Name           sql.Null[string] `db:"person.name"`
	Administrator  sql.Null[bool]   `db:"person.administrator"`
}

func (r personRow) person() classroom.Person {
	return classroom.Person{ID: r.ID.V, RegistrationID: r.RegistrationID.V, Subject: r.Subject.V, Name: r.Name.V, Administrator: r.Administrator.V}
}

type enrolmentRow struct {
	CourseID sql.Null[string] `db:"enrolment.course_id"`
	PersonID sql.Null[string] `db:"enrolment.person_id"`
	Role     sql.Null[string] `db:"enrolment.role"`
	Graded   sql.Null[bool]   `db:"enrolment.graded"`
	SeenAt   millis           `db:"enrolment.seen_at"`
}

func (r enrolmentRow) enrolment() classroom.Enrolment {
	return classroom.Enrolment{
		CourseID: r.CourseID.V, PersonID: r.PersonID.V,
		Role: classroom.Role(r.Role.V), Graded: r.Graded.V, SeenAt: r.SeenAt.time(),
	}
}

type roomRow struct {
	ID        sql.Null[string]             `db:"room.id"`
	TenantID  sql.Null[string]             `db:"room.tenant_id"`
	CourseID  sql.Null[string]             `db:"room.course_id"`
	Title     sql.Null[string]             `db:"room.title"`
	MeetingID sql.Null[string]             `db:"room.meeting_id"`
	Settings  jsonText[classroom.Settings] `db:"room.settings"`
	Rule      jsonText[attendance.Rule]    `db:"room.rule"`
	Picked    sql.Null[bool]               `db:"room.picked"`
	Titled    sql.Null[bool]               `db:"room.titled"`
	CreatedAt millis                       `db:"room.created_at"`
}

func (r roomRow) room() classroom.Room {
	return classroom.Room{
		ID: r.ID.V, TenantID: r.TenantID.V, CourseID: r.CourseID.V, Title: r.Title.V, MeetingID: r.MeetingID.V,
		Settings: r.Settings.V, Rule: r.Rule.V, Picked: r.Picked.V, Titled: r.Titled.V, CreatedAt: r.CreatedAt.time(),
	}
}

type placementRow struct {
	ID             sql.Null[string]                `db:"placement.id"`
	CourseID       sql.Null[string]                `db:"placement.course_id"`
	ResourceLinkID sql.Null[string]                `db:"placement.resource_link_id"`
	RoomID         sql.Null[string]                `db:"placement.room_id"`
	Title          sql.Null[string]                `db:"placement.title"`
	Rule           jsonText[attendance.Rule]       `db:"placement.rule"`
	Scopes         sql.Null[string]                `db:"placement.scopes"`
	ItemsURL       sql.Null[string]                `db:"placement.items_url"`
	LaunchItemURL  sql.Null[string]                `db:"placement.launch_item_url"`
	ItemURL        sql.Null[string]                `db:"placement.item_url"`
	ItemMax        sql.Null[float64]               `db:"placement.item_max"`
	ItemMade       sql.Null[bool]                  `db:"placement.item_made"`
	ItemOwn        sql.Null[bool]                  `db:"placement.item_own"`
	ItemMissedAt   millis                          `db:"placement.item_missed_at"`
	ItemGone       sql.Null[bool]                  `db:"placement.item_gone"`
	CopiedFrom     sql.Null[string]                `db:"placement.copied_from"`
	OpensClass     sql.Null[bool]                  `db:"placement.opens_class"`
	RoomSince      millis                          `db:"placement.room_since"`
	CountsEarlier  sql.Null[bool]                  `db:"placement.counts_earlier"`
	GradedSince    millis                          `db:"placement.graded_since"`
	PastRules      pastRules                       `db:"placement.past_rules"`
	Named          sql.Null[string]                `db:"placement.named_room"`
	NamedAt        millis                          `db:"placement.named_at"`
	Notices        jsonText[classroom.LinkNotices] `db:"placement.notices"`
}

func (r placementRow) placement() classroom.Placement {
	return classroom.Placement{
		ID: r.ID.V, CourseID: r.CourseID.V, ResourceLinkID: r.ResourceLinkID.V, RoomID: r.RoomID.V,
		Title: r.Title.V, Rule: r.Rule.V,
		Column: gradebook.Column{
			Grades:   lti.Endpoint{Scopes: scopes(r.Scopes.V), LineItems: r.ItemsURL.V, LineItem: r.LaunchItemURL.V},
			LineItem: gradebook.LineItem{URL: r.ItemURL.V, Max: r.ItemMax.V, Made: r.ItemMade.V},
			Own:      r.ItemOwn.V, MissedAt: r.ItemMissedAt.time(), Gone: r.ItemGone.V,
		},
		Terms: attendance.Terms{
			Since: r.RoomSince.time(), Earlier: r.CountsEarlier.V, Graded: r.GradedSince.time(), Past: r.PastRules.V,
		},
		CopiedFrom: r.CopiedFrom.V, OpensClass: r.OpensClass.V,
		Named: r.Named.V, NamedAt: r.NamedAt.time(), Notices: r.Notices.V,
	}
}

// pastRules are a placement's. Nearly all have none.
type pastRules = jsonText[[]attendance.PastRule]

// scopes splits what has no spaces in it (RFC 6749, 3.3).
func scopes(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, " ")
}

type visitRow struct {
	ID          string `db:"visit.id"`
	Browser     string `db:"visit.browser"`
	PersonID    string `db:"visit.person_id"`
	CourseID    string `db:"visit.course_id"`
	PlacementID string `db:"visit.placement_id"`
	Role        string `db:"visit.role"`
	Graded      bool   `db:"visit.graded"`
	Locale      string `db:"visit.locale"`
	Language    string `db:"visit.language"`
	Private     []byte `db:"visit.private"`
	CreatedAt   millis `db:"visit.created_at"`
	ExpiresAt   millis `db:"visit.expires_at"`
	SeenAt      millis `db:"visit.seen_at"`
	Joined      bool   `db:"visit.joined"`

	LaunchID sql.Null[string] `db:"visit.launch"`
}

// A visitSecret is what of a visit is sealed.
type visitSecret struct {
	ReturnURL   string                   `json:"return_url,omitempty"`
	DeepLinking *lti.DeepLinkingSettings `json:"deep_linking,omitempty"`
	Frame       string                   `json:"frame,omitempty"`
}

// sealVisit is nil for a visit without secrets.
func (s sealer) sealVisit(v classroom.Visit) ([]byte, error) {
	if v.ReturnURL == "" && v.DeepLinking == nil {
		return nil, nil
	}
	plain, err := json.Marshal(visitSecret{v.ReturnURL, v.DeepLinking, v.Frame})
	if err != nil {
		return nil, fmt.Errorf("write secrets of visit %s: %w", v.ID, err)
	}
	return s.seal("visits", v.ID, plain), nil
}

// visit opens the row's seal. The course says what the row doesn't.
func (r visitRow) visit(s sealer, course courseRow) (classroom.Visit, error) {
	v := classroom.Visit{
		ID: r.ID, Browser: r.Browser, RegistrationID: course.RegistrationID, DeploymentID: course.DeploymentID,
		PersonID: r.PersonID, CourseID: r.CourseID, PlacementID: r.PlacementID,
		Role: classroom.Role(r.Role), Graded: r.Graded, Locale: r.Locale, Language: r.Language,
		LaunchID: r.LaunchID.V, Joined: r.Joined,
		CreatedAt: r.CreatedAt.time(), ExpiresAt: r.ExpiresAt.time(), SeenAt: r.SeenAt.time(),
	}
	if len(r.Private) == 0 {
		return v, nil
	}
	plain, err := s.open("visits", r.ID, r.Private)
	if err != nil {
		return classroom.Visit{}, err
	}
	var secret visitSecret
	if err := json.Unmarshal(plain, &secret); err != nil {
		return classroom.Visit{}, fmt.Errorf("read secrets of visit %s: %w", r.ID, err)
	}
	v.ReturnURL, v.DeepLinking, v.Frame = secret.ReturnURL, secret.DeepLinking, secret.Frame
	return v, nil
}
