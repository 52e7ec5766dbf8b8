package web

import (
	"fmt"
	"time"
)

// A Styleguide shows each component in all its states, in samples of its own.
type Styleguide struct{ Now time.Time }

// Register is a sample class of a few people.
func (s Styleguide) Register() Register {
	from := s.Now.Add(-3 * time.Hour).Truncate(time.Hour).Add(30 * time.Minute)
	at := func(minute int) time.Time { return from.Add(time.Duration(minute) * time.Minute) }
	r := Register{
		Title: "Intro to Law", Now: s.Now, URL: "/styleguide", From: from, To: at(92), Length: 92 * time.Minute,
		Came: 4, Enrolled: 5, Enough: 3, Complete: 4, NeededHere: 55 * time.Minute, Exact: true, Rule: s.Rule(),
	}
	for i, p := range []Person{
		{Name: "Anna Moreau", Stays: []Stay{{at(0), at(92), true}}, Activity: &Activity{Chats: 4, Talks: 12, Hands: 1}, Complete: true, Grade: s.grade(GradeSent, "")},
		{Name: "Ben Okafor", Stays: []Stay{{at(3), at(41), true}, {at(44), at(91), true}}, Activity: &Activity{Votes: 3, Emojis: 2}, Complete: true, Grade: s.grade(GradeRefused, "not_gradable")},
		{Name: "Clara Weiß", Stays: []Stay{{at(31), at(60), false}}},
		{Name: "Dien Nguyễn", Stays: []Stay{{at(0), at(12), true}, {at(20), at(92), false}}, Complete: true, Grade: s.grade(GradeWaiting, "platform_down")},
		{Name: "Elif Yılmaz"},
	} {
		p.ID, p.Learner, p.Needed = fmt.Sprint("p", i), true, 55*time.Minute
		for _, stay := range p.Stays {
			p.Time += stay.To.Sub(stay.From)
		}
		p.Have = p.Time
		if i == 2 { // by another class
			p.Have, p.Complete = 70*time.Minute, true
		}
		r.People = append(r.People, p)
	}
	return r
}

func (s Styleguide) grade(state GradeState, reason string) *Grade {
	return &Grade{State: state, Points: 10, Max: 10, Theirs: 7, At: s.Now.Add(10 * time.Minute), FoundAt: s.Now.Add(13 * time.Minute), Reason: reason, LMS: "Moodle"}
}

// Grades are one of each state.
func (s Styleguide) Grades() []*Grade {
	return []*Grade{
		s.grade(GradeSent, ""), s.grade(GradeSeen, ""), s.grade(GradeMissing, "missing"), s.grade(GradeWaiting, ""), s.grade(GradeWaiting, "platform_down"),
		s.grade(GradeRefused, "not_gradable"), s.grade(GradeGiven, "given"), s.grade(GradeSuperseded, "outdated"),
	}
}

// Counts have grades of each state.
func (s Styleguide) Counts() GradeCounts {
	return GradeCounts{Sent: 22, Seen: 20, Missing: 1, Waiting: 2, Refused: 1, Superseded: 1}
}

// Rule is a sample rule.
func (s Styleguide) Rule() Rule { return Rule{Measure: Percent, Need: 60, Points: 10} }

// Rules are one of each kind.
func (s Styleguide) Rules() []Rule {
	return []Rule{
		{}, s.Rule(), {Measure: Percent, Need: 80, InTotal: true, Points: 20},
		{Measure: Minutes, Need: 45, Proportional: true, Points: 7.5}, {Measure: Minutes, Need: 300, InTotal: true, Points: 100},
	}
}

// RuleForm is a sample rule in a form.
func (s Styleguide) RuleForm() RuleForm {
	return RuleForm{Measure: Percent, Minutes: "45", Percent: "160", Points: "10"}
}

// Wrong are fields that can't be taken.
func (s Styleguide) Wrong(fields ...string) Wrong { return fields }

// Post is a button that goes nowhere.
func (s Styleguide) Post() Post { return Post{URL: "/styleguide"} }

// Recordings are one of each state.
func (s Styleguide) Recordings() []Recording {
	play := []Format{{Type: "presentation", Play: s.Post()}, {Type: "video", Play: s.Post()}}
	return []Recording{
		{ID: "r1", Name: "Contracts, part 1", From: s.Now, Length: 88 * time.Minute, Formats: play, Published: true, Unpublish: s.Post(), DeleteURL: "/styleguide"},
		{ID: "r2", From: s.Now.Add(-7 * 24 * time.Hour), Length: 61 * time.Minute, Formats: play[:1], Publish: s.Post(), DeleteURL: "/styleguide"},
		{ID: "r3", From: s.Now.Add(-time.Hour), Length: 47 * time.Minute, Processing: true},
	}
}

// Problem is a sample for the foot.
func (s Styleguide) Problem() Problem {
	return Problem{Code: "deployment_unknown", Request: "7F3K-92QD", At: s.Now}
}

// Setup is a sample of what to paste.
func (s Styleguide) Setup() Setup {
	return Setup{
		LaunchURL: "https://classrooms.example.edu/lti/launch", LoginURL: "https://classrooms.example.edu/lti/login",
		KeySetURL: "https://classrooms.example.edu/.well-known/jwks.json", IconURL: "https://classrooms.example.edu/static/icon-128.png",
	}
}

// Attendances are one of each kind of progress.
func (s Styleguide) Attendances() []Attendance {
	total := Rule{Measure: Minutes, Need: 300, InTotal: true, Points: 10}
	changed := s.Rule()
	changed.Since = s.Now
	own := func(rule Rule, have, need time.Duration) Attendance {
		return Attendance{Rule: rule, Have: have * time.Minute, Needed: need * time.Minute, Complete: have >= need}
	}
	return []Attendance{
		own(s.Rule(), 0, 54), own(s.Rule(), 38, 54), own(s.Rule(), 60, 54), own(total, 138, 300), own(total, 312, 300),
		own(changed, 38, 54), own(changed, 60, 54),
	}
}
