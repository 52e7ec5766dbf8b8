package bbbtest

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

//go:embed pages
var files embed.FS

var templates = template.Must(template.ParseFS(files, "pages/*.html"))

// frame is what every page has.
type frame struct{ Root, Title string }

func (s *Server) frame(title string) frame { return frame{s.root, title} }

// A notice says one thing.
type notice struct {
	frame
	Text, Refresh, Link string
}

// servePage answers what lies beside the API: the client, recordings and a
// start page.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request, at string) {
	switch {
	case at == "/html5client/join" && r.Method == http.MethodGet:
		s.openClient(w, r)
	case at == "/html5client/live" && r.Method == http.MethodGet:
		s.lookClient(w, r)
	case at == "/html5client/gone" && r.Method == http.MethodPost:
		s.goneClient(w, r)
	case at == "/html5client/act" && r.Method == http.MethodPost:
		s.actClient(w, r)
	case strings.HasPrefix(at, "/html5client/"):
		http.ServeFileFS(w, r, files, "pages/"+path.Base(at))
	case at == "/playback/thumb.png":
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(thumbnail) // the client may have gone
	case strings.HasPrefix(at, "/playback/"), strings.HasPrefix(at, "/recording/"):
		s.play(w, r, at)
	case at == "/" || at == "":
		s.start(w, r)
	default:
		html(http.StatusNotFound).write(w)
	}
}

// thumbnail is a picture of one grey point.
var thumbnail, _ = base64.StdEncoding.DecodeString( // a constant: can't fail
	"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGPaBgAA2ADXVGSYDgAAAABJRU5ErkJggg==")

// show writes a page. People are never shown one in somebody's frame.
func (s *Server) show(w http.ResponseWriter, status int, name string, data any) {
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, name, data); err != nil {
		s.o.Log.Error("page not written", "code", name, "err", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy",
		"default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'")
	w.Header().Set("Referrer-Policy", "no-referrer")
	answer{status: status, contentType: "text/html; charset=utf-8", body: page.String()}.write(w)
}

var tags = regexp.MustCompile(`<[^>]*>`)

// plainText is a text of limited HTML without its tags.
func plainText(text string) string {
	text = regexp.MustCompile(`(?i)<br\s*/?>`).ReplaceAllString(text, "\n")
	return strings.TrimSpace(tags.ReplaceAllString(text, ""))
}

// startPage lists what there is on the server.
type startPage struct {
	frame
	Errors     []shownError
	Now, Past  []shownMeeting
	Recordings []shownRecording
}

type shownError struct{ Key, Message string }

type shownMeeting struct {
	Name, When, Names string
	People            int
	Running, Ending   bool
}

type shownRecording struct {
	Name, When, State, Presentation, Video string
	Published                              bool
}

func (s *Server) start(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	page := startPage{frame: s.frame("Classes on this server")}
	if text := r.URL.Query().Get("errors"); text != "" {
		_ = json.Unmarshal([]byte(text), &page.Errors) // nonsense shows nothing
	}
	for _, m := range s.meetings {
		names := []string{}
		for _, t := range s.tiles(m, &session{}) {
			names = append(names, t.Name)
		}
		page.Now = append(page.Now, shownMeeting{
			Name: m.name, When: "since " + s.clock(m.created), Names: strings.Join(names, ", "),
			People: len(m.people()), Running: len(names) > 0 && m.ended.IsZero(), Ending: !m.ended.IsZero(),
		})
	}
	for _, m := range s.past {
		came := map[string]bool{}
		for _, x := range m.sessions {
			if x.joined() {
				came[x.userID] = true
			}
		}
		page.Past = append(page.Past, shownMeeting{Name: m.name, When: s.between(m.created, m.ended), People: len(came)})
	}
	slices.Reverse(page.Past)
	page.Past = page.Past[:min(len(page.Past), 10)]
	page.Recordings = s.shownRecordings()
	s.show(w, http.StatusOK, "start.html", page)
}

func (s *Server) shownRecordings() []shownRecording {
	var list []shownRecording
	for _, r := range slices.Backward(s.recordings) {
		if r.deleted {
			continue
		}
		state := r.state(s.now())
		list = append(list, shownRecording{
			Name: r.name, When: s.between(r.started, r.ended), State: state,
			Published:    state == "published" && !r.protected,
			Presentation: s.root + "/playback/presentation/2.3/" + r.id, Video: s.root + "/playback/video/" + r.id + "/",
		})
	}
	return list
}

func (s *Server) clock(t time.Time) string { return t.In(s.o.Zone).Format("15:04") }

func (s *Server) between(from, to time.Time) string {
	return from.In(s.o.Zone).Format("2 January 15:04") + "–" + s.clock(to)
}

type playback struct {
	frame
	Kind, When, Length string
	People             int
}

// play shows a recording. A protected one wants a ticket, which it uses up;
// an address that isn't published is a 404 as of files that aren't there.
func (s *Server) play(w http.ResponseWriter, r *http.Request, at string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	kind, id := "presentation", path.Base(at)
	switch {
	case strings.HasPrefix(at, "/playback/video/"):
		kind = "video"
	case strings.HasPrefix(at, "/recording/"):
		id, kind = path.Base(path.Dir(at)), path.Base(at)
	}
	rec := s.recordingByID(id)
	if rec == nil || rec.state(s.now()) != "published" || !slices.Contains(formats, kind) || !rec.admits(at, kind, r) {
		s.show(w, http.StatusNotFound, "notice.html", notice{
			frame: s.frame("No recording here"), Text: "It isn't published, or this address has been used. Open it from your course.",
		})
		return
	}
	length := rec.ended.Sub(rec.started).Truncate(time.Second)
	s.show(w, http.StatusOK, "playback.html", playback{
		frame: s.frame(cmp.Or(rec.meta["name"], rec.meta["bbb-recording-name"], rec.name)), Kind: kind,
		When: s.between(rec.started, rec.ended), Length: time.Time{}.Add(length).Format("15:04:05"), People: rec.participants,
	})
}

// admits uses up the ticket of a protected recording.
func (r *recording) admits(at, kind string, req *http.Request) bool {
	if !r.protected {
		return !strings.HasPrefix(at, "/recording/")
	}
	token := req.URL.Query().Get("token")
	if !strings.HasPrefix(at, "/recording/") || r.tickets[token] != kind {
		return false
	}
	delete(r.tickets, token)
	return true
}
