package ltitest

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"time"
)

// A Request is one that reached an endpoint.
type Request struct {
	At       time.Time
	Endpoint Endpoint
	Method   string
	URL      string // path and query
	Header   http.Header
	Body     string
	Status   int // 0: the connection was closed
}

// maxRequests bounds the log; the oldest half goes first.
const maxRequests = 20000

// Requests returns what was asked of the LMS's endpoints, oldest first.
func (l *LMS) Requests(only ...Endpoint) []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	var requests []Request
	for _, r := range l.requests {
		if len(only) == 0 || slices.Contains(only, r.Endpoint) {
			requests = append(requests, r)
		}
	}
	return requests
}

// observed logs requests and makes them go wrong where that is asked for.
func (l *LMS) observed(e Endpoint, h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// With its body read, a request hears that its client has gone.
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "body too large or broken", http.StatusRequestEntityTooLarge)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		noted := &statusWriter{ResponseWriter: w}
		defer func() { l.note(e, r, body, noted.status) }()
		if f := l.faultAt(e); f != nil {
			f.serve(noted, r, h)
			return
		}
		h(noted, r)
	})
}

func (l *LMS) note(e Endpoint, r *http.Request, body []byte, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.requests) >= maxRequests {
		l.requests = slices.Clone(l.requests[maxRequests/2:])
	}
	l.requests = append(l.requests, Request{
		At: l.clock(), Endpoint: e, Method: r.Method, URL: r.URL.RequestURI(),
		Header: r.Header.Clone(), Body: string(body), Status: status,
	})
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// noteStatus notes the status of an answer that goes past the writer.
func noteStatus(w http.ResponseWriter, status int) {
	if noted, ok := w.(*statusWriter); ok {
		noted.status = status
	}
}
