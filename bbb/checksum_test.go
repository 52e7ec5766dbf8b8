package bbb

import (
	"net/http"
	"strings"
	"testing"
)

type vector struct {
	Call, Method, Query, QueryWithoutChecksum, HashedQuery, Secret, Algorithm string
	Placement, Checksum, ContentType, ChecksumIn, Note, ServerSupports        string
	Accepted, ChecksumAccepted                                                bool
	Violations                                                                map[string]string
}

// What the server's own code accepted must be what we would send; what it
// refused must not.
func TestSignAgainstServer(t *testing.T) {
	var vectors []vector
	sharedJSON(t, "checksum/vectors.json", &vectors)
	if len(vectors) != 74 {
		t.Fatalf("%d vectors", len(vectors))
	}
	for _, v := range vectors {
		algorithm, err := ParseAlgorithm(v.Algorithm)
		if err != nil { // md5
			if v.Accepted {
				t.Errorf("%s: an algorithm we don't know is accepted", v.Algorithm)
			}
			continue
		}
		s := Server{Secret: Secret(v.Secret), Algorithm: algorithm}
		ours := s.sign(v.Call, v.QueryWithoutChecksum)
		switch {
		case v.Accepted:
			if !strings.HasSuffix(ours, "checksum="+strings.ToLower(v.Checksum)) {
				t.Errorf("%s %s: ours is %s", v.Call, v.Query, ours)
			}
			if v.Placement == "last" && v.Checksum == strings.ToLower(v.Checksum) && strings.Count(v.Query, "checksum=") == 1 && ours != v.Query {
				t.Errorf("%s: sign = %s, want %s", v.Call, ours, v.Query)
			}
		case strings.Contains(v.ServerSupports, v.Algorithm):
			if ours == v.Query {
				t.Errorf("%s %s: we'd send what is refused (%s)", v.Call, v.Query, v.Note)
			}
		}
	}
}

// Ours is the only form with a body that every version takes: parameters and
// checksum in the query, application/xml.
func TestPostsAgainstServer(t *testing.T) {
	var vectors []vector
	sharedJSON(t, "checksum/post-content-types.json", &vectors)
	accepted := 0
	for _, v := range vectors {
		if v.ChecksumIn != "query" || v.HashedQuery == "" {
			continue
		}
		s := Server{Secret: Secret(v.Secret), Algorithm: Algorithm(v.Algorithm)}
		if ours := s.sign(v.Call, v.HashedQuery); v.ChecksumAccepted && ours != v.Query {
			t.Errorf("%s: sign = %s, want %s", v.Call, ours, v.Query)
		}
		if v.Call == "create" && v.ContentType == "application/xml" {
			accepted++
			if !v.Accepted {
				t.Errorf("create with %s is refused: %v", v.ContentType, v.Violations)
			}
		}
	}
	if accepted == 0 {
		t.Error("no create with application/xml among the vectors")
	}
	client, calls := server(t, http.StatusOK, string(shared(t, "bbb/official/create.xml")))
	_, err := client.Create(t.Context(), CreateRequest{MeetingID: "room", Name: "Room", Slides: []Document{{URL: "https://t.example/a.pdf"}}})
	if err != nil || (*calls)[0].Method != http.MethodPost || (*calls)[0].ContentType != "application/xml" {
		t.Errorf("create with slides: %v, %+v", err, *calls)
	}
}

// The table of vectors in the API facts, V1 to V15.
func TestSignVectors(t *testing.T) {
	const zoe = "fullName=%C3%89lodie+M%C3%BCller&meetingID=course-42&role=VIEWER&userID=u-7f3a"
	for _, test := range []struct {
		name, call, query string
		algorithm         Algorithm
		want              string
	}{
		{"V2a", "getMeetingInfo", "meetingID=course-42", SHA1, "5f7fa79f4ef2147d8aa7d5e199e27ecb45759c1d"},
		{"V2b", "getMeetingInfo", "meetingID=course-42", "", "3059337b8e79140a7852d3ddcac8c0dc6cb8a80f2a55a1c11e01043ec9b216fd"},
		{"V2c", "getMeetingInfo", "meetingID=course-42", SHA384, "276c2dc897984b339de59d006da230c3c63465bdbd8bfb2b80835e4a6150e81d4d6642b6ca5b882e76a255afea0548d8"},
		{"V2d", "getMeetingInfo", "meetingID=course-42", SHA512, "15f30ad767e17a3f41142269e231eeac280f94297c9c17f153dfaa685831b478c798706fc6ea7b37b163e7e5c40cae92acfe50f1e522bf797773588c554edf69"},
		{"V3a", "create", "meetingID=course-42&name=Intro+to+Law", SHA256, "539c886bf8649697f2241e36e3387aaf9cbabc27867fdfc94310d70cd75e772d"},
		{"V3b", "create", "meetingID=course-42&name=Intro%20to%20Law", SHA256, "a219eaa4b25b1de8c6d40814deaab8e3770bd11bc4d15adfcd7501c65167da6a"},
		{"V4a", "join", zoe, SHA256, "e488bc86fe99cba1cc7d954959be1388122d63b27b58d7fc0b060ee87966ada9"},
		{"V4b", "join", strings.NewReplacer("%C3%89", "%c3%89", "%C3%BC", "%c3%bc").Replace(zoe), SHA256, "c072c90118332673e2b7717130714dc09ddfb31d056ff2a6ff51f019b0fd95b5"},
		{"V5", "join", "userID=u-7f3a&role=VIEWER&meetingID=course-42&fullName=%C3%89lodie+M%C3%BCller", SHA256, "4637800a4e861fd3ef418b18653cad7546160e14902f305c25a2ffe0b39de5f1"},
		{"V6", "getMeetings", "", SHA256, "e7ba0696d8aff0616288b57082b93403280b0bd9e9d5bcf67d6b6e5f3f39de80"},
		{"V7", "create", "meetingID=course-42&name=Intro+to+Law&welcome=", SHA256, "ebf201ba04e994c6c08d15175653a53630f12cd631f773d50fa4a5ca6f391bf1"},
		{"V8", "create", "meetingID=course-42&meta_analytics-callback-url=https%3A%2F%2Ftool.example.org%2Fbbb%2Fevents%3Ft%3DAb-9_x&name=Intro+to+Law", SHA256, "f5b18c8bc8294e983eb354185d01a8d19b56f58543340d6c2d1067c8afca0dc1"},
		{"V9a", "create", "disabledFeatures=polls&disabledFeatures=chat&meetingID=course-42&name=Intro+to+Law", SHA256, "adf7294e0f7dfcf1a9380d9a3b4b9542c41f9dc7900f26e7283f8ca71c6cdab1"},
		{"V9b", "create", "disabledFeatures=polls%2Cchat&meetingID=course-42&name=Intro+to+Law", SHA256, "8c029992c402c6faa942fee27fa34692c6707674c5efa0bd2d06ad569546efdc"},
		{"V10", "getRecordings", "meetingID=course-42%2Ccourse-43&offset=0&limit=25&state=any", SHA256, "6d16a644667a14576c4cbd27b09eb238f947597d4b6a692a83b898a7515e7d89"},
		{"V11", "hooks/create", "callbackURL=https%3A%2F%2Ftool.example.org%2Fbbb%2Fhook&meetingID=course-42", SHA1, "0e11528e326d47e82560bc7f62f585770314bc54"},
		{"V12", "insertDocument", "meetingID=course-42", SHA256, "49110d7024cc103d84670b3d4ef732a55dfa7eaa8a515ef23776fc8a2d73d099"},
		{"V13", "create", "", SHA256, "40d420f394e79107bafa134342d9576e03678a43d3c9a0e3e7466b2bbdd51cdb"},
		{"V14 webhook 3.x", "https://tool.example.org/bbb/hook", "domain=bbb.example.org&event=%5B%7B%22data%22%3A%7B%22type%22%3A%22event%22%2C%22id%22%3A%22meeting-ended%22%2C%22attributes%22%3A%7B%22meeting%22%3A%7B%22internal-meeting-id%22%3A%22abc-1%22%2C%22external-meeting-id%22%3A%22course-42%22%7D%7D%2C%22event%22%3A%7B%22ts%22%3A1700000000000%7D%7D%7D%5D&timestamp=1700000000123", SHA1, "7f9257a5dc1e410066ef0df83632f8280301675d"},
		{"V15 webhook 2.6", "https://tool.example.org/bbb/hook", `{"event":"[{\"data\":{\"type\":\"event\",\"id\":\"meeting-ended\",\"attributes\":{\"meeting\":{\"internal-meeting-id\":\"abc-1\",\"external-meeting-id\":\"course-42\"}},\"event\":{\"ts\":1700000000000}}}]","timestamp":1700000000123,"domain":"bbb.example.org"}`, SHA1, "ae86e40fea648aea80ad173dd73dd89c8b3d263f"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := Server{Secret: " " + testSecret + "\r\n", Algorithm: test.algorithm} // as pasted
			want := test.query + "&checksum=" + test.want
			if test.query == "" {
				want = "checksum=" + test.want
			}
			if got := s.sign(test.call, test.query); got != want {
				t.Errorf("sign = %s\nwant   %s", got, want)
			}
		})
	}
	documented := Server{Secret: "639259d4-9dd8-4b25-bf01-95f9567eaf4b", Algorithm: SHA1}
	const v1 = "name=Test+Meeting&meetingID=abc123&attendeePW=111222&moderatorPW=333444"
	if got := documented.sign("create", v1); got != v1+"&checksum=1fcbb0c4fc1f039f73aa6d697d2db9ba7f803f17" {
		t.Errorf("V1: %s", got)
	}
}
