package lti

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

const (
	minRSABits  = 2048
	maxRSABits  = 8192 // more would only cost us time
	maxExponent = 4    // bytes
	p256Bytes   = 32   // of a coordinate
)

type publicKey struct {
	alg string // empty: the set doesn't say
	raw any    // *rsa.PublicKey or *ecdsa.PublicKey
}

// fits reports whether the key verifies signatures of alg.
func (k publicKey) fits(alg string) bool {
	return algorithms[alg].fits(k.raw) && (k.alg == "" || k.alg == alg)
}

// parseJWK reads one key of a set (RFC 7517, 4). Of its members only those are
// read that are needed to verify a signature: platforms write odd things into
// the others. The error says why the key is of no use for us; its kid is
// returned all the same, if it has one.
func parseJWK(text jsonText) (kid string, key publicKey, err error) {
	o, err := text.members(8)
	if err != nil {
		return "", publicKey{}, err
	}
	kid, _ = o.at("kid").text()
	switch {
	case kid == "":
		return "", publicKey{}, errors.New("it has no kid")
	case o.at("d") != nil:
		return kid, publicKey{}, errors.New("it isn't a public key: whoever reads it can sign")
	}
	if key.alg, err = permitted(o); err != nil {
		return kid, publicKey{}, err
	}
	key.raw, err = material(o)
	return kid, key, err
}

// material is an *rsa.PublicKey or an *ecdsa.PublicKey.
func material(o jsonObject) (any, error) {
	kty, _ := o.at("kty").text()
	switch kty {
	case "RSA":
		return rsaKey(o)
	case "EC":
		return p256Key(o)
	}
	return nil, fmt.Errorf("kty %.50q isn't RSA or EC", o.at("kty"))
}

// permitted is the key's alg, if it names one, or an error if the key says
// that it verifies no signatures (RFC 7517, 4.2 and 4.3). Empty texts and
// lists say nothing.
func permitted(o jsonObject) (alg string, err error) {
	if use, ok := o.at("use").text(); o.at("use") != nil && !ok || use != "" && use != "sig" {
		return "", fmt.Errorf("its use is %.50q, not sig", o.at("use"))
	}
	if operations := o.at("key_ops"); operations != nil {
		list, ok := operations.texts()
		if !ok || len(list) > 0 && !slices.Contains(list, "verify") {
			return "", fmt.Errorf("its key_ops %.100q don't have verify", operations)
		}
	}
	if v := o.at("alg"); v != nil {
		var ok bool
		if alg, ok = v.text(); !ok {
			return "", fmt.Errorf("its alg %.50q isn't a text", v)
		}
	}
	return alg, nil
}

// rsaKey reads n and e (RFC 7518, 6.3.1).
func rsaKey(o jsonObject) (*rsa.PublicKey, error) {
	n, err := number(o, "n", maxRSABits/8)
	if err != nil {
		return nil, err
	}
	e, err := number(o, "e", maxExponent)
	if err != nil {
		return nil, err
	}
	key := &rsa.PublicKey{N: n, E: int(e.Int64())}
	if !strong(key) {
		return nil, fmt.Errorf("a modulus of %d bits with exponent %d isn't safe", n.BitLen(), key.E)
	}
	return key, nil
}

// strong reports whether raw is a public key that may verify a token. A
// private or symmetric key isn't one, whoever published it.
func strong(raw any) bool {
	switch key := raw.(type) {
	case *rsa.PublicKey:
		bits := key.N.BitLen()
		return bits >= minRSABits && bits <= maxRSABits && key.E >= 3 && key.E%2 == 1
	case *ecdsa.PublicKey:
		return isP256(key)
	}
	return false
}

// p256Key reads a point on P-256, the only curve for which there is an
// algorithm (RFC 7518, 6.2.1).
func p256Key(o jsonObject) (*ecdsa.PublicKey, error) {
	if curve, _ := o.at("crv").text(); curve != "P-256" {
		return nil, fmt.Errorf("crv %.50q isn't P-256", o.at("crv"))
	}
	point := []byte{4} // uncompressed (SEC 1, 2.3.3)
	for _, name := range []string{"x", "y"} {
		coordinate, err := number(o, name, p256Bytes)
		if err != nil {
			return nil, err
		}
		point = append(point, coordinate.FillBytes(make([]byte, p256Bytes))...)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil, fmt.Errorf("x and y: %w", err)
	}
	return key, nil
}

// number reads a whole number of at most so many bytes (RFC 7518, 2:
// Base64urlUInt). Padding and the letters of plain base64 are taken as well.
func number(o jsonObject, name string, most int) (*big.Int, error) {
	text, _ := o.at(name).text()
	text = strings.TrimRight(text, "=")
	b, err := base64.RawURLEncoding.DecodeString(strings.NewReplacer("+", "-", "/", "_").Replace(text))
	if err != nil || len(b) == 0 {
		return nil, fmt.Errorf("%s isn't a number in base64url", name)
	}
	n := new(big.Int).SetBytes(b)
	if n.BitLen() > most*8 {
		return nil, fmt.Errorf("%s has more than %d bytes", name, most)
	}
	return n, nil
}
