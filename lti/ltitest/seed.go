package ltitest

// seed adds the people and courses of the demo. Tools and links are up to
// whoever starts the LMS.
func (l *LMS) seed() {
	l.AddCourse(Course{ID: "law", Label: "LAW-101", Title: "Introduction to Law"})
	l.AddCourse(Course{ID: "stats", Label: "STA-110", Title: "Statistics for Beginners"})
	for _, p := range []Person{
		{Username: "anna", Given: "Anna", Family: "Moreau", Locale: "en", Roles: in("law", Teacher)},
		{Username: "karim", Given: "Karim", Family: "Benali", Locale: "en", Roles: in("law", Assistant)},
		{Username: "ben", Given: "Ben", Family: "Okafor", Locale: "en", Roles: in("law", Learner, "stats", Learner)},
		{Username: "chloe", Given: "Chloé", Family: "Laurent", Locale: "fr", Roles: in("law", Learner)},
		{Username: "diego", Given: "Diego", Family: "Ramos", Locale: "en", Roles: in("law", Learner, "stats", Learner)},
		{Username: "elise", Given: "Élise", Family: "Petit", Locale: "fr", Roles: in("law", Learner, "stats", Learner)},
		{Username: "nadia", Given: "Nadia", Family: "Haddad", Locale: "fr", Roles: in("stats", Teacher, "law", Learner)},
		{Username: "ruth", Given: "Ruth", Family: "Okafor", Locale: "en", Roles: in("law", Observer)},
		{Username: "sam", Given: "Sam", Family: "Whitfield", Locale: "en",
			InstitutionRoles: []string{institutionAdmin, systemAdmin}},
	} {
		p.Email = p.Username + "@school.example"
		l.AddPerson(p)
	}
	l.watch("ruth", "ben")
}

// in makes Person.Roles of pairs of a course and a role in it.
func in(pairs ...string) map[string][]string {
	roles := map[string][]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		roles[pairs[i]] = append(roles[pairs[i]], pairs[i+1])
	}
	return roles
}

func (l *LMS) watch(observer, learner string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	watched := l.campus.people[l.campus.mustPerson(learner)].ID
	p := &l.campus.people[l.campus.mustPerson(observer)]
	p.Mentors = append(p.Mentors, watched)
}
