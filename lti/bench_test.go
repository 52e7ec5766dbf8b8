package lti

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"net/url"
	"testing"

	"crypto"
)

// BenchmarkLogin is one login initiation, from parameters to redirect.
func BenchmarkLogin(b *testing.B) {
	w, v := newWorld(b), loginValues()
	b.ReportAllocs()
	for b.Loop() {
		request, err := ParseLoginRequest(v)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := w.tool.Login(b.Context(), request); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLaunch is one launch with a token of Moodle's size and a warm key
// set.
func BenchmarkLaunch(b *testing.B) {
	w := newWorld(b)
	a := w.begin(b)
	claims := moodleToken(b, "id_token_teacher.json")
	maps.Copy(claims, a.claims)
	a.claims = claims
	a.mustLaunch(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.tool.Launch(b.Context(), a.response); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSignature is the least that a launch costs.
func BenchmarkSignature(b *testing.B) {
	key := rsaKeys()[0]
	text := make([]byte, 4000)
	sum := sha256.Sum256(text)
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		sum := sha256.Sum256(text)
		if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkClaims is the parsing of a token of Moodle's size.
func BenchmarkClaims(b *testing.B) {
	w := newWorld(b)
	a := w.begin(b)
	claims := moodleToken(b, "id_token_teacher.json")
	maps.Copy(claims, a.claims)
	payload, err := json.Marshal(claims)
	if err != nil {
		b.Fatal(err)
	}
	state, err := openState(stateKey, a.response.State)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		claims, err := parseClaims(payload)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := w.tool.checkClaims(claims, *w.registration(), state, testNow); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkScore is one delivery to a platform without a network between.
func BenchmarkScore(b *testing.B) {
	g, s, _ := newGrades(b, fakeAnswer{status: 200})
	score := Score{UserID: "5", Timestamp: testNow, ScoreGiven: 1, ScoreMaximum: 1}
	b.ReportAllocs()
	for b.Loop() {
		if err := g.post(moodleItem, score); err != nil {
			b.Fatal(err)
		}
		s.asked = s.asked[:0]
	}
}

// BenchmarkDeepLinking is one signed answer.
func BenchmarkDeepLinking(b *testing.B) {
	d := DeepLinking{Keys: oneKey{testKey(b)}, Now: (&clock{at: testNow}).now}
	answer := goodAnswer()
	b.ReportAllocs()
	for b.Loop() {
		token, err := d.Response(b.Context(), answer)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := url.Parse(token); err != nil {
			b.Fatal(err)
		}
	}
}
