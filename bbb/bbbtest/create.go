package bbbtest

import (
	"encoding/base64"
	"encoding/xml"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// metaName is what a metadata parameter has to match as a whole: there is no
// underscore after the first one.
var metaName = regexp.MustCompile(`^meta_([a-zA-Z][a-zA-Z0-9-]*)$`)

func metadata(p params) map[string]string {
	meta := map[string]string{}
	for name := range p {
		if match := metaName.FindStringSubmatch(name); match != nil {
			meta[strings.ToLower(match[1])] = p.text(name)
		}
	}
	return meta
}

// create makes a meeting, or says that there is one: then nothing of it
// changes, whatever the call says.
func (s *Server) create(c *call) answer {
	for _, m := range s.meetings {
		if m.id == c.params.text("meetingID") {
			return s.createAgain(m, c)
		}
	}
	bridge := c.params.text("voiceBridge")
	for _, m := range s.meetings {
		if bridge != "" && strconv.Itoa(m.voiceBridge) == bridge {
			return failures(problem{"nonUniqueVoiceBridge", "The selected voice bridge is already in use."})
		}
	}
	m := s.newMeeting(c)
	s.meetings = append(s.meetings, m)
	s.o.Log.Info("meeting created", "meeting", m.internalID)
	return s.created(m, "", "")
}

func (s *Server) createAgain(m *meeting, c *call) answer {
	attendee, mod := c.params.text("attendeePW"), c.params.text("moderatorPW")
	same := attendee != "" && mod != "" && attendee == m.attendeePW && mod == m.moderatorPW
	neither := attendee == "" && mod == "" && s.o.Release != "2.5"
	if same || neither {
		return s.created(m, "duplicateWarning", "This conference was already in existence and may currently be in progress.")
	}
	return failure(problem{"idNotUnique", "A meeting already exists with that meeting ID. Please use a different meeting ID."})
}

func (s *Server) newMeeting(c *call) *meeting {
	// Create times grow strictly, so that internal ids differ.
	at := s.now().Truncate(time.Millisecond)
	if !at.After(s.lastCreate) {
		at = s.lastCreate.Add(time.Millisecond)
	}
	s.lastCreate = at
	id := c.params.text("meetingID")
	m := &meeting{
		id: id, internalID: hashed(id) + "-" + strconv.FormatInt(at.UnixMilli(), 10),
		name: c.params.text("name"), created: at, params: maps.Clone(c.params), meta: metadata(c.params),
		attendeePW: c.params.text("attendeePW"), moderatorPW: c.params.text("moderatorPW"),
	}
	if s.o.NoRecordings {
		delete(m.params, "record")
	}
	if s.o.Release == "2.5" {
		or(&m.attendeePW, random(8))
		or(&m.moderatorPW, random(8))
	}
	m.voiceBridge = m.number("voiceBridge", 10000+randomBelow(90000))
	m.documents = documents(c)
	if len(m.documents) == 0 || !m.is("preUploadedPresentationOverrideDefault", true) {
		m.documents = append(m.documents, Document{Name: "default.pdf"})
	}
	return m
}

func (s *Server) created(m *meeting, key, message string) answer {
	return noted(key, message, func(w *xmlWriter) {
		w.el("meetingID", m.id)
		w.el("internalMeetingID", m.internalID)
		w.el("parentMeetingID", "bbb-none")
		m.writePasswords(w)
		w.millis("createTime", m.created)
		w.num("voiceBridge", int64(m.voiceBridge))
		w.el("dialNumber", cmpOr(m.params.text("dialNumber"), "613-555-1234"))
		w.el("createDate", s.date(m.created))
		w.bool("hasUserJoined", !m.started().IsZero())
		w.num("duration", int64(m.number("duration", 0)))
		w.bool("hasBeenForciblyEnded", !m.ended.IsZero())
	})
}

// writePasswords leaves out those that don't exist.
func (m *meeting) writePasswords(w *xmlWriter) {
	if m.attendeePW != "" {
		w.el("attendeePW", m.attendeePW)
	}
	if m.moderatorPW != "" {
		w.el("moderatorPW", m.moderatorPW)
	}
}

// date is a time as Java prints it: for people, not to be parsed.
func (s *Server) date(t time.Time) string {
	return t.In(s.o.Zone).Format("Mon Jan 02 15:04:05 MST 2006")
}

func cmpOr(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// Document is one that came with create or insertDocument.
type Document struct {
	URL, Name                        string // Name: its filename
	Current, Downloadable, Removable string // as sent
	Data                             []byte // of one inside the call
}

type modules struct {
	Modules []struct {
		Name      string `xml:"name,attr"`
		Documents []struct {
			URL          string `xml:"url,attr"`
			Filename     string `xml:"filename,attr"`
			Name         string `xml:"name,attr"`
			Current      string `xml:"current,attr"`
			Downloadable string `xml:"downloadable,attr"`
			Removable    string `xml:"removable,attr"`
			Text         string `xml:",chardata"`
		} `xml:"document"`
	} `xml:"module"`
}

// documents reads the slides of a call. What can't be read is left out, as a
// failing document doesn't fail the call.
func documents(c *call) []Document {
	var list []Document
	if address := c.params.text("preUploadedPresentation"); address != "" {
		name := cmpOr(c.params.text("preUploadedPresentationName"), path.Base(address))
		list = append(list, Document{URL: address, Name: name})
	}
	var body modules
	if !slices.Contains(xmlTypes, c.mediaType()) || xml.Unmarshal(c.body, &body) != nil {
		return list
	}
	for _, module := range body.Modules {
		for _, d := range module.Documents {
			if module.Name != "presentation" {
				continue
			}
			data, _ := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(d.Text), ""))
			list = append(list, Document{
				URL: d.URL, Name: cmpOr(cmpOr(d.Filename, d.Name), path.Base(d.URL)),
				Current: d.Current, Downloadable: d.Downloadable, Removable: d.Removable, Data: data,
			})
		}
	}
	return list
}

func (s *Server) insertDocument(c *call) answer {
	m := s.find(c.params.text("meetingID"))
	if m == nil {
		a := success(func(w *xmlWriter) { w.el("message", "Meeting with id ["+c.params.text("meetingID")+"] not found.") })
		a.body, a.failed = strings.Replace(a.body, "SUCCESS", "FAILED", 1), true
		return a
	}
	m.documents = append(m.documents, documents(c)...)
	return success(func(w *xmlWriter) { w.el("message", "Presentation is being uploaded") })
}

func (s *Server) sendChatMessage(c *call) answer {
	m := s.find(c.params.text("meetingID"))
	if m == nil || !s.running(m) {
		return failure(problem{"meetingNotFound", "A meeting with that ID does not exist or is not running"})
	}
	m.chat = append(m.chat, chatLine{at: s.now(), name: cmpOr(c.params.text("userName"), "System"), text: c.params.text("message")})
	return noted("", "", func(*xmlWriter) {})
}
