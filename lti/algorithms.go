package lti

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// An algorithm verifies the signatures of one alg, with keys of one type.
type algorithm struct {
	verifier jws.Verifier
	fits     func(key any) bool
}

// algorithms are all that a registration may allow. "none" and the symmetric
// ones aren't there (1EdTech Security Framework 1.0, 5.1.1).
var algorithms = map[string]algorithm{
	"RS256": {mustVerifier(jwa.RS256), isRSA},
	"RS384": {mustVerifier(jwa.RS384), isRSA},
	"RS512": {mustVerifier(jwa.RS512), isRSA},
	"ES256": {mustVerifier(jwa.ES256), isP256},
}

func mustVerifier(alg jwa.SignatureAlgorithm) jws.Verifier {
	verifier, err := jws.NewVerifier(alg)
	if err != nil {
		panic(fmt.Sprintf("no verifier for %s: %v", alg, err))
	}
	return verifier
}

func isRSA(key any) bool {
	_, ok := key.(*rsa.PublicKey)
	return ok
}

func isP256(key any) bool {
	ec, ok := key.(*ecdsa.PublicKey)
	return ok && ec.Curve == elliptic.P256()
}
