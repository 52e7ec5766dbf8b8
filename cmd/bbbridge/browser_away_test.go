//go:build browser

package main

import (
	"strings"
	"testing"

	"github.com/bbbridge/bbbridge/configs"
)

// A launch that the database fails goes on by itself when it is back, in the
// platform's frame as in a window.
func TestLaunchGoesOnByItself(t *testing.T) {
	var path string
	w := newWorld(t, worldOptions{host: "localhost", config: func(c *configs.Config) { path, _ = strings.CutPrefix(string(c.Database), "sqlite:") }})
	link := w.link()
	browser := newChrome(t, "{}")
	free := locked(t, path)
	window := browser.open(w.lms.URL() + "/as/anna/links/" + link.ID + "/open")
	window.until("it is said", says("We can't look things up right now."))
	window.shot("away-window")
	course := frame{browser.open(w.lms.URL() + "/as/ben/links/" + link.ID)}
	course.until("it is said in the frame", says("We can't look things up right now."))
	course.shot("away-frame")
	free()
	course.until("Ben's page", says("Ben Okafor"))
	window.front()
	window.until("the teacher's page", says("Start class"))
}
