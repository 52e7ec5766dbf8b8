package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// assets are the static files by their hashed names, and those whose names
// stay, since platforms keep them.
type assets struct {
	files map[string][]byte // by path
	names map[string]string // plain name → path
}

func newAssets() (*assets, error) {
	a := &assets{files: map[string][]byte{}, names: map[string]string{}}
	err := fs.WalkDir(staticFiles, "static", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := staticFiles.ReadFile(file)
		if err != nil {
			return err
		}
		name := path.Base(file)
		sum := sha256.Sum256(content)
		ext := path.Ext(name)
		hashed := "/static/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		a.files[hashed], a.names[name] = content, hashed
		a.files["/static/"+name] = content
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("static files: %w", err)
	}
	return a, nil
}

// path is the address of a static file.
func (a *assets) path(name string) (string, error) {
	p, ok := a.names[name]
	if !ok {
		return "", fmt.Errorf("no static file %s", name)
	}
	return p, nil
}

func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	content, ok := a.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	keep := "public, max-age=31536000, immutable"
	if _, plain := a.names[path.Base(r.URL.Path)]; plain {
		keep = "public, max-age=3600"
	}
	w.Header().Set("Cache-Control", keep)
	http.ServeContent(w, r, path.Base(r.URL.Path), time.Time{}, bytes.NewReader(content))
}
