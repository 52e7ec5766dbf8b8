package bbbtest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// An answer is what a call says back.
type answer struct {
	status      int
	contentType string
	location    string
	cookie      *http.Cookie
	body        string
	key         string // messageKey
	failed      bool
}

// A problem is why a call is refused.
type problem struct{ key, message string }

var escapeXML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")

// xmlWriter writes one element a line, as BigBlueButton's templates do.
type xmlWriter struct{ strings.Builder }

func (w *xmlWriter) el(name, value string) {
	w.WriteString("<" + name + ">" + escapeXML.Replace(value) + "</" + name + ">\n")
}

func (w *xmlWriter) num(name string, n int64) { w.el(name, strconv.FormatInt(n, 10)) }

func (w *xmlWriter) bool(name string, b bool) { w.el(name, strconv.FormatBool(b)) }

// millis writes a time in ms since 1970, and 0 for none.
func (w *xmlWriter) millis(name string, t time.Time) { w.num(name, millis(t)) }

func (w *xmlWriter) in(name string, content func()) {
	w.WriteString("<" + name + ">\n")
	content()
	w.WriteString("</" + name + ">\n")
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// success is an answer with returncode SUCCESS.
func success(content func(w *xmlWriter)) answer {
	var w xmlWriter
	w.in("response", func() {
		w.el("returncode", "SUCCESS")
		content(&w)
	})
	return answer{status: http.StatusOK, contentType: "text/xml", body: w.String()}
}

// noted is success with a messageKey and a message at its end.
func noted(key, message string, content func(w *xmlWriter)) answer {
	a := success(func(w *xmlWriter) {
		content(w)
		w.el("messageKey", key)
		w.el("message", message)
	})
	a.key = key
	return a
}

// failure is the usual shape of an error: HTTP 200 and one messageKey.
func failure(p problem) answer {
	var w xmlWriter
	w.in("response", func() {
		w.el("returncode", "FAILED")
		w.el("messageKey", p.key)
		w.el("message", p.message)
	})
	return answer{status: http.StatusOK, contentType: "text/xml", body: w.String(), key: p.key, failed: true}
}

// failures is the other shape, of getRecordings and of voice bridges.
func failures(p problem) answer {
	var w xmlWriter
	w.in("response", func() {
		w.el("returncode", "FAILED")
		w.in("errors", func() {
			w.in("error", func() {
				w.el("key", p.key)
				w.el("message", p.message)
			})
		})
	})
	return answer{status: http.StatusOK, contentType: "text/xml", body: w.String(), key: p.key, failed: true}
}

// html is a page of the web server in front, not of the API.
func html(status int) answer {
	text := http.StatusText(status)
	return answer{
		status: status, contentType: "text/html; charset=utf-8", failed: true,
		body: "<html><head><title>" + strconv.Itoa(status) + " " + text + "</title></head><body><h1>" + text + "</h1></body></html>\n",
	}
}

// jsonText is v as compact JSON, without HTML escapes.
func jsonText(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("bbbtest: " + err.Error()) // our own structs: can't happen
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// write sends a to w.
func (a answer) write(w http.ResponseWriter) {
	if a.cookie != nil {
		http.SetCookie(w, a.cookie)
	}
	w.Header().Set("Content-Type", a.contentType)
	w.Header().Set("Cache-Control", "no-cache")
	if a.location != "" {
		w.Header().Set("Location", a.location)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write([]byte(a.body)) // the client may have gone
}
