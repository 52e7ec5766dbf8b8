package lti

// A jsonScanner walks over JSON (RFC 8259) and copies nothing.
type jsonScanner struct {
	text  []byte
	at    int
	depth int
}

// peek is the next byte, or 0 at the end.
func (s *jsonScanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *jsonScanner) eat(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

func (s *jsonScanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// value walks over one value of any kind.
func (s *jsonScanner) value() error {
	switch c := s.peek(); {
	case c == '"':
		return s.string()
	case c == '{':
		return s.object(nil)
	case c == '[':
		return s.array(nil)
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	for _, word := range []string{"null", "true", "false"} {
		if end := s.at + len(word); end <= len(s.text) && string(s.text[s.at:end]) == word {
			s.at = end
			return nil
		}
	}
	return errJSON
}

// object walks over an object and calls member, unless it is nil, with each
// name as quoted and each value.
func (s *jsonScanner) object(member func(name, value []byte)) error {
	return s.enclosed('{', '}', func() error {
		from := s.at
		if err := s.string(); err != nil {
			return err
		}
		name := s.text[from:s.at]
		s.space()
		if !s.eat(':') {
			return errJSON
		}
		s.space()
		from = s.at
		if err := s.value(); err != nil {
			return err
		}
		if member != nil {
			member(name, s.text[from:s.at])
		}
		return nil
	})
}

// array walks over an array and calls element, unless it is nil, with each
// value.
func (s *jsonScanner) array(element func(value []byte)) error {
	return s.enclosed('[', ']', func() error {
		from := s.at
		if err := s.value(); err != nil {
			return err
		}
		if element != nil {
			element(s.text[from:s.at])
		}
		return nil
	})
}

// enclosed walks over items with commas between and brackets around.
func (s *jsonScanner) enclosed(open, end byte, item func() error) error {
	if s.depth++; s.depth > maxDepth || !s.eat(open) {
		return errJSON
	}
	defer func() { s.depth-- }()
	s.space()
	if s.eat(end) {
		return nil
	}
	for {
		s.space()
		if err := item(); err != nil {
			return err
		}
		s.space()
		if s.eat(end) {
			return nil
		}
		if !s.eat(',') {
			return errJSON
		}
	}
}

func (s *jsonScanner) string() error {
	if !s.eat('"') {
		return errJSON
	}
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return nil
		case c == '\\':
			if err := s.escape(); err != nil {
				return err
			}
		case c < ' ':
			return errJSON
		default:
			s.at++
		}
	}
	return errJSON
}

func (s *jsonScanner) escape() error {
	s.at++
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.at++
		return nil
	case 'u':
		s.at++
		for range 4 {
			c := s.peek()
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
				return errJSON
			}
			s.at++
		}
		return nil
	}
	return errJSON
}

func (s *jsonScanner) number() error {
	s.eat('-')
	// No digit follows a leading 0.
	if !s.eat('0') && !s.digits() {
		return errJSON
	}
	if s.eat('.') && !s.digits() {
		return errJSON
	}
	if s.eat('e') || s.eat('E') {
		if !s.eat('+') {
			s.eat('-')
		}
		if !s.digits() {
			return errJSON
		}
	}
	return nil
}

// digits walks over at least one.
func (s *jsonScanner) digits() bool {
	from := s.at
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.at++
	}
	return s.at > from
}
