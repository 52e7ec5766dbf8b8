package web

import (
	"fmt"
	"maps"
	"time"
)

// now is the time of all samples: a Tuesday in Paris.
var now = time.Date(2026, 11, 17, 14, 52, 7, 0, time.FixedZone("CET", 3600))

func minutesAgo(n int) time.Time { return now.Add(-time.Duration(n) * time.Minute) }

// samples are pages as handlers fill them, by the name of their golden file.
func samples() map[string]any {
	pages := map[string]any{
		"teacher_not_started": teacherRoom(Waiting, 0),
		"teacher_live":        teacherRoom(Live, 23),
		"teacher_inside":      teacherRoom(Inside, 2),
		"teacher_starting":    teacherRoom(Starting, 0),
		"teacher_away":        teacherRoom(Away, 0),
		"teacher_ending":      teacherRoom(Ending, 0),
		"teacher_ended":       teacherRoom(Ended, 0),
		"teacher_copied":      copied(teacherRoom(Reckoning, 0)),
		"teacher_copied_late": late(copied(teacherRoom(Reckoning, 0))),
		"teacher_link":        told(teacherRoom(Waiting, 0), "Exercises", Parameter{"complete_minutes", "abc"}, Parameter{"open", "banana"}, Parameter{"room", "k3v9x2p7q4m8n5t1"}),
		"teacher_unusable":    told(teacherRoom(Live, 2), "", Parameter{"complete_percent", "160"}, Parameter{"complete_points", "ten"}, Parameter{"complete_counts", "most"}, Parameter{"complete_award", "\u05e9\u05dc\u05d5\u05dd <b>"}),
		"teacher_moved":       told(teacherRoom(Waiting, 0), "Exercises"),
		"teacher_ask":         asking(Copied{Keep: Post{URL: "/rooms/r1/keep"}, Ask: Post{URL: "/rooms/r1/ask"}}),
		"teacher_asked":       asking(Copied{Keep: Post{URL: "/rooms/r1/keep"}, Asked: true}),
		"teacher_refused":     asking(Copied{Keep: Post{URL: "/rooms/r1/keep"}, Refused: true}),
		"teacher_copied_only": asking(Copied{Keep: Post{URL: "/rooms/r1/keep"}}),
		"teacher_late_ask":    asking(Copied{Late: true, Keep: Post{URL: "/rooms/r1/keep"}, Ask: Post{URL: "/rooms/r1/ask"}}),
		"teacher_questions":   questioned(teacherRoom(Waiting, 0)),
		"teacher_down":        teacherRoom(Down, 0),
		"teacher_no_server":   TeacherRoom{Title: "Intro to Law", Now: now, Standing: Standing{State: NoServer, Role: Teacher}, Settings: Settings{WaitForModerator: true}},
		"teacher_new":         TeacherRoom{Title: "Intro to Law", Now: now, Standing: Standing{State: Waiting, Role: Teacher}, Join: Post{URL: "/rooms/r1/start"}, ChangeURL: "/rooms/r1/settings", RecordingsURL: "/rooms/r1/recordings"},
		"teacher_many":        manyClasses(teacherRoom(Waiting, 0), 8),
		"teacher_all":         manyClasses(teacherRoom(Waiting, 0), 40),
		"teacher_counting":    counting(teacherRoom(Waiting, 0)),
		"rule_question":       ruleQuestion(),
		"settings":            settingsPage(),
		"settings_fixed":      fixedSettings(),
		"settings_wrong":      settingsPage("title", "welcome", "max_participants", "percent", "points"),
		"teacher_breaks":      withBreaks(teacherRoom(Waiting, 0)),
		"register_breaks":     registerWithBreaks(),
		"parting":             parting(false),
		"parting_join":        parting(true),
		"confirm_end":         Confirm{Title: "Intro to Law", What: ConfirmEnd, Post: Post{URL: "/rooms/r1/end"}, BackURL: "/rooms/r1"},
		"confirm_delete": Confirm{Title: "Intro to Law", What: ConfirmDelete, Name: "Contracts", From: minutesAgo(9000), Now: now,
			Post: Post{URL: "/rooms/r1/recordings/a/delete"}, BackURL: "/rooms/r1/recordings"},
		"waiting":              WaitingPage{Title: "Intro to Law", Standing: Standing{State: Waiting, Role: Learner}, StateURL: "/rooms/r1/state", JoinURL: "/rooms/r1/join", BackURL: "/rooms/r1"},
		"waiting_full":         WaitingPage{Title: "Intro to Law", Course: "Law, first year", Standing: Standing{State: Full, Role: Learner}, StateURL: "/rooms/r1/state", JoinURL: "/rooms/r1/join"},
		"register":             register(9, true),
		"register_300":         register(300, true),
		"register_live":        liveRegister(),
		"register_empty":       Register{Title: "Intro to Law", Now: now, URL: "/x", CSVURL: "/x.csv", From: minutesAgo(60), To: minutesAgo(50), Length: 10 * time.Minute, Exact: true},
		"recordings":           Recordings{Title: "Intro to Law", Now: now, Teacher: true, List: Styleguide{now}.Recordings(), BackURL: "/rooms/r1", Said: SaidPublished},
		"recordings_learner":   learnerRecordings(),
		"recordings_none":      Recordings{Title: "Intro to Law", Now: now, Teacher: true, BackURL: "/rooms/r1"},
		"recordings_down":      Recordings{Title: "Intro to Law", Now: now, Down: true, BackURL: "/rooms/r1"},
		"recordings_partly":    partlyRecordings(),
		"picker":               picker(true),
		"picker_first":         Picker{Course: "Law, first year", Now: now, URL: "/pick", Name: "Law, first year", Rule: RuleForm{Minutes: "45", Percent: "60", Points: "10"}},
		"picker_wrong":         wrongPicker(),
		"picker_typed":         typedPicker(),
		"picker_many":          manyRooms(),
		"picker_frame":         pickerFrame(false),
		"picker_frame_opened":  pickerFrame(true),
		"picker_frame_nobody":  PickerFrame{OpenURL: "/lti/window", WaitURL: "/lti/frame"},
		"picker_chosen":        PickerDone{What: PickerChosen, Window: true},
		"picker_cancelled":     PickerDone{What: PickerCancelled, BackURL: "https://lms.example/return"},
		"picker_closed":        PickerDone{What: PickerCancelled, Window: true},
		"picker_no_links":      PickerDone{What: PickerNoLinks},
		"return":               ReturnPage{URL: "https://moodle.example/mod/lti/contentitem_return.php?course=2&id=3", JWT: "eyJhbGciOi.J9.x"},
		"return_cancelled":     ReturnPage{URL: "https://moodle.example/return", JWT: "eyJhbGciOi.J9.x", Cancelled: true},
		"new_window":           NewWindow{Person: "Anna Moreau", URL: "/lti/launch", Fields: []Hidden{{"state", "s1"}, {"id_token", "t1"}, {"window", "w1"}}},
		"new_window_anonymous": NewWindow{URL: "/lti/launch"},
		"problem":              Problem{Code: "deployment_unknown", Request: "7F3K-92QD", At: now},
		"problem_support":      Problem{Code: "deployment_unknown", Request: "7F3K-92QD", At: now, Support: &Support{Text: "The IT desk helps,\nMonday to Friday 8–17.", URL: "mailto:help@school.example", Name: "help@school.example"}},
		"problem_platform":     Problem{Code: "platform_error", Request: "7F3K-92QD", At: now, Quote: "login_required: The user isn't signed in"},
		"problem_back":         Problem{Code: "server_down", Request: "7F3K-92QD", At: now, BackURL: "/rooms/r1"},
		"problem_taken":        Problem{Code: "meeting_taken", Request: "7F3K-92QD", At: now, Quote: "idNotUnique: A meeting already exists with that meeting ID.", ByServer: true, BackURL: "/rooms/r1", EndURL: "/rooms/r1/end"},
		"problem_away":         Problem{Code: "database_away", Request: "7F3K-92QD", At: now, Again: &Again{URL: "/rooms/r1?v=x", Seconds: 7}},
		"problem_away_form":    Problem{Code: "database_away", Request: "7F3K-92QD", At: now, Again: &Again{URL: "/rooms/r1/settings?v=x", Form: true, Fields: []Hidden{{"title", `"Moot" & <court>`}}}},
		"problem_start_again":  Problem{Code: "nonce_replayed", Request: "7F3K-92QD", At: now},
		"left":                 LeftPage{Title: "Intro to Law", Standing: Standing{State: Live, Role: Learner}, StateURL: "/rooms/r1/state", Join: Post{URL: "/rooms/r1/join"}, RoomURL: "/rooms/r1", CourseURL: "https://moodle.example/course"},
		"left_unknown":         LeftPage{},
		"left_over":            LeftPage{Title: "Intro to Law", Course: "Law, first year", Standing: Standing{State: Ended, Role: Learner}, StateURL: "/rooms/r1/state", RoomURL: "/rooms/r1"},
		"left_teacher":         LeftPage{Title: "Intro to Law", Standing: Standing{State: Reckoning, Role: Teacher}, StateURL: "/rooms/r1/state", RoomURL: "/rooms/r1", RegisterURL: "/rooms/r1/classes/s1"},
		"left_just_now":        LeftPage{Title: "Intro to Law", Standing: Standing{State: Inside, Role: Learner}, StateURL: "/rooms/r1/state", Join: Post{URL: "/rooms/r1/join"}, RoomURL: "/rooms/r1"},
		"retry":                RetryPage{Title: "Intro to Law", URL: "/rooms/r1/join?try=2", Seconds: 3},
		"styleguide":           Styleguide{now},
		"front":                Front{Setup: setup},
		"front_registration":   Front{Opened: OpenedRegistration, Setup: setup},
		"front_launch":         Front{Opened: OpenedLaunch, Setup: setup},
		"registering":          registering(RegisterAsk, func(r *Registering) { r.Waits = true }),
		"registering_again":    registering(RegisterAsk, func(r *Registering) { r.Waits, r.Again = true, true }),
		"registering_doubtful": registering(RegisterAsk, func(r *Registering) { r.Waits, r.Doubtful, r.Places = true, true, nil }),
		"registered":           registering(RegisterDone, func(r *Registering) { r.ClientID = "f5z4mUvuJmQDcVs" }),
		"registered_waits":     registering(RegisterDone, func(r *Registering) { r.Waits, r.Then, r.Does[2].On = true, "canvas", false }),
		"registered_again":     registering(RegisterDone, func(r *Registering) { r.Again, r.Then = true, "moodle_again" }),
		"registering_paste":    Registering{State: RegisterPaste, Link: "https://classrooms.example.edu/lti/register?code=ABCDEFGH"},
		"registering_failed":   Registering{State: RegisterFailed, Code: "registration_issuer", Words: "https://moodle.other.example", Host: "moodle.example", Request: "7F3K-92QD", At: now},
		"registering_over":     Registering{State: RegisterFailed, Code: "link_expired", Request: "7F3K-92QD", At: now},
		"problem_setup":        Problem{Code: "lti_1_1", Request: "7F3K-92QD", At: now, Setup: &setup},
		"goodbye":              Goodbye{},
		"who":                  visited{visitor("Anna Moreau"), teacherRoom(Waiting, 0)},
		"who_long":             visited{visitor("Hans-Jürgen von der Ausbildungsförderung"), picker(true)},
	}
	for _, state := range allStates {
		pages["learner_"+string(state)] = learnerRoom(state)
	}
	top := learnerRoom(Waiting)
	top.Standing.Framed = false
	top.JoinURL, top.Attendance = "/rooms/r1/join", &Attendance{}
	pages["learner_top"] = top
	maps.Copy(pages, deskSamples())
	maps.Copy(pages, serverSamples())
	maps.Copy(pages, failureSamples())
	return pages
}

// A visited page names its visitor.
type visited struct {
	Visitor
	page any
}

func visitor(name string) Visitor {
	return Visitor{Name: name, LeaveURL: "/leave?v=v1", AliveURL: "/alive?v=v1"}
}

func teacherRoom(state ClassState, here int) TeacherRoom {
	r := TeacherRoom{
		Title: "Intro to Law", Course: "Law, first year", Now: now, Standing: Standing{State: state, Role: Teacher}, StateURL: "/rooms/r1/state?v=v1",
		Join:   Post{URL: "/rooms/r1/start?v=v1", Ticket: "t1"},
		Grades: &GradeCounts{Sent: 4, Seen: 42, Refused: 1}, RecordingsURL: "/rooms/r1/recordings",
		Settings: Settings{Record: true, WaitForModerator: true, MuteOnStart: true, MaxParticipants: 60},
		Rule:     Rule{Measure: Percent, Need: 60, Points: 10}, ChangeURL: "/rooms/r1/settings",
	}
	if r.Standing.On() || state == Ending || state == Down {
		if state != Ending {
			r.EndURL = "/rooms/r1/end?v=v1"
		}
		r.Standing.Since, r.HereAt = minutesAgo(21), now.Add(-5*time.Second)
		r.Classes = append(r.Classes, ClassLine{From: minutesAgo(21), URL: "/rooms/r1/sessions/s4"})
	}
	if state == Ended || state == Reckoning {
		r.Standing.Since, r.RegisterURL = minutesAgo(12), "/rooms/r1/sessions/s3"
	}
	for i := range here {
		r.Here = append(r.Here, Here{Name: name(i), Since: minutesAgo(20 - i/2), Teacher: i == 0})
	}
	complete := []int{22, 25}
	week := 7 * 24 * time.Hour
	first := time.Date(2026, 11, 10, 14, 30, 0, 0, now.Location())
	r.AllClasses = 3
	r.Classes = append(r.Classes,
		ClassLine{From: first, To: first.Add(92 * time.Minute), Came: 24, Enrolled: 26, Complete: &complete[0], Grades: &GradeCounts{Sent: 20, Seen: 2}, URL: "/rooms/r1/sessions/s3?v=v1"},
		ClassLine{From: first.Add(-week), To: first.Add(-week + 91*time.Minute), Came: 25, Enrolled: 26, Complete: &complete[1], Grades: &GradeCounts{Seen: 22, Refused: 1, Missing: 2, Waiting: 3}, URL: "/rooms/r1/sessions/s2?v=v1"},
		ClassLine{From: first.Add(-50 * week), To: first.Add(-50*week + 61*time.Minute), Came: 1, Enrolled: 26, URL: "/rooms/r1/sessions/s1"},
	)
	return r
}

// breaks are one in a class that began at from, and one before it.
func breaks(from time.Time) []Break {
	return []Break{
		{From: from.Add(-20 * time.Minute), To: from, Parted: true, URL: "/rooms/r1/sessions/s3/unite/m1?v=v1"},
		{From: from.Add(40 * time.Minute), To: from.Add(58 * time.Minute), URL: "/rooms/r1/sessions/s3/part/m2?v=v1"},
	}
}

func withBreaks(r TeacherRoom) TeacherRoom {
	r.Classes[0].Breaks = breaks(r.Classes[0].From)
	return r
}

// manyClasses has 40 classes, of which so many are shown.
func manyClasses(r TeacherRoom, shown int) TeacherRoom {
	r.Classes, r.AllClasses, r.AllClassesURL = nil, 40, "/rooms/r1?v=v1&classes=all#classes"
	if shown == r.AllClasses {
		r.AllClassesURL, r.NewestClassesURL = "", "/rooms/r1?v=v1#classes"
	}
	for i := range shown {
		from := time.Date(2026, 11, 10-7*i, 14, 30, 0, 0, now.Location())
		complete := 20 + i%5
		r.Classes = append(r.Classes, ClassLine{
			From: from, To: from.Add(90 * time.Minute), Came: 24, Enrolled: 26, Complete: &complete,
			Grades: []*GradeCounts{{Sent: 24}, {Seen: 24}, {Seen: 20, Waiting: 4}, {Superseded: 1}}[i%4], URL: "/rooms/r1/sessions/s?v=v1",
		})
	}
	return r
}

func registerWithBreaks() Register {
	r := register(2, true)
	r.Breaks = breaks(r.From)
	return r
}

func parting(joins bool) Parting {
	b := breaks(time.Date(2026, 11, 10, 14, 30, 0, 0, now.Location()))
	p := Parting{
		Title: "Intro to Law", Course: "Law, first year", Break: b[1], Graded: true, Others: 1,
		Changes: []PointsChange{{name(1), 0, 10}, {name(2), 4, 7.5}, {name(3), 10, 0}},
		Post:    Post{URL: b[1].URL}, BackURL: "/rooms/r1/sessions/s3",
	}
	if joins {
		p.Break, p.Post, p.Changes, p.Others = b[0], Post{URL: b[0].URL}, nil, 0
	}
	return p
}

func copied(r TeacherRoom) TeacherRoom {
	r.Standing.Since, r.Grades, r.RegisterURL = minutesAgo(12), &GradeCounts{}, "/rooms/r1/sessions/s1"
	r.Classes = []ClassLine{{From: minutesAgo(80), To: minutesAgo(12), Counting: true, URL: "/rooms/r1/sessions/s1"}}
	r.NoGrades = &NoGrades{Why: "deleted", LMS: "Moodle", NewColumn: Post{URL: "/rooms/r1/column"}}
	r.Copied = &Copied{Keep: Post{URL: "/rooms/r1/keep"}, Share: Post{URL: "/rooms/r1/share"}}
	return r
}

// counting has two links, one of which came after a class.
func counting(r TeacherRoom) TeacherRoom {
	r.Rule.Since, r.Said = minutesAgo(9000), SaidCounted
	first, second := Link{Title: "Week 1", Nth: 1}, Link{Title: "Week 2", Nth: 1, This: true}
	third := Link{Nth: 2}
	c := &Counting{
		Now: now, Links: []Link{first, second, third}, Share: Post{URL: "/rooms/r1/links/all"},
		Earlier: 1, CountEarlier: Post{URL: "/rooms/r1/earlier/count"},
	}
	for i := range 6 {
		from := minutesAgo(9000 * (i + 1))
		class := CountedClass{From: from, To: from.Add(time.Hour), For: []Link{second}, Moves: []Move{
			{first, Post{URL: "/rooms/r1/classes/s/count/p1"}}, {third, Post{URL: "/rooms/r1/classes/s/count/p3"}}}}
		if i == 1 {
			class.For = nil
		}
		c.Classes = append(c.Classes, class)
	}
	r.Counting = c
	r.Classes[len(r.Classes)-1].NotHere = true
	return r
}

func ruleQuestion() RuleQuestion {
	return RuleQuestion{
		Title: "Intro to Law", URL: "/rooms/r1/settings", Gain: 1, Lose: 3, Live: true,
		Fields: []Hidden{{"title", "Intro to Law"}, {"welcome", "Good to see you.\nThe slides are in the course."}},
		Was:    Rule{Measure: Percent, Need: 60, Points: 10}, Rule: Rule{Measure: Percent, Need: 80, InTotal: true, Points: 10},
	}
}

func late(r TeacherRoom) TeacherRoom {
	r.Copied.Late = true
	return r
}

func told(r TeacherRoom, movedFrom string, unusable ...Parameter) TeacherRoom {
	r.LinkNews = &LinkNews{MovedFrom: movedFrom, Unusable: unusable, Noted: Post{URL: "/rooms/r1/noted"}}
	return r
}

func asking(c Copied) TeacherRoom {
	r := teacherRoom(Waiting, 0)
	r.Copied, r.Classes, r.Grades = &c, nil, nil
	return r
}

func questioned(r TeacherRoom) TeacherRoom {
	r.Questions = []Question{
		{ID: "p1", Asker: "Élodie Lefèvre-Saint-Germain", Course: "Law, second year", At: minutesAgo(3000), URL: "/rooms/r1/requests/p1"},
		{ID: "p2", Asker: "Hans-Jürgen von der Ausbildungsförderung", At: minutesAgo(30), URL: "/rooms/r1/requests/p2"},
	}
	return r
}

func settingsPage(wrong ...string) SettingsPage {
	p := SettingsPage{
		Title: "Intro to Law", Course: "Law, first year", URL: "/rooms/r1/settings", BackURL: "/rooms/r1", Live: true,
		Name: "Intro to Law", Welcome: "Good to see you.\nThe slides are in the course.",
		Settings: Settings{Record: true, WaitForModerator: true}, MaxParticipants: "60",
		Rule:  RuleForm{Measure: Percent, Minutes: "45", Percent: "60", Points: "10"},
		Wrong: wrong,
	}
	if len(wrong) > 0 {
		p.Rule.Percent, p.RuleSince = "160", minutesAgo(9000)
	}
	return p
}

func learnerRoom(state ClassState) LearnerRoom {
	first := time.Date(2026, 11, 10, 14, 30, 0, 0, now.Location())
	r := LearnerRoom{
		Title: "Intro to Law", Course: "Law, first year", Now: now, Standing: Standing{State: state, Role: Learner, Framed: true},
		Join: Post{URL: "/rooms/r1/join?v=v1", Ticket: "t1"}, StateURL: "/rooms/r1/state?v=v1", RecordingsURL: "/rooms/r1/recordings",
		Attendance: &Attendance{
			Rule: Rule{Measure: Percent, Need: 60, Points: 10}, Have: 38*time.Minute + 50*time.Second, Needed: 53*time.Minute + 10*time.Second,
			Classes: []OwnClass{
				{From: first, To: first.Add(90 * time.Minute), Time: 38*time.Minute + 50*time.Second, Length: 90 * time.Minute},
				{From: first.Add(-7 * 24 * time.Hour), To: first.Add(-7*24*time.Hour + 88*time.Minute), Length: 88 * time.Minute},
			},
		},
	}
	switch state {
	case Inside:
		r.Standing.Since, r.Standing.Time = minutesAgo(13), 12*time.Minute
	case Live, Ended, Reckoning:
		r.Standing.Since = minutesAgo(12)
		if state == Ended {
			r.Standing.Time, r.Standing.Length = 47*time.Minute, 52*time.Minute
		}
		r.Attendance.Complete, r.Attendance.Have = true, 70*time.Minute
		r.Attendance.Classes = append([]OwnClass{{From: minutesAgo(60), To: minutesAgo(12), Counting: true}}, r.Attendance.Classes...)
		if state == Ended {
			r.Attendance.Classes[0] = OwnClass{From: minutesAgo(64), To: minutesAgo(12), Time: 47 * time.Minute, Length: 52 * time.Minute}
		}
		r.Attendance.Grade = &Grade{State: GradeSent, Points: 10, Max: 10, At: minutesAgo(9000), LMS: "Moodle"}
	case Down:
		r.Attendance.Grade = &Grade{State: GradeRefused, Points: 6.5, Max: 10, Reason: "not_gradable", Detail: "User is not gradable", LMS: "Moodle"}
	case Full:
		r.Attendance.Rule.InTotal, r.Attendance.Classes[1].NotHere = true, true
	case NoServer:
		r.Attendance = nil
	}
	return r
}

var names = []string{
	"Anna Moreau", "Ben Okafor", "Clara Weiß", "Dien Nguyễn", "Élodie Lefèvre-Saint-Germain", "Émile Zola", "Farid Haddad",
	"Grace O'Neill", "Hans-Jürgen von der Ausbildungsförderung", "Ida Šimková", "Jonas Lindqvist", "Kaori 田中",
}

func name(i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s %d", names[i%len(names)], i/len(names)+1)
}

func register(people int, graded bool) Register {
	from := time.Date(2026, 11, 10, 14, 30, 0, 0, now.Location())
	at := func(m int) time.Time { return from.Add(time.Duration(m) * time.Minute) }
	r := Register{
		Title: "Intro to Law", Course: "Law, first year", Now: now, URL: "/rooms/r1/sessions/s3?v=v1",
		BackURL: "/rooms/r1?v=v1", CSVURL: "/rooms/r1/sessions/s3.csv?v=v1",
		From: from, To: at(92), Length: 92 * time.Minute, Exact: true,
	}
	if graded {
		r.Rule, r.NeededHere = Rule{Measure: Percent, Need: 60, Points: 10}, 55*time.Minute+12*time.Second
		r.ResendAll = Post{URL: "/rooms/r1/sessions/s3/resend"}
	}
	for i := range people {
		p := Person{ID: fmt.Sprint("p", i), Name: name(i), Learner: i != 0, Needed: 56 * time.Minute}
		switch i % 9 {
		case 0, 1, 5:
			p.Stays = []Stay{{at(i % 4), at(92 - i%3), true}}
			p.Activity = &Activity{Chats: i % 11, Talks: 3 + i%29, Hands: i % 3, TalkTime: time.Duration(i) * 7 * time.Second}
		case 2:
			p.Stays = []Stay{{at(2), at(38), true}, {at(41), at(90), true}}
			p.Activity = &Activity{Votes: 3, Emojis: 2}
		case 3:
			p.Stays = []Stay{{at(31), at(52), true}, {at(60), at(66), true}}
		case 4:
			p.Stays = []Stay{{at(0), at(45), true}, {at(50), at(92), false}}
		case 6:
			p.Stays = []Stay{{at(0), at(1), true}, {at(12), at(47), true}}
		case 7:
			p.Stays, p.Unnamed = []Stay{{at(1), at(91), false}}, true
		}
		for _, stay := range p.Stays {
			p.Time += stay.To.Sub(stay.From)
		}
		p.Have = p.Time
		if i%9 == 6 { // by another class
			p.Have = time.Hour
		}
		p.Complete = p.Have >= p.Needed
		if p.Learner {
			r.Enrolled++
			if p.Time > 0 {
				r.Came++
			}
			if r.NeededHere > 0 && r.HasEnough(p) {
				r.Enough++
			}
			if p.Complete {
				r.Complete++
				p.Grade = &Grade{State: GradeSent, Points: 10, Max: 10, At: at(95), LMS: "Moodle"}
				p.Resend = Post{URL: "/rooms/r1/sessions/s3/resend?person=" + p.ID}
			}
		}
		if i%9 == 2 {
			p.Grade = &Grade{State: GradeRefused, Points: 10, Max: 10, Reason: "not_gradable", Detail: "User is not gradable", LMS: "Moodle"}
		}
		if i%9 == 7 && p.Complete {
			p.Grade = &Grade{State: GradeSeen, Points: 10, Max: 10, At: at(95), FoundAt: at(98), LMS: "Moodle"}
		}
		if i%9 == 4 {
			p.Grade = &Grade{State: GradeGiven, Points: 10, Max: 10, Theirs: 7, At: at(95), FoundAt: at(98), Reason: "given", LMS: "Moodle"}
			p.Resend, p.Replace = Post{}, Post{URL: "/rooms/r1/sessions/s3/replace?person=" + p.ID}
		}
		if i%9 == 1 && p.Learner {
			p.Grade = &Grade{State: GradeMissing, Points: 10, Max: 10, At: at(95), FoundAt: at(98), Reason: "missing", LMS: "Moodle"}
		}
		if i%9 == 5 {
			p.Grade = &Grade{State: GradeWaiting, Points: 10, Max: 10, Reason: "platform_down", At: now.Add(8 * time.Minute), LMS: "Moodle"}
		}
		r.People = append(r.People, p)
	}
	return r
}

func liveRegister() Register {
	r := register(4, false)
	r.From, r.To, r.Exact, r.Every = minutesAgo(40), time.Time{}, false, 30*time.Second
	for i := range r.People {
		r.People[i].Stays, r.People[i].Unnamed = []Stay{{minutesAgo(38 - i), minutesAgo(0), false}}, false
	}
	r.Length, r.Show, r.Sort = 40*time.Minute, onlyLate, "-time"
	r.NotHere, r.For = true, []Link{{Title: "Week 1", Nth: 1}}
	return r
}

func learnerRecordings() Recordings {
	list := Styleguide{now}.Recordings()[:1]
	list[0].Unpublish, list[0].DeleteURL = Post{}, ""
	return Recordings{Title: "Intro to Law", Now: now, List: list, BackURL: "/rooms/r1"}
}

func partlyRecordings() Recordings {
	list := Styleguide{now}.Recordings()[:2]
	list[1].Formats = nil
	return Recordings{Title: "Intro to Law", Now: now, Teacher: true, Partly: true, List: list, BackURL: "/rooms/r1"}
}

func picker(several bool) Picker {
	return Picker{
		Course: "Law, first year", Now: now, URL: "/pick?v=v1", Multiple: several, Name: "Law, first year",
		Rule: RuleForm{Measure: Percent, Minutes: "45", Percent: "60", Points: "10"},
		Rooms: []PickerRoom{
			{ID: "a1", Title: "Intro to Law", Rule: Rule{Measure: Percent, Need: 60, Points: 10}, LastClass: minutesAgo(9000)},
			{ID: "a2", Title: "Exercises", Rule: Rule{Measure: Minutes, Need: 45, Points: 10}},
			{ID: "a3", Title: "Office hours"},
		},
	}
}

func wrongPicker() Picker {
	p := picker(false)
	p.Existing, p.Wrong = true, Wrong{"room"}
	return p
}

// manyRooms has 40 rooms.
func manyRooms() Picker {
	p := picker(true)
	for i := len(p.Rooms); i < 40; i++ {
		p.Rooms = append(p.Rooms, PickerRoom{ID: fmt.Sprint("m", i), Title: fmt.Sprint("Séminaire ", i), LastClass: minutesAgo(9000 * i)})
	}
	return p
}

func typedPicker() Picker {
	p := picker(false)
	p.Name, p.Typed = "Week 3", "Bring & read the case of the long winter."
	return p
}

func pickerFrame(opened bool) PickerFrame {
	return PickerFrame{
		Person: "Anna Moreau", Opened: opened, OpenURL: "/lti/window", WaitURL: "/lti/frame",
		Fields: []Hidden{{"state", "s1"}, {"id_token", "t1"}, {"window", "w1"}, {"ticket", "k1"}},
	}
}

var setup = Styleguide{}.Setup()

// registering is a page of an LMS that registers.
func registering(state string, change func(*Registering)) Registering {
	r := Registering{
		State: state, Name: "moodle.example.edu", Issuer: "https://moodle.example.edu", Software: "moodle 4.5.6 (Build: 20250811)",
		Does: []Does{{"opens", true}, {"chooses", true}, {"grades", true}, {"names", false}}, Places: []string{"ContentArea"},
		URL: "/lti/register", Fields: []Hidden{{"code", "c0de"}, {"openid_configuration", "https://moodle.example.edu/c"}, {"registration_token", "t0ken"}},
		Then: "moodle",
	}
	change(&r)
	return r
}

// fixedSettings are those of a tenant that has said what is the same everywhere.
func fixedSettings() SettingsPage {
	p := settingsPage(Locked + "record")
	p.Fixed = []string{"welcome", "record", "wait_for_moderator", "max_participants"}
	p.MaxParticipants = ""
	return p
}
