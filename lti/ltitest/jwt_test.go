package ltitest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// The token and key of RFC 7515, appendix A.2.
const (
	rfcToken = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
	rfcKey   = `{"keys":[{"kty":"RSA","kid":"a2","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}]}`
)

func TestVerify(t *testing.T) {
	keys, err := parseKeySet([]byte(rfcKey))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parseToken(rfcToken)
	if err != nil || parsed.claim("iss") != "joe" {
		t.Fatalf("%v: %v", err, parsed.claims)
	}
	if err := parsed.verify(keys[0].public); err != nil {
		t.Errorf("the RFC's token: %v", err)
	}
	parsed.signed = strings.Replace(parsed.signed, ".e", ".f", 1)
	if parsed.verify(keys[0].public) == nil {
		t.Error("a changed payload is accepted")
	}
}

func TestParseToken(t *testing.T) {
	part := func(s string) string { return b64.EncodeToString([]byte(s)) }
	good := part(`{"alg":"RS256"}`)
	for name, jwt := range map[string]string{
		"two parts":        good + "." + good,
		"five parts":       good + "." + good + "..." + good,
		"padding":          good + "." + good + "=.AAAA",
		"a list":           good + "." + part(`[]`) + ".AAAA",
		"null":             good + "." + part(`null`) + ".AAAA",
		"a member twice":   good + "." + part(`{"aud":"a","aud":"b"}`) + ".AAAA",
		"more than JSON":   good + "." + part(`{} {}`) + ".AAAA",
		"signature of tar": good + "." + good + ".*",
		"far too long":     good + "." + part(`{"a":"`+strings.Repeat("x", maxToken)+`"}`) + ".AAAA",
	} {
		if _, err := parseToken(jwt); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestParseKeySet(t *testing.T) {
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal([]byte(rfcKey), &set); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(map[string]any){
		"no kid":         func(k map[string]any) { delete(k, "kid") },
		"private":        func(k map[string]any) { k["d"] = "AQAB" },
		"another alg":    func(k map[string]any) { k["alg"] = "RS512" },
		"no modulus":     func(k map[string]any) { delete(k, "n") },
		"1024 bits":      func(k map[string]any) { k["n"] = k["n"].(string)[:172] },
		"exponent of 1":  func(k map[string]any) { k["e"] = "AQ" },
		"huge exponent":  func(k map[string]any) { k["e"] = "AQAAAAAAAAAAAQ" },
		"even exponent":  func(k map[string]any) { k["e"] = "AQAA" },
		"padded modulus": func(k map[string]any) { k["n"] = k["n"].(string) + "==" },
	} {
		key := map[string]any{}
		for member, value := range set.Keys[0] {
			key[member] = value
		}
		change(key)
		raw, err := json.Marshal(map[string]any{"keys": []any{key}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseKeySet(raw); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	twice := strings.Replace(rfcKey, "[", "["+rfcKey[9:len(rfcKey)-2]+",", 1)
	for name, raw := range map[string]string{"a kid twice": twice, "no keys": `{"keys":[]}`, "half": rfcKey[:40]} {
		if _, err := parseKeySet([]byte(raw)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	others := strings.Replace(rfcKey, "[", `[{"kty":"EC","kid":"x"},{"kty":"RSA","use":"enc","kid":"y"},`, 1)
	if keys, err := parseKeySet([]byte(others)); err != nil || len(keys) != 1 {
		t.Errorf("keys of other kinds: %v, %d keys", err, len(keys))
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add(rfcToken)
	f.Add("e30.e30.")
	f.Fuzz(func(t *testing.T, jwt string) {
		parsed, err := parseToken(jwt)
		if err != nil {
			return
		}
		if parsed.header == nil || parsed.claims == nil || !strings.HasPrefix(jwt, parsed.signed+".") {
			t.Errorf("parseToken(%q) = %+v", jwt, parsed)
		}
		_ = parsed.fresh(time.Unix(0, 0), 0, 0)
	})
}

func FuzzParseKeySet(f *testing.F) {
	f.Add([]byte(rfcKey))
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"a","n":"","e":"AQAB"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		keys, err := parseKeySet(raw)
		for _, key := range keys {
			if err != nil || key.public.N.BitLen() < 2048 || key.kid == "" {
				t.Errorf("parseKeySet(%q): key %q", raw, key.kid)
			}
		}
	})
}
