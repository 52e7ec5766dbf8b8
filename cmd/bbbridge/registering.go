package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/configs"
	"github.com/bbbridge/bbbridge/lti"
	"github.com/bbbridge/bbbridge/store"
	"github.com/bbbridge/bbbridge/web"
)

// registeringMost is how many platforms are asked at a time while they register.
const registeringMost = 8

// newRegistering wires what registers platforms by link.
func newRegistering(cfg configs.Config, db *store.DB, client *http.Client, now func() time.Time, log *slog.Logger, observe func(string, string, time.Duration)) *admin.Registering {
	return &admin.Registering{
		Store: db, PublicURL: cfg.PublicURL, Now: now, Log: log, Most: make(chan struct{}, registeringMost),
		Platforms: registrar(sync.OnceValue(func() *lti.Registrar { return newRegistrar(cfg, db, client, now, observe) })),
	}
}

// A registrar is made when the first platform registers: our names in all
// languages are for it alone.
type registrar func() *lti.Registrar

func (r registrar) Look(ctx context.Context, configuration string, token lti.RegistrationToken) (lti.Offer, error) {
	return r().Look(ctx, configuration, token)
}

func (r registrar) Register(ctx context.Context, o lti.Offer, token lti.RegistrationToken, known *lti.Client) (lti.Registered, error) {
	return r().Register(ctx, o, token, known)
}

func (r registrar) Asks(o lti.Offer) lti.Features { return r().Asks(o) }

// newRegistrar has no custom parameters in its card: nothing reads any that all
// links of a platform could have.
func newRegistrar(cfg configs.Config, db *store.DB, client *http.Client, now func() time.Time, observe func(string, string, time.Duration)) *lti.Registrar {
	card := lti.Card{Texts: map[string]lti.CardTexts{}, IconURL: cfg.PublicURL + web.StaticPath + "icon-128.png", HomeURL: cfg.PublicURL + "/"}
	for language, texts := range web.Translations("card.name", "card.about", "card.open", "card.choose") {
		card.Texts[language] = lti.CardTexts{Name: texts[0], Description: texts[1], Open: texts[2], Choose: texts[3]}
	}
	return &lti.Registrar{
		HTTP: client, PublicURL: cfg.PublicURL, InsecureLoopback: cfg.Loopback(), Card: card, Now: now, Observe: observe,
		Tokens: &lti.Tokens{HTTP: client, Keys: db, Now: now, Observe: observe},
	}
}
