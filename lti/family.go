package lti

import "strings"

// A Family is a kind of platform.
type Family string

// The families that register us in a manner of their own, and the rest.
const (
	FamilyMoodle     Family = "moodle"
	FamilyCanvas     Family = "canvas"
	FamilyBlackboard Family = "blackboard"
	FamilyD2L        Family = "d2l"
	FamilySakai      Family = "sakai"
	FamilyILIAS      Family = "ilias"
	FamilyOpenEdX    Family = "openedx"
	FamilyOther      Family = "other"
)

// families are found by a part of product_family_code, in lower case.
var families = []struct {
	part   string
	family Family
}{
	{"moodle", FamilyMoodle},
	{"canvas", FamilyCanvas},
	{"blackboard", FamilyBlackboard},
	{"desire2learn", FamilyD2L},
	{"brightspace", FamilyD2L},
	{"d2l", FamilyD2L},
	{"sakai", FamilySakai},
	{"ilias", FamilyILIAS},
	{"openedx", FamilyOpenEdX},
	{"open edx", FamilyOpenEdX},
}

func familyOf(code string) Family {
	code = strings.ToLower(code)
	for _, f := range families {
		if strings.Contains(code, f.part) {
			return f.family
		}
	}
	return FamilyOther
}

// manyDeployments are families with several deployments of one client id: what
// the answer names is one of them, or none (Canvas makes it afterwards).
var manyDeployments = map[Family]bool{
	FamilyCanvas: true, FamilyBlackboard: true, FamilyD2L: true, FamilySakai: true,
}

// placementsOf are the places where a family may show a message of ours. A
// platform that lists its places is asked for those of them alone.
func placementsOf(f Family, message MessageType) []string {
	switch {
	case f == FamilyCanvas && message == ResourceLinkRequest:
		return []string{"course_navigation"}
	case f == FamilyCanvas:
		return []string{"assignment_selection", "link_selection", "editor_button"}
	case message == DeepLinkingRequest:
		return []string{"ContentArea", "RichTextEditor"}
	}
	return nil
}

// A sharedIssuer is one that all schools of a vendor have. Whoever says that
// it is theirs must have its addresses at the vendor's hosts.
type sharedIssuer struct {
	issuer string
	hosts  []string // and all below them
}

var sharedIssuers = []sharedIssuer{
	{"https://canvas.instructure.com", []string{"instructure.com", "canvaslms.com"}},
	{"https://canvas.beta.instructure.com", []string{"instructure.com", "canvaslms.com"}},
	{"https://canvas.test.instructure.com", []string{"instructure.com", "canvaslms.com"}},
	{"https://blackboard.com", []string{"blackboard.com", "anthology.com"}},
}

func (s sharedIssuer) has(host string) bool {
	for _, own := range s.hosts {
		if host == own || strings.HasSuffix(host, "."+own) {
			return true
		}
	}
	return false
}
