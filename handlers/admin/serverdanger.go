package admin

import (
	"github.com/bbbridge/bbbridge/admin"
	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/web"
)

// What is asked once more before it is done to a server.

// editedServer is the server of the address, for who may change it.
func (p *Pages) editedServer(c *call) (admin.ServerCard, error) {
	if err := c.by.May(admin.EditServers, ""); err != nil {
		return admin.ServerCard{}, err
	}
	return p.Servers.Find(c.ctx(), c.by, c.Param("server"))
}

// confirmedServer is editedServer for who has shown that it is them. Whom ask has
// answered, since they haven't, gets none.
func (p *Pages) confirmedServer(c *call, ask func(wrong string) error) (admin.ServerCard, error) {
	card, err := p.editedServer(c)
	if err != nil {
		return card, err
	}
	wrong, err := p.confirm(c)
	if err != nil {
		return admin.ServerCard{}, err
	}
	if wrong != "" {
		return admin.ServerCard{}, ask(wrong)
	}
	return card, nil
}

func (p *Pages) serverSecret(c *call) error { return p.secretPage(c, "", nil, true) }

func (p *Pages) secretPage(c *call, wrong string, fields map[string]string, keep bool) error {
	card, err := p.editedServer(c)
	if err != nil {
		return err
	}
	at := serverAt(card.ID)
	return p.danger(c, web.Servers, web.DangerPage{
		What: "server_secret", Name: card.Name, URL: at + "/secret", BackURL: at, Wrong: wrong,
		Fields: []web.Field{
			{Kind: "secret", Name: "server_secret", Max: 500, Wrong: fields["server_secret"], Focus: true},
			{Kind: "check", Name: "server_keep", On: keep},
		},
	})
}

// setServerSecret changes the secret, and looks whether the server takes it.
func (p *Pages) setServerSecret(c *call) error {
	keep := c.PostForm("server_keep") != ""
	card, err := p.confirmedServer(c, func(wrong string) error { return p.secretPage(c, wrong, nil, keep) })
	if card.ID == "" || err != nil {
		return err
	}
	err = p.Servers.SetSecret(c.ctx(), c.by, card.ID, bbb.Secret(typed(c.Context, "server_secret")), keep)
	if wrong := invalid(err); wrong != nil {
		return p.secretPage(c, "", wrong, keep)
	}
	if err != nil {
		return err
	}
	if _, err := p.Servers.CheckAgain(c.ctx(), c.by, card.ID); err != nil {
		return err
	}
	return see(c.Context, query(serverAt(card.ID), "said", "secret"))
}

func (p *Pages) confirmForget(c *call) error { return p.forgetPage(c, "") }

func (p *Pages) forgetPage(c *call, wrong string) error {
	card, err := p.editedServer(c)
	if err != nil {
		return err
	}
	at := serverAt(card.ID)
	return p.danger(c, web.Servers, web.DangerPage{What: "server_forget", Name: card.Name, URL: at + "/forget", BackURL: at, Wrong: wrong})
}

func (p *Pages) forgetSecrets(c *call) error {
	card, err := p.confirmedServer(c, func(wrong string) error { return p.forgetPage(c, wrong) })
	if card.ID == "" || err != nil {
		return err
	}
	if err := p.Servers.ForgetSecrets(c.ctx(), c.by, card.ID); err != nil {
		return err
	}
	return see(c.Context, query(serverAt(card.ID), "said", "forgotten"))
}

func (p *Pages) confirmServerRemove(c *call) error { return p.serverRemovePage(c, "") }

func (p *Pages) serverRemovePage(c *call, wrong string) error {
	card, err := p.Servers.Parting(c.ctx(), c.by, c.Param("server"))
	if err != nil {
		return err
	}
	at := serverAt(card.ID)
	return p.danger(c, web.Servers, web.DangerPage{
		What: "server_remove", Name: card.Name, URL: at + "/remove", BackURL: at, Wrong: wrong,
		Counts: []web.DangerCount{{ID: "running", N: len(card.Use.Running)}, {ID: "rooms", N: card.Use.Rooms}},
	})
}

func (p *Pages) removeServer(c *call) error {
	card, err := p.confirmedServer(c, func(wrong string) error { return p.serverRemovePage(c, wrong) })
	if card.ID == "" || err != nil {
		return err
	}
	if _, err := p.Servers.Remove(c.ctx(), c.by, card.ID); err != nil {
		return err
	}
	return see(c.Context, "/admin/servers?said=removed")
}
