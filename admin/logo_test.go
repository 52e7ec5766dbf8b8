package admin

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"
)

func encoded(t *testing.T, w, h int, encode func(*bytes.Buffer, image.Image) error) []byte {
	t.Helper()
	m := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Transparent, color.NRGBA{R: 200, G: 30, B: 40, A: 255}})
	for i := range m.Pix {
		m.Pix[i] = uint8(i % 2)
	}
	var b bytes.Buffer
	if err := encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(b *bytes.Buffer, m image.Image) error  { return png.Encode(b, m) }
func asGIF(b *bytes.Buffer, m image.Image) error  { return gif.Encode(b, m, nil) }
func asJPEG(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) }

// tinyWebP is one pixel, lossless.
var tinyWebP = []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00")

// sized is a PNG that says it is of another size.
func sized(file []byte, w, h uint32) []byte {
	file = bytes.Clone(file)
	binary.BigEndian.PutUint32(file[16:], w)
	binary.BigEndian.PutUint32(file[20:], h)
	sum := crc32.ChecksumIEEE(file[12:29])
	binary.BigEndian.PutUint32(file[29:], sum)
	return file
}

func TestMakeLogo(t *testing.T) {
	small := encoded(t, 20, 10, asPNG)
	for _, test := range []struct {
		name string
		file []byte
		w, h int
		why  string
	}{
		{"a small PNG stays as large", small, 20, 10, ""},
		{"a GIF", encoded(t, 30, 30, asGIF), 30, 30, ""},
		{"a JPEG", encoded(t, 30, 30, asJPEG), 30, 30, ""},
		{"a WebP", tinyWebP, 1, 1, ""},
		{"a wide one gets smaller", encoded(t, 2000, 100, asPNG), 512, 25, ""},
		{"a high one gets smaller", encoded(t, 3, 4096, asPNG), 1, 512, ""},
		{"what follows the picture is gone", append(bytes.Clone(small), "<script>"...), 20, 10, ""},
		{"nothing", nil, 0, 0, "logo_none"},
		{"too large", append(bytes.Clone(small), make([]byte, LogoMost)...), 0, 0, "logo_large"},
		{"a drawing", []byte(`<?xml version="1.0"?> <SVG xmlns="http://www.w3.org/2000/svg"/>`), 0, 0, "logo_svg"},
		{"no picture", []byte("%PDF-1.4"), 0, 0, "logo_kind"},
		{"half a picture", small[:len(small)-20], 0, 0, "logo_kind"},
		{"too long a side", sized(small, 4097, 1), 0, 0, "logo_pixels"},
		{"too many pixels, before they are made", sized(small, 4096, 4096), 0, 0, "logo_pixels"},
		{"more than there can be", sized(small, 1<<31-1, 1<<31-1), 0, 0, "logo_kind"},
	} {
		t.Run(test.name, func(t *testing.T) {
			made, digest, err := MakeLogo(test.file)
			var invalid *InvalidError
			if errors.As(err, &invalid) {
				if invalid.Fields["logo"] != test.why {
					t.Errorf("refused as %q, want %q", invalid.Fields["logo"], test.why)
				}
				return
			}
			if err != nil || test.why != "" {
				t.Fatalf("error is %v, want %q", err, test.why)
			}
			m, err := png.Decode(bytes.NewReader(made))
			if err != nil || m.Bounds().Dx() != test.w || m.Bounds().Dy() != test.h || len(digest) != 16 || bytes.Contains(made, []byte("script")) {
				t.Errorf("%v, %v, %q", err, m.Bounds(), digest)
			}
		})
	}
}

func FuzzMakeLogo(f *testing.F) {
	f.Add(tinyWebP)
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Add([]byte("GIF89a"))
	f.Fuzz(func(t *testing.T, file []byte) {
		made, _, err := MakeLogo(file)
		if err != nil {
			return
		}
		m, err := png.Decode(bytes.NewReader(made))
		if err != nil || max(m.Bounds().Dx(), m.Bounds().Dy()) > logoEdge {
			t.Errorf("%v, %v", err, m)
		}
	})
}

func TestContacts(t *testing.T) {
	for contact, want := range map[string]string{
		"help@school.example":               "mailto:help@school.example",
		"https://help.school.example/a?b=c": "https://help.school.example/a?b=c",
		"":                                  "", "http://help.school.example": "", "javascript:alert(1)": "", "https://": "", "https://a@b.example": "",
		"help": "", "https://a.example/\x00": "", "mailto:help@school.example": "",
	} {
		if got := ContactURL(contact); got != want {
			t.Errorf("%q leads to %q, want %q", contact, got, want)
		}
	}
}
