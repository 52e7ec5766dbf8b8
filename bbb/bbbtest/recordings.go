package bbbtest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A recording belongs to one run; it has a presentation and a video.
type recording struct {
	id, meetingID, name string
	meta                map[string]string
	started, ended      time.Time
	ready               time.Time // processing until then
	participants        int
	unpublished         bool
	deleted             bool
	protected           bool
	tickets             map[string]string // one-time token → format
}

var formats = []string{"presentation", "video"}

const (
	presentationSize = 1 << 20
	videoSize        = 20 << 20
)

// makeRecording keeps what was recorded. Without a mark there is nothing to
// see, though raw data would lie on a real server for some days.
func (s *Server) makeRecording(m *meeting) {
	if !m.recorded {
		return
	}
	meta := maps.Clone(m.meta)
	meta["meetingId"], meta["meetingName"], meta["isBreakout"] = m.id, m.name, "false"
	people := map[string]bool{}
	for _, x := range m.sessions {
		if x.joined() {
			people[x.userID] = true
		}
	}
	s.recordings = append(s.recordings, &recording{
		id: m.internalID, meetingID: m.id, name: m.name, meta: meta, participants: len(people),
		started: m.created, ended: m.ended, ready: after(m.ended, s.o.RecordingDelay),
		protected: s.o.ProtectRecordings, tickets: map[string]string{},
	})
}

func (r *recording) state(now time.Time) string {
	switch {
	case r.deleted:
		return "deleted"
	case now.Before(r.ready):
		return "processing"
	case r.unpublished:
		return "unpublished"
	}
	return "published"
}

// list splits a parameter of the recording part, which is decoded once more
// than others: an id with % or + doesn't survive it.
func (p params) list(name string) []string {
	var values []string
	for value := range strings.SplitSeq(unescape(p.first(name)), ",") {
		if value = strings.TrimSpace(value); value != "" {
			values = append(values, value)
		}
	}
	return values
}

func (s *Server) getRecordings(c *call) answer {
	for name := range c.params {
		if strings.HasPrefix(name, "meta_") && c.params.first(name) == "" {
			return html(http.StatusInternalServerError) // it falls over an empty filter
		}
	}
	var entries []entry
	for _, r := range s.recordings {
		if !s.wanted(r, c.params) {
			continue
		}
		shown := formats
		if r.state(s.now()) == "processing" {
			shown = []string{""} // an entry without a format
		}
		for _, format := range shown {
			entries = append(entries, entry{r, format})
		}
	}
	total := len(entries)
	page, paged := c.params.page()
	if paged && s.o.Mode == Plain {
		entries = entries[min(page.offset, total):min(page.offset+page.limit, total)]
	}
	if len(entries) == 0 {
		return s.noRecordings()
	}
	return success(func(w *xmlWriter) {
		w.in("recordings", func() { s.writeEntries(w, entries) })
		if paged && s.o.Mode == Plain {
			page.write(w, total)
		}
	})
}

// An entry is what paging counts: one format of one recording. Those of one
// recording are put together only afterwards, so a page may split it.
type entry struct {
	r      *recording
	format string
}

func (s *Server) noRecordings() answer {
	return noted("noRecordings", "There are no recordings for the meeting(s).", func(w *xmlWriter) {
		if s.o.Release != "2.5" || s.o.Mode == Scalelite {
			w.WriteString("<recordings></recordings>\n")
		}
	})
}

// wanted is the filter of getRecordings.
func (s *Server) wanted(r *recording, p params) bool {
	meetings, records := p.list("meetingID"), p.list("recordID")
	if len(records) > 0 && s.o.Mode == Plain {
		meetings = nil // it wins
	}
	if len(meetings) > 0 && !slices.Contains(meetings, r.meetingID) {
		return false
	}
	prefix := func(id string) bool { return strings.HasPrefix(r.id, id) }
	if len(records) > 0 && !slices.ContainsFunc(records, prefix) {
		return false
	}
	states := p.list("state")
	if len(states) == 0 {
		states = []string{"published", "unpublished"}
	}
	state := r.state(s.now())
	if s.o.Mode == Scalelite && state == "processing" {
		return false // it knows finished ones only
	}
	if !slices.Contains(states, "any") && !slices.Contains(states, state) {
		return false
	}
	return s.metaMatches(r, p)
}

// metaMatches: plain servers want all filters to fit and know % at either end,
// Scalelite wants any of them, exactly, from a list.
func (s *Server) metaMatches(r *recording, p params) bool {
	filters, fits := 0, 0
	for name := range p {
		key, ok := strings.CutPrefix(name, "meta_")
		if !ok {
			continue
		}
		filters++
		value, has := r.meta[key]
		if !has {
			value, has = r.meta[strings.ToLower(key)]
		}
		want := p.first(name)
		switch {
		case !has:
		case s.o.Mode == Scalelite:
			if slices.Contains(strings.Split(want, ","), value) {
				fits++
			}
		case likes(value, want):
			fits++
		}
	}
	if s.o.Mode == Scalelite {
		return filters == 0 || fits > 0
	}
	return fits == filters
}

func likes(value, pattern string) bool {
	core, open := strings.CutPrefix(pattern, "%")
	core, more := strings.CutSuffix(core, "%")
	switch {
	case open && more:
		return strings.Contains(value, core)
	case open:
		return strings.HasSuffix(value, core)
	case more:
		return strings.HasPrefix(value, core)
	}
	return value == core
}

type page struct{ offset, limit int }

// page is what offset and limit ask for, within what the server allows.
func (p params) page() (page, bool) {
	limit, err := strconv.Atoi(p.text("limit"))
	if err != nil {
		return page{}, false
	}
	offset, _ := strconv.Atoi(p.text("offset")) // anything else is 0
	return page{max(offset, 0), min(max(limit, 1), 100)}, true
}

func (p page) write(w *xmlWriter, total int) {
	w.in("pagination", func() {
		w.in("pageable", func() {
			w.num("offset", int64(p.offset))
			w.num("limit", int64(p.limit))
			w.el("paged", "true")
			w.el("unpaged", "false")
		})
		w.num("totalElements", int64(total))
		w.bool("empty", total == 0)
	})
}

func (s *Server) writeEntries(w *xmlWriter, entries []entry) {
	for len(entries) > 0 {
		r := entries[0].r
		var shown []string
		for len(entries) > 0 && entries[0].r == r {
			if entries[0].format != "" {
				shown = append(shown, entries[0].format)
			}
			entries = entries[1:]
			if s.o.SplitRecordings {
				break
			}
		}
		w.in("recording", func() { s.writeRecording(w, r, shown) })
	}
}

func (s *Server) writeRecording(w *xmlWriter, r *recording, shown []string) {
	state := r.state(s.now())
	w.el("recordID", r.id)
	w.el("meetingID", r.meetingID)
	w.el("internalMeetingID", r.id)
	w.el("name", escapeXML.Replace(r.name)) // twice, as the real one
	w.el("isBreakout", "false")
	w.bool("published", state == "published")
	if s.o.ProtectRecordings {
		w.bool("protected", r.protected)
	}
	w.el("state", state)
	w.millis("startTime", r.started)
	w.millis("endTime", r.ended)
	w.num("participants", int64(r.participants))
	w.num("rawSize", presentationSize+videoSize)
	w.in("metadata", func() {
		for _, name := range slices.Sorted(maps.Keys(r.meta)) {
			w.el(name, r.meta[name])
		}
	})
	size := map[string]int64{"presentation": presentationSize, "video": videoSize}
	var total int64
	for _, format := range shown {
		total += size[format]
	}
	w.num("size", total)
	w.in("playback", func() {
		for _, format := range shown {
			w.in("format", func() { s.writeFormat(w, r, format) })
		}
	})
	w.el("data", "")
}

func (s *Server) writeFormat(w *xmlWriter, r *recording, format string) {
	w.el("type", format)
	if slices.Contains(s.o.NoAddress, format) {
		w.el("url", "")
	} else {
		w.el("url", s.playbackURL(r, format))
	}
	w.el("processingTime", "7177")
	w.num("length", int64(r.ended.Sub(r.started).Minutes()))
	if format == "video" {
		w.num("size", videoSize)
		return
	}
	w.num("size", presentationSize)
	if !r.protected {
		w.in("preview", func() {
			w.in("images", func() {
				w.WriteString(`<image width="176" height="136" alt="` + escapeXML.Replace(r.name) + `">` +
					s.page("/playback/thumb.png") + "</image>\n")
			})
		})
	}
}

// playbackURL is the address of a recording; of a protected one it's new at
// each call and works once.
func (s *Server) playbackURL(r *recording, format string) string {
	if r.protected {
		token := random(64)
		r.tickets[token] = format
		return s.page("/recording/" + r.id + "/" + format + "?token=" + token)
	}
	if format == "video" {
		return s.page("/playback/video/" + r.id + "/")
	}
	return s.page("/playback/presentation/2.3/" + r.id)
}

func (s *Server) recordingByID(id string) *recording {
	for _, r := range s.recordings {
		if r.id == id {
			return r
		}
	}
	return nil
}

// eachRecording runs do with the recordings that a call names and exist.
func (s *Server) eachRecording(c *call, do func(*recording)) (found int) {
	for _, id := range c.params.list("recordID") {
		if r := s.recordingByID(id); r != nil && !r.deleted {
			do(r)
			found++
		}
	}
	return found
}

var noRecording = problem{"notFound", "We could not find recordings"}

func (s *Server) publishRecordings(c *call) answer {
	publish := c.params.is("publish")
	if s.eachRecording(c, func(r *recording) { r.unpublished = !publish }) == 0 {
		return failure(noRecording)
	}
	return success(func(w *xmlWriter) { w.bool("published", publish) })
}

func (s *Server) deleteRecordings(c *call) answer {
	if s.eachRecording(c, func(r *recording) { r.deleted = true }) == 0 {
		return failure(noRecording)
	}
	return success(func(w *xmlWriter) { w.el("deleted", "true") })
}

func (s *Server) updateRecordings(c *call) answer {
	found := s.eachRecording(c, func(r *recording) {
		for name, value := range metadata(c.params) {
			if value == "" {
				delete(r.meta, name)
			} else {
				r.meta[name] = value
			}
		}
		if s.o.ProtectRecordings && c.params.has("protect") {
			r.protected = c.params.is("protect")
		}
	})
	if found == 0 && s.o.Mode == Scalelite {
		return success(func(w *xmlWriter) { w.el("updated", "false") })
	}
	if found == 0 {
		return failure(noRecording)
	}
	return success(func(w *xmlWriter) { w.el("updated", "true") })
}
