package handlers

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/bbbridge/bbbridge/web"
)

// awayAgain is when somebody whom the database has failed tries again, in
// seconds; pages do so a little later each, so that they don't come all at once.
const awayAgain = 5

// goesIn are forms by which somebody is on their way into a room or a class:
// they wait before the page, so it goes on by itself. What others send may be
// no longer wanted.
var goesIn = []string{"/lti/login", "/lti/launch", "/lti/window", "/rooms/:room/start", "/rooms/:room/join"}

// onceMore is the request as a page can make it again: an address by itself, a
// form with all that was entered. It is nil for a form that can't be read.
func onceMore(c *gin.Context) *web.Again {
	again := &web.Again{URL: c.Request.URL.RequestURI(), Seconds: awayAgain + rand.IntN(awayAgain)} // #nosec G404 -- spreads a load
	if c.Request.Method != http.MethodPost {
		return again
	}
	if c.Request.PostForm == nil {
		if err := readForm(c, formLimit); err != nil {
			return nil
		}
	}
	again.Form = true
	if !slices.Contains(goesIn, c.FullPath()) {
		again.Seconds = 0
	}
	for _, name := range slices.Sorted(maps.Keys(c.Request.PostForm)) {
		for _, value := range c.Request.PostForm[name] {
			again.Fields = append(again.Fields, web.Hidden{Name: name, Value: value})
		}
	}
	return again
}
