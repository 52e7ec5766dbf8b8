package bbbtest

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A rule looks at the parameters of a call and says what is wrong with them.
type rule func(params) (problem, bool)

var (
	idRules     = []rule{meetingIDRule}
	createRules = []rule{
		meetingIDRule, cleanIDRule, nameRule, passwordRule("attendeePW"), passwordRule("moderatorPW"),
		integerRule("voiceBridge", "Voice bridge"), booleanRule("record", "Record"),
		booleanRule("isBreakoutRoom", "Breakout"), addressRule("presentationUploadExternalUrl"),
	}
	joinRules = []rule{
		meetingIDRule, fullNameRule, passwordRule("password"), integerRule("createTime", "Create time"),
		booleanRule("guest", "Guest"), booleanRule("auth", "Auth"),
	}
	endRules     = []rule{meetingIDRule, passwordRule("password")}
	chatRules    = []rule{meetingIDRule, chatRule}
	recordRules  = []rule{recordIDRule}
	publishRules = []rule{recordIDRule, publishRule}
)

func meetingIDRule(p params) (problem, bool) {
	id := p.text("meetingID")
	switch {
	case id == "":
		return problem{"missingParamMeetingID", "You must provide a meeting ID"}, true
	case strings.Contains(id, ","):
		return problem{"validationError", "Meeting ID cannot contain ','"}, true
	}
	return lengthRule("Meeting ID", id)
}

// cleanIDRule refuses an id that the server would change.
func cleanIDRule(p params) (problem, bool) {
	return problem{"validationError", "Meeting ID contains invalid characters"}, p.text("meetingID") != p.first("meetingID")
}

func nameRule(p params) (problem, bool) {
	if !p.has("name") {
		return problem{"nullError", "You must provide a meeting name"}, true
	}
	if p.text("name") == "" {
		return problem{"emptyError", "Meeting name cannot be an empty string"}, true
	}
	return lengthRule("Meeting name", p.text("name"))
}

func lengthRule(what, value string) (problem, bool) {
	n := utf8.RuneCountInString(value)
	return problem{"sizeError", what + " must be between 2 and 256 characters"}, n < 2 || n > 256
}

func passwordRule(name string) rule {
	return func(p params) (problem, bool) {
		n := utf8.RuneCountInString(p.text(name))
		return problem{"invalidPassword", "Invalid password"}, n == 1 || n > 64
	}
}

func integerRule(name, what string) rule {
	return func(p params) (problem, bool) {
		_, err := strconv.ParseInt(p.text(name), 10, 64)
		return problem{"validationError", what + " must be an integral value"}, p.text(name) != "" && err != nil
	}
}

func booleanRule(name, what string) rule {
	return func(p params) (problem, bool) {
		value := strings.ToLower(p.text(name))
		return problem{"validationError", what + " must be a boolean value (true or false)"},
			!slices.Contains([]string{"", "true", "false", "0", "1"}, value)
	}
}

func addressRule(name string) rule {
	return func(p params) (problem, bool) {
		u, err := url.Parse(p.text(name))
		return problem{"validationError", name + " must be a valid URL"},
			p.text(name) != "" && (err != nil || u.Host == "")
	}
}

// fullNameRule looks at a name that was sent: one that wasn't passes here and
// breaks the server later, as it does in some releases.
func fullNameRule(p params) (problem, bool) {
	return problem{"missingParamFullName", "You must provide your name"}, p.has("fullName") && p.text("fullName") == ""
}

func chatRule(p params) (problem, bool) {
	n := utf8.RuneCountInString(p.text("message"))
	return problem{"sizeError", "Message must be between 1 and 500 characters"}, n < 1 || n > 500
}

func recordIDRule(p params) (problem, bool) {
	return problem{"missingParamRecordID", "You must specify a recordID."}, p.text("recordID") == ""
}

func publishRule(p params) (problem, bool) {
	return problem{"missingParamPublish", "You must specify a publish value true or false."}, p.text("publish") == ""
}
