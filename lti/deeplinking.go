package lti

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Errors of an answer that the request doesn't accept.
var (
	ErrTooManyItems = errors.New("the platform takes one item only")
	ErrLinksRefused = errors.New("the platform takes no LTI links")

	errNoReturnURL = errors.New("the settings have no return URL")
)

const (
	deepLinkingLife  = 5 * time.Minute
	typeResourceLink = "ltiResourceLink"
)

// AcceptsLinks reports whether the request may be answered with LTI links.
func (s DeepLinkingSettings) AcceptsLinks() bool {
	return slices.Contains(s.AcceptTypes, typeResourceLink)
}

// emptyCancels reports whether the platform is one that was seen to take an
// answer without items for "nothing was chosen", and to close its dialogue
// (Moodle 4.5.6). Others take it for "erase what was chosen" (Open edX) or for
// an error (Chamilo 1.11.32, WordPress), so whoever isn't known gets none.
func emptyCancels(p PlatformInfo) bool { return p.Family == "moodle" }

// A ContentItem is a link to be made at the platform.
type ContentItem struct {
	URL      string            `json:"url,omitempty"` // launch URL; Chamilo needs it
	Title    string            `json:"title,omitempty"`
	Text     string            `json:"text,omitempty"`
	Icon     *Icon             `json:"icon,omitempty"`
	Window   *Window           `json:"window,omitempty"`
	Custom   map[string]string `json:"custom,omitempty"` // comes back, signed, with each launch
	LineItem *ItemLineItem     `json:"lineItem,omitempty"`
}

// An Icon is a picture that the platform may show beside a link. Width and
// height are in pixels.
type Icon struct {
	URL    string `json:"url"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// A Window is where a link opens.
type Window struct {
	TargetName string `json:"targetName"`
}

// An ItemLineItem asks for a gradebook column together with a link.
type ItemLineItem struct {
	Label        string  `json:"label,omitempty"`
	ScoreMaximum float64 `json:"scoreMaximum"` // above 0
	ResourceID   string  `json:"resourceId,omitempty"`
	Tag          string  `json:"tag,omitempty"`
}

// A DeepLinkingAnswer ends a deep linking request. Without items it cancels.
type DeepLinkingAnswer struct {
	Registration Registration
	DeploymentID string
	Settings     DeepLinkingSettings
	Items        []ContentItem
	// What the platform may show to the person, or keep in its log.
	Message, Log, ErrorMessage, ErrorLog string
}

// DeepLinking signs answers to deep linking requests.
type DeepLinking struct {
	Keys signers
	Now  func() time.Time
}

// Response is the JWT that the browser posts to Settings.ReturnURL, in a form
// field named "JWT" (Deep Linking 2.0, 3.4). It is ErrTooManyItems or
// ErrLinksRefused for items that the request doesn't take.
func (d *DeepLinking) Response(ctx context.Context, a DeepLinkingAnswer) (string, error) {
	if err := a.validate(); err != nil {
		return "", fmt.Errorf("answer to deep linking: %w", err)
	}
	key, err := d.Keys.KeyFor(ctx, a.Registration)
	if err != nil {
		return "", fmt.Errorf("signing key: %w", err)
	}
	now := d.Now()
	claims := map[string]any{
		"iss":             a.Registration.ClientID,
		"aud":             a.Registration.Issuer, // one string: Chamilo compares it so
		"iat":             now.Unix(),
		"exp":             now.Add(deepLinkingLife).Unix(),
		"nonce":           random(),
		"jti":             random(),
		claimDeploymentID: a.DeploymentID,
		claimMessageType:  deepLinkingResponse,
		claimVersion:      ltiVersion,
		claimDLItems:      a.items(),
	}
	if a.Settings.Data != nil {
		claims[claimDLData] = a.Settings.Data
	}
	for name, text := range map[string]string{
		claimDLMsg: a.Message, claimDLLog: a.Log, claimDLErrorMsg: a.ErrorMessage, claimDLErrorLog: a.ErrorLog,
	} {
		if text != "" {
			claims[name] = text
		}
	}
	return key.sign(claims)
}

func (a DeepLinkingAnswer) validate() error {
	switch {
	case a.Settings.ReturnURL == "":
		return errNoReturnURL
	case len(a.Items) > 0 && !a.Settings.AcceptsLinks():
		return ErrLinksRefused
	case len(a.Items) > 1 && !a.Settings.AcceptMultiple:
		return ErrTooManyItems
	}
	for _, item := range a.Items {
		if l := item.LineItem; l != nil && (!(l.ScoreMaximum > 0) || !finite(l.ScoreMaximum)) {
			return fmt.Errorf("line item of %q: its maximum is %v", item.Title, l.ScoreMaximum)
		}
	}
	return nil
}

// A typedItem is a ContentItem on the wire.
type typedItem struct {
	Type string `json:"type"`
	ContentItem
}

func (a DeepLinkingAnswer) items() []typedItem {
	items := make([]typedItem, 0, len(a.Items)) // not null, also when empty
	for _, item := range a.Items {
		if a.Settings.RefuseLineItems {
			item.LineItem = nil
		}
		items = append(items, typedItem{Type: typeResourceLink, ContentItem: item})
	}
	return items
}
