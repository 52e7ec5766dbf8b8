package web

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// Whatever colour a school has, text in it and on it is read, in both schemes.
func TestAccentIsReadable(t *testing.T) {
	property := regexp.MustCompile(`--([a-z-]+):(#[0-9a-f]{6})`)
	schemes := map[string][]rgb{"light": lightGrounds, "dark": darkGrounds}
	for r := 0; r <= 255; r += 51 {
		for g := 0; g <= 255; g += 51 {
			for b := 0; b <= 255; b += 51 {
				accent := fmt.Sprintf("#%02x%02x%02x", r, g, b)
				css, hash := LookStyle(accent)
				light, dark, _ := strings.Cut(css, "@media screen")
				dark, _, _ = strings.Cut(dark, "@media (forced")
				if hash == "" {
					t.Fatalf("%s: no style", accent)
				}
				for name, text := range map[string]string{"light": light, "dark": dark} {
					is := map[string]rgb{}
					for _, m := range property.FindAllStringSubmatch(text, -1) {
						is[m[1]], _ = parseColour(m[2])
					}
					if len(is) != 4 {
						t.Fatalf("%s: %s", accent, text)
					}
					for _, ground := range schemes[name] {
						for _, of := range []string{"accent", "accent-hover", "bar"} {
							if got := contrast(is[of], ground); got < leastContrast {
								t.Errorf("%s, %s: --%s %s on %s: %.2f", accent, name, of, is[of], ground, got)
							}
						}
					}
					for _, of := range []string{"accent", "accent-hover"} {
						if got := contrast(is["on-accent"], is[of]); got < leastContrast {
							t.Errorf("%s, %s: text on --%s %s: %.2f", accent, name, of, is[of], got)
						}
					}
				}
			}
		}
	}
}

func TestAccentStaysWhereItCan(t *testing.T) {
	for _, test := range []struct{ name, accent, light, dark string }{
		{"read on light pages as it is", "#7a1f2b", "#7a1f2b", "#d86474"},
		{"read on dark pages as it is", "#ffd400", "#856e00", "#ffd400"},
		{"black", "#000000", "#000000", "#8a8a8a"},
		{"white", "#ffffff", "#717171", "#ffffff"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if light, dark := Readable(test.accent); light != test.light || dark != test.dark {
				t.Errorf("%s is %s on light pages and %s on dark ones, want %s and %s", test.accent, light, dark, test.light, test.dark)
			}
		})
	}
}

func TestNoColour(t *testing.T) {
	for _, text := range []string{"", "red", "#fff", "#12345", "#1234567", "123456", "#12345g", "#-12345", "#+12345", "};body{"} {
		if css, hash := LookStyle(text); css != "" || hash != "" {
			t.Errorf("%q is a colour: %s", text, css)
		}
	}
}

// The grounds are those of the stylesheet.
func TestGroundsAreTheStylesheets(t *testing.T) {
	css, err := staticFiles.ReadFile("static/app.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, _ := strings.Cut(string(css), "@media screen and (prefers-color-scheme: dark)")
	for text, grounds := range map[string][]rgb{light: lightGrounds, dark: darkGrounds} {
		for i, name := range []string{"--bg", "--surface"} {
			m := regexp.MustCompile(name + `: (#[0-9a-f]{6});`).FindStringSubmatch(text)
			if m == nil || m[1] != grounds[i].String() {
				t.Errorf("%s is %v, and %s is taken for it", name, m, grounds[i])
			}
		}
	}
}
