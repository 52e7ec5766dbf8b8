package ltitest

import (
	"net/http"
	"net/url"
)

// framePage shows an activity in a frame, as most courses do.
func (l *LMS) framePage(w http.ResponseWriter, r *http.Request) {
	s, _, _, ok := l.enter(w, r, "")
	link, found := l.FindLink(r.PathValue("link"))
	if !ok {
		return
	}
	if !found {
		l.notFound(w)
		return
	}
	path := s.Person.Path + "links/" + url.PathEscape(link.ID) + "/open"
	s.Title = link.Title
	l.showFrame(w, framePage{
		shell: s, Name: link.Title, Source: path + "?frame=1", Allow: allow(link.TargetLinkURI), Window: path,
	})
}

// addPage is the dialog in which a teacher chooses content.
func (l *LMS) addPage(w http.ResponseWriter, r *http.Request) {
	s, _, _, ok := l.enter(w, r, "")
	if !ok {
		return
	}
	tool, found := l.FindTool(r.PathValue("tool"))
	if !found || !s.Course.Teaches {
		l.notFound(w)
		return
	}
	s.Title = "Add a classroom"
	l.showFrame(w, framePage{
		shell: s, Name: s.Title, Source: s.Course.Path + "/add/" + tool.ID + "/open?frame=1", Allow: allow(tool.LaunchURL),
	})
}

func (l *LMS) showFrame(w http.ResponseWriter, page framePage) {
	l.pages.show(w, http.StatusOK, "frame", page)
}

// allow is what Moodle 4.5 grants the tool's origin in its frame: no
// display-capture, and nothing for other origins.
func allow(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	var policy string
	for _, feature := range []string{"microphone", "camera", "geolocation", "midi", "encrypted-media", "autoplay"} {
		policy += feature + " " + site(u) + "; "
	}
	return policy[:len(policy)-2]
}

// openLink begins a launch: a page that posts the login initiation.
func (l *LMS) openLink(w http.ResponseWriter, r *http.Request) {
	_, p, _, ok := l.enter(w, r, "")
	if !ok {
		return
	}
	begun, err := l.beginLink(r.PathValue("link"), p.ID, r.URL.Query().Has("frame"), LaunchOptions{})
	l.sendInitiation(w, begun, err)
}

// openDeepLinking begins the choice of content.
func (l *LMS) openDeepLinking(w http.ResponseWriter, r *http.Request) {
	s, p, c, ok := l.enter(w, r, "")
	if !ok {
		return
	}
	if !s.Course.Teaches {
		l.notFound(w)
		return
	}
	begun, err := l.beginDeepLinking(c.ID, r.PathValue("tool"), p.ID, r.URL.Query().Has("frame"), LaunchOptions{})
	l.sendInitiation(w, begun, err)
}

func (l *LMS) sendInitiation(w http.ResponseWriter, begun initiation, err error) {
	if err != nil {
		l.notFound(w)
		return
	}
	l.pages.autoSubmit(w, autoSubmitPage{
		shell: l.shell(""), Action: begun.Action, Method: begun.Method, Fields: begun.Fields,
	})
}

// returnedPage is launch_presentation.return_url. With a message it shows it;
// without one it goes back to the course, out of any frame.
func (l *LMS) returnedPage(w http.ResponseWriter, r *http.Request) {
	s, _, _, ok := l.enter(w, r, "")
	if !ok {
		return
	}
	query := r.URL.Query()
	page := returnedPage{shell: s, Message: query.Get("lti_msg"), Back: s.Course.Path}
	if message := query.Get("lti_errormsg"); message != "" {
		page.Message, page.Wrong = message, true
	}
	l.pages.show(w, http.StatusOK, "returned", page)
}
