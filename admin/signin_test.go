package admin

import (
	"context"
	"errors"
	"testing"
)

// people are accounts by their addresses, as a store has them.
type people struct {
	accountStore
	of map[string]Staff
}

func (p people) StaffByEmail(_ context.Context, email string) (Staff, error) {
	s, ok := p.of[email]
	if !ok {
		return Staff{}, ErrNotFound
	}
	return s, nil
}

func (p people) StaffByID(ctx context.Context, id string) (Staff, error) {
	return p.StaffByEmail(ctx, id)
}

func (people) BeginSignIn(context.Context, SignIn) error { return nil }

func (people) RecordRefused(context.Context, Entry) error { return nil }

// counted is hashes that tell how many were made.
func counted(t *testing.T) (h hashes, made *int) {
	h, made = make(hashes), new(int)
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	go func() {
		for {
			select {
			case <-h:
				*made++
				h <- struct{}{}
			case <-done:
				return
			}
		}
	}()
	return h, made
}

// Whoever tries costs one hash, neither more nor less: time tells nobody which
// accounts there are.
func TestSignInCostsTheSame(t *testing.T) {
	const right = "a sentence as a password"
	hash := newHashes().of(right)
	for _, test := range []struct {
		name, email, password string
		want                  error
		hashes                int
	}{
		{"right", "ann", right, nil, 1},
		{"wrong", "ann", "wrong", ErrWrong, 1},
		{"empty", "ann", "", ErrWrong, 1},
		{"too long", "ann", string(make([]byte, passwordMost+1)), ErrWrong, 1},
		{"no account", "eve", right, ErrWrong, 1},
		{"no address", "", right, ErrWrong, 1},
		{"no password chosen", "new", right, ErrWrong, 1},
		{"no password chosen, and none given", "new", "", ErrWrong, 1},
		{"a hash that can't be read", "odd", right, ErrWrong, 1},
		{"tried too often", "slow", right, ErrTooManyTry, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			accounts := NewAccounts(people{of: map[string]Staff{
				"ann": {ID: "ann", Password: hash}, "new": {ID: "new"}, "odd": {ID: "odd", Password: "$argon2id$v=19$m=1,t=1,p=1$x"}, "slow": {ID: "slow", Password: hash},
			}}, "", nil, nil)
			accounts.Now = clockAt(noon)
			for range triesAccount {
				accounts.tries.allow(noon, "slow", "192.0.2.1", "")
			}
			h, made := counted(t)
			accounts.hashes = h
			in, err := accounts.Enter(t.Context(), test.email, test.password, From{Address: "192.0.2.9"})
			if !errors.Is(err, test.want) || (err == nil) != (in.Cookie != "") {
				t.Errorf("signed in: %v %v, want %v", in, err, test.want)
			}
			if *made != test.hashes {
				t.Errorf("%d hashes were made, want %d", *made, test.hashes)
			}
		})
	}
}

func TestWrongPassword(t *testing.T) {
	for password, want := range map[string]string{
		"":              "short",
		"elevensigns":   "short",
		"twelve signs":  "",
		"éééééééééééà":  "common", // two signs
		"zwölf Zeichen": "",
		"😀😃😄😁😆😅🤣😂🙂🙃😉😊": "",
		"passwordpassword":           "common",
		"PassWord1234":               "common",
		"  password1234  ":           "common",
		"abcabcabcabc":               "common",
		"abcdabcdabcdab":             "common",
		"ann@school.example":         "common",
		"ann1234567890!":             "common",
		"ann and her bicycle":        "",
		"correct horse battery":      "",
		string(make([]byte, 257)):    "long",
		"no rule asks for 1 sign or": "",
	} {
		if got := WrongPassword(password, "ann@school.example"); got != want {
			t.Errorf("WrongPassword(%q) = %q, want %q", password, got, want)
		}
	}
	if got := WrongPassword("twelve signs", ""); got != "" {
		t.Errorf("without an address: %q", got)
	}
}
