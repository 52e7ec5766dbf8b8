package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Look is what a tenant adds to our pages. The zero Look is ours.
type Look struct {
	StyleURL string // of a stylesheet by LookStyle; empty: our colours
	LogoURL  string // empty: no picture
	Name     string // of the tenant: what the picture shows
}

// The backgrounds of app.css on which the accent is read.
var (
	lightGrounds = []rgb{{0xff, 0xff, 0xff}, {0xf5, 0xf6, 0xf8}}
	darkGrounds  = []rgb{{0x14, 0x18, 0x1e}, {0x1d, 0x23, 0x2b}}
	inks         = []rgb{{0xff, 0xff, 0xff}, {0x0b, 0x0d, 0x12}} // text on the accent: the one that is read better
)

// LookStyle is the stylesheet of an accent, #rrggbb, and the hash that names
// it. However light or dark the colour is, text in it and on it can be read: of
// another lightness where it must be, of the same hue (WCAG 2.2, 1.4.3).
// It is empty for what is no colour.
func LookStyle(accent string) (css, hash string) {
	c, ok := parseColour(accent)
	if !ok {
		return "", ""
	}
	css = ":root{" + properties(legible(c, lightGrounds, -1), -1) + "}\n" +
		"@media screen and (prefers-color-scheme:dark){:root{" + properties(legible(c, darkGrounds, 1), 1) + "}}\n" +
		"@media (forced-colors:active){:root{--accent:LinkText;--bar:CanvasText}}\n" // as app.css has it
	sum := sha256.Sum256([]byte(css))
	return css, hex.EncodeToString(sum[:5])
}

// Readable are the accent as it is shown on light and dark pages.
func Readable(accent string) (light, dark string) {
	c, ok := parseColour(accent)
	if !ok {
		return "", ""
	}
	return legible(c, lightGrounds, -1).String(), legible(c, darkGrounds, 1).String()
}

// properties are the custom properties of app.css that are made of an accent, away
// from the background in the direction by.
func properties(c rgb, by float64) string {
	h, s, l := c.hsl()
	hover := fromHSL(h, s, min(max(l+by*.08, 0), 1))
	return fmt.Sprintf("--accent:%s;--accent-hover:%s;--on-accent:%s;--bar:%s", c, hover, onColour(c), c)
}

// leastContrast is that of text of any size.
const leastContrast = 4.5

// legible is c, or the nearest of its hue that is read on all grounds, lighter
// or darker as by says.
func legible(c rgb, grounds []rgb, by float64) rgb {
	h, s, l := c.hsl()
	for ; !readOn(c, grounds) && l >= 0 && l <= 1; l += by * .005 {
		c = fromHSL(h, s, l)
	}
	return c
}

func readOn(c rgb, grounds []rgb) bool {
	for _, g := range grounds {
		if contrast(c, g) < leastContrast {
			return false
		}
	}
	return true
}

// onColour is the ink that is read best on c.
func onColour(c rgb) rgb {
	best := inks[0]
	for _, ink := range inks[1:] {
		if contrast(c, ink) > contrast(c, best) {
			best = ink
		}
	}
	return best
}

type rgb struct{ r, g, b uint8 }

func (c rgb) String() string { return fmt.Sprintf("#%02x%02x%02x", c.r, c.g, c.b) }

func parseColour(text string) (rgb, bool) {
	digits, ok := strings.CutPrefix(text, "#")
	n, err := strconv.ParseUint(digits, 16, 32)
	if !ok || len(digits) != 6 || err != nil {
		return rgb{}, false
	}
	return rgb{uint8(n >> 16), uint8(n >> 8), uint8(n)}, true
}

// contrast is WCAG's ratio, from 1 to 21.
func contrast(a, b rgb) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + .05) / (min(x, y) + .05)
}

func (c rgb) luminance() float64 {
	part := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= .04045 {
			return x / 12.92
		}
		return math.Pow((x+.055)/1.055, 2.4)
	}
	return .2126*part(c.r) + .7152*part(c.g) + .0722*part(c.b)
}

// hsl is hue, saturation and lightness, each from 0 to 1.
func (c rgb) hsl() (h, s, l float64) {
	r, g, b := float64(c.r)/255, float64(c.g)/255, float64(c.b)/255
	most, least := max(r, g, b), min(r, g, b)
	l = (most + least) / 2
	d := most - least
	if d == 0 {
		return 0, 0, l
	}
	s = d / (1 - math.Abs(2*l-1))
	switch most {
	case r:
		h = math.Mod((g-b)/d+6, 6)
	case g:
		h = (b-r)/d + 2
	default:
		h = (r-g)/d + 4
	}
	return h / 6, s, l
}

func fromHSL(h, s, l float64) rgb {
	part := func(n float64) uint8 {
		k := math.Mod(n+h*12, 12)
		return uint8(math.Round(255 * (l - s*min(l, 1-l)*max(-1, min(k-3, 9-k, 1)))))
	}
	return rgb{part(0), part(8), part(4)}
}
