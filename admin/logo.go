package admin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	_ "image/gif" // pictures that are taken
	_ "image/jpeg"
	"image/png"
	"slices"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // the one kind of these that Go has no decoder for
)

// Limits of a logo.
const (
	LogoMost = 512 << 10 // bytes of the file
	// logoPixels is what a picture may unfold to, and logoSide its sides: some 100 MB in memory while it is
	// made smaller, however few bytes the file has.
	logoPixels = 8 << 20
	logoSide   = 4096
	logoEdge   = 512 // pixels of the longer side that is kept
)

// logoKinds are the kinds of pictures that are taken.
var logoKinds = []string{"png", "jpeg", "gif", "webp"}

// decoding is how many pictures are made smaller at once, by all who upload.
var decoding = make(chan struct{}, 1)

// MakeLogo makes a picture anew, as PNG of at most 512 pixels, and names its
// digest: what else was in the file is gone. An *InvalidError of the field
// "logo" says why it can't be taken.
func MakeLogo(file []byte) (made []byte, digest string, err error) {
	switch {
	case len(file) == 0:
		return nil, "", Invalid("logo", "logo_none")
	case len(file) > LogoMost:
		return nil, "", Invalid("logo", "logo_large")
	}
	size, kind, err := image.DecodeConfig(bytes.NewReader(file))
	switch {
	case err != nil && isSVG(file):
		return nil, "", Invalid("logo", "logo_svg")
	case err != nil || !slices.Contains(logoKinds, kind) || size.Width < 1 || size.Height < 1:
		return nil, "", Invalid("logo", "logo_kind")
	case size.Width > logoSide || size.Height > logoSide || size.Width*size.Height > logoPixels:
		return nil, "", Invalid("logo", "logo_pixels")
	}
	decoding <- struct{}{}
	defer func() { <-decoding }()
	picture, _, err := image.Decode(bytes.NewReader(file)) // of a moving one the first picture
	if err != nil {
		return nil, "", Invalid("logo", "logo_kind")
	}
	var b bytes.Buffer
	if err := png.Encode(&b, smaller(picture)); err != nil {
		return nil, "", fmt.Errorf("write the picture: %w", err)
	}
	sum := sha256.Sum256(b.Bytes())
	return b.Bytes(), hex.EncodeToString(sum[:8]), nil
}

// smaller is a picture of which no side is longer than logoEdge.
func smaller(picture image.Image) image.Image {
	w, h := picture.Bounds().Dx(), picture.Bounds().Dy()
	if longer := max(w, h); longer > logoEdge {
		w, h = max(1, w*logoEdge/longer), max(1, h*logoEdge/longer)
	}
	to := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(to, to.Bounds(), picture, picture.Bounds(), draw.Src, nil)
	return to
}

// isSVG reports whether a file is a drawing in XML: it may have scripts, so
// none is taken.
func isSVG(file []byte) bool {
	return bytes.Contains(bytes.ToLower(file[:min(len(file), 4096)]), []byte("<svg"))
}
