package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// Of the polls of a meeting the newest is kept as it came, and each of the
// others as what it says otherwise than the one after it: a class of three
// hours has hundreds of looks at hundreds of people, and mostly one of them has
// come or left. What is read is what came, to the byte.

// A pollPatch stands for a poll's body.
type pollPatch struct {
	Of  string   `json:"of"`            // id of the later poll
	In  []string `json:"in,omitempty"`  // who was there, and isn't by the later one
	Out []string `json:"out,omitempty"` // who wasn't, and is
}

// patchMark begins a patch; no poll's body begins so.
const patchMark = "~"

// patchOf is what stands for body beside the body of a later poll; ok is false
// if that would be no shorter, or not the same.
func patchOf(body, later []byte, laterID string) (patch []byte, ok bool) {
	var is, next attendance.PollReport
	if json.Unmarshal(body, &is) != nil || json.Unmarshal(later, &next) != nil {
		return nil, false
	}
	p := pollPatch{Of: laterID, In: without(is.People, next.People), Out: without(next.People, is.People)}
	text, err := json.Marshal(p)
	if err != nil {
		return nil, false
	}
	_, read, err := p.apply(next)
	return append([]byte(patchMark), text...), err == nil && string(read) == string(body) && len(text) < len(body)
}

// apply makes the poll of the one after it.
func (p pollPatch) apply(later attendance.PollReport) (attendance.PollReport, []byte, error) {
	is := attendance.PollReport{People: append(without(later.People, p.Out), p.In...), Interval: later.Interval}
	slices.Sort(is.People)
	body, err := json.Marshal(is)
	return is, body, err
}

// without are those of all who aren't among some. It is never nil.
func without(all, some []string) []string {
	gone := make(map[string]bool, len(some))
	for _, id := range some {
		gone[id] = true
	}
	rest := make([]string, 0, len(all))
	for _, id := range all {
		if !gone[id] {
			rest = append(rest, id)
		}
	}
	return rest
}

// unpatch gives rows of evidence the bodies that came. The rows of a meeting are
// in the order of time, the newest last, and none is left out between them.
func unpatch(rows []evidenceRow) error {
	bodies := map[string][]byte{}
	reports := map[string]attendance.PollReport{}
	for i := len(rows) - 1; i >= 0; i-- {
		row := &rows[i]
		if row.Source != string(attendance.Poll) {
			continue
		}
		var p pollPatch
		text, patched := strings.CutPrefix(string(row.Body), patchMark)
		if patched && json.Unmarshal([]byte(text), &p) == nil {
			later, read := reports[p.Of]
			if !read {
				if err := json.Unmarshal(bodies[p.Of], &later); err != nil {
					return fmt.Errorf("poll %s of %s: %w", row.ID, p.Of, err)
				}
			}
			var err error
			if reports[row.ID], row.Body, err = p.apply(later); err != nil {
				return fmt.Errorf("poll %s: %w", row.ID, err)
			}
			delete(reports, p.Of)
		}
		bodies[row.ID] = row.Body
	}
	return nil
}
