package lti

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

const maxIDToken = 64 << 10

var errSignature = errors.New("no key of the platform made this signature")

// A signedToken is an id_token taken apart; nothing of it is trusted yet.
type signedToken struct {
	alg, kid  string
	signed    string // header.payload, as signed
	payload   []byte
	signature []byte
}

// splitToken makes checks V5 to V7 on a compact JWS (RFC 7515, 7.1).
func splitToken(token IDToken, r Registration) (signedToken, error) {
	if token == "" {
		return signedToken{}, refuse(CodeIDTokenMissing, "the form has no id_token")
	}
	parts := strings.SplitN(string(token), ".", 4)
	if len(parts) != 3 || len(token) > maxIDToken {
		return signedToken{}, refuse(CodeIDTokenMalformed, "%d bytes, %d parts", len(token), len(parts))
	}
	var decoded [3][]byte
	for i, part := range parts {
		b, err := base64URL.DecodeString(part)
		if err != nil {
			return signedToken{}, refuse(CodeIDTokenMalformed, "part %d: %w", i+1, err)
		}
		decoded[i] = b
	}
	header, err := parseJSONObject(decoded[0], 8)
	if err != nil {
		return signedToken{}, refuse(CodeIDTokenMalformed, "header: %w", err)
	}
	t := signedToken{
		signed:    string(token[:len(parts[0])+1+len(parts[1])]),
		payload:   decoded[1],
		signature: decoded[2],
	}
	if t.alg, err = tokenAlg(header, r); err != nil {
		return signedToken{}, err
	}
	if t.kid, _ = header.at("kid").text(); t.kid == "" {
		return signedToken{}, refuse(CodeKidMissing, "the header has no kid")
	}
	return t, nil
}

// tokenAlg makes check V6. Of the header only alg and kid are ever used, never
// a key or the address of one (jwk, jku, x5c, x5u).
func tokenAlg(header jsonObject, r Registration) (string, error) {
	alg, _ := header.at("alg").text()
	if !r.accepts(alg) {
		return "", refuse(CodeAlgNotAllowed, "alg %.100q", header.at("alg")).with("RS256", string(header.at("alg")))
	}
	if typ, ok := header.at("typ").text(); header.at("typ") != nil && (!ok || !strings.EqualFold(typ, "JWT")) {
		return "", refuse(CodeAlgNotAllowed, "typ %.100q", header.at("typ"))
	}
	for _, name := range []string{"crit", "zip", "enc"} {
		if header.has(name) {
			return "", refuse(CodeAlgNotAllowed, "the header has %s", name)
		}
	}
	return alg, nil
}

// verify makes checks V8 and V9, with the keys of the registration that the
// state names. Not by the token's own iss: it isn't trusted yet.
func (t *Tool) verify(ctx context.Context, token signedToken, r Registration) error {
	q := keyQuery{platform: r.Name, address: r.JWKSURL, kid: token.kid, insecure: t.InsecureLoopback}
	found, err := t.KeySets.find(ctx, q)
	if err != nil {
		return t.unverified(token, err)
	}
	if err = token.signedBy(found.keys); err == nil {
		return nil
	}
	anew, fetchErr := t.KeySets.findAnew(ctx, q, found)
	switch {
	case fetchErr == nil:
		err = token.signedBy(anew.keys)
	case errors.Is(fetchErr, errUnknownKid):
		err = fetchErr
	case !errors.Is(fetchErr, errNotAnew): // that proves nothing against the keys that we have
		err = fmt.Errorf("%w; the key set can't be fetched anew: %w", err, fetchErr)
	}
	return t.unverified(token, err)
}

// signedBy tries all of the keys: see keySet.
func (t signedToken) signedBy(keys []publicKey) error {
	err := errWrongAlg
	for _, key := range keys {
		if !key.fits(t.alg) {
			continue
		}
		err = algorithms[t.alg].verifier.Verify([]byte(t.signed), t.signature, key.raw)
		if err == nil {
			return nil
		}
		err = fmt.Errorf("%w: %w", errSignature, err)
	}
	return err
}

// unverified is the refusal for what find or signedBy says.
func (t *Tool) unverified(token signedToken, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errSignature):
		return refuse(CodeSignatureInvalid, "kid %.200q: %w", token.kid, err)
	case errors.Is(err, errUnknownKid):
		return refuse(CodeKidUnknown, "kid %.200q: %w", token.kid, err).with("", token.kid)
	case errors.Is(err, errWrongAlg):
		return refuse(CodeAlgNotAllowed, "alg %s, kid %.200q: %w", token.alg, token.kid, err)
	}
	return refuse(CodeJWKSUnavailable, "%w", err)
}
