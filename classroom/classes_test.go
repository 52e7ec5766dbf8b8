package classroom

import "github.com/bbbridge/bbbridge/bbb"

func testServer(id, secret string) Server {
	return Server{ID: id, Name: id, Server: bbb.Server{URL: "https://" + id + "/api", Secret: bbb.Secret(secret)}}
}
