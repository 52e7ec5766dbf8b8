// Package web is what people see: the templates, the stylesheet and its
// tokens, the texts in each language, and the structs that the templates
// take. It knows neither HTTP requests nor the domain: a handler fills a
// struct with what it has decided, and Render shows it.
//
// Pages need a policy no wider than default-src 'none'; style-src 'self';
// script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action
// 'self' and, where a form's answer leads there, the platform and
// BigBlueButton: no page has inline scripts or styles, or files of others.
package web

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"sync"
)

// Pages renders all pages in all languages. Several goroutines may use it.
type Pages struct {
	locales map[string]*locale
	staff   map[string]*locale // with the texts and pages of staff
	assets  map[string]asset
	buffers sync.Pool
}

// New reads templates and texts in English. Any other language is read when it
// is first asked for: a school speaks one or two, and each takes a megabyte.
func New() (*Pages, error) {
	assets, err := readAssets()
	if err != nil {
		return nil, err
	}
	p := &Pages{
		locales: map[string]*locale{},
		staff:   map[string]*locale{},
		assets:  assets,
		buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
	for _, name := range Locales() {
		p.locales[name], p.staff[name] = &locale{name: name}, &locale{name: name}
	}
	_, err = p.locale(English)
	return p, err
}

// locale is the one of that name, or English. An error is a programmer's
// mistake in a template or text, and the same each time.
func (p *Pages) locale(name string) (*locale, error) {
	l, ok := p.locales[name]
	if !ok {
		l = p.locales[English]
	}
	l.reading.Do(func() { l.broken = l.readAll(p.Asset) })
	return l, l.broken
}

func (l *locale) readAll(asset func(string) string) (err error) {
	if l.tag, l.messages, err = readMessages("locales/" + l.name + ".toml"); err != nil {
		return err
	}
	if err := l.learn(); err != nil {
		return err
	}
	if l.pages, err = l.readPages(forAll, asset); err != nil {
		return fmt.Errorf("locale %s: %w", l.name, err)
	}
	return nil
}

// Render writes a page; which one says the type of page, one of this
// package's structs or a pointer to one. locale is one of Locales, else it is
// English. Nothing is written if the page can't be rendered.
func (p *Pages) Render(w io.Writer, locale string, page any) error {
	return p.RenderFor(w, locale, Visitor{}, page)
}

// RenderFor is Render for a page that names its visitor.
func (p *Pages) RenderFor(w io.Writer, locale string, visitor Visitor, page any) error {
	return p.RenderIn(w, locale, Look{}, visitor, page)
}

// RenderIn is RenderFor for a page that looks as its tenant wants.
func (p *Pages) RenderIn(w io.Writer, locale string, look Look, visitor Visitor, page any) error {
	l, err := p.locale(locale)
	if err != nil {
		return err
	}
	return p.write(w, l, sheet{Look: look, Visitor: visitor, Page: page})
}

// write writes a sheet whole or not at all.
func (p *Pages) write(w io.Writer, l *locale, s sheet) error {
	kind := reflect.TypeOf(s.Page)
	if kind != nil && kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	t, ok := l.pages[kind]
	if !ok {
		return fmt.Errorf("no page takes a %T", s.Page)
	}
	buffer := p.buffers.Get().(*bytes.Buffer)
	defer p.buffers.Put(buffer)
	buffer.Reset()
	if err := t.Execute(buffer, s); err != nil {
		return fmt.Errorf("page %s: %w", kind.Name(), err)
	}
	_, err := w.Write(buffer.Bytes())
	return err
}

// Text is one message. data may be nil; its Count chooses the plural. An
// unknown id says itself.
func (p *Pages) Text(locale, id string, data Data) string {
	l, err := p.locale(locale)
	return l.plain(id, data, err)
}

// plain is a message as text; an unknown id says itself.
func (l *locale) plain(id string, data Data, err error) string {
	m := l.messages[id]
	if err != nil || m == nil {
		return id
	}
	if n, ok := data["Count"].(int); ok {
		return asText(l.form(m, float64(n)), data)
	}
	return asText(m.forms[0], data)
}
