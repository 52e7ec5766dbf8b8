package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var staticFiles embed.FS

// StaticPath is where Static has to be mounted.
const StaticPath = "/static/"

// An asset is one file of the folder static.
type asset struct {
	body        []byte
	contentType string
	hashed      string // its name with a hash of its content
}

// readAssets reads the folder static; keys are plain and hashed names.
func readAssets() (map[string]asset, error) {
	assets := map[string]asset{}
	entries, err := fs.ReadDir(staticFiles, "static")
	if err != nil {
		return nil, fmt.Errorf("static files: %w", err)
	}
	for _, entry := range entries {
		name := entry.Name()
		body, err := staticFiles.ReadFile("static/" + name)
		if err != nil {
			return nil, fmt.Errorf("static file %s: %w", name, err)
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(name)
		a := asset{body: body, contentType: contentType(ext)}
		a.hashed = strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:5]) + ext
		assets[name], assets[a.hashed] = a, a
	}
	return assets, nil
}

func contentType(ext string) string {
	switch ext { // not of the machine's own table, which may say anything
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(ext)
}

// Asset is the address of a file of the folder static, with a hash of its
// content, so that it may be kept for ever. It panics for a name that there
// isn't: that's a programmer's mistake.
func (p *Pages) Asset(name string) string {
	a, ok := p.assets[name]
	if !ok {
		panic("web: no static file " + name)
	}
	return StaticPath + a.hashed
}

// Static serves the files below StaticPath: a hashed name for ever, a plain
// name (/static/icon-128.png) for an hour.
func (p *Pages) Static() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, StaticPath)
		a, ok := p.assets[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		header := w.Header()
		header.Set("Content-Type", a.contentType)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("ETag", `"`+a.hashed+`"`)
		header.Set("Cache-Control", "public, max-age=3600")
		if name == a.hashed {
			header.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
	})
}
