package bbb

import (
	"net/http"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// One recording in two elements, one for each format (after public bug
// reports).
func TestRecordingInTwoElements(t *testing.T) {
	client, _ := server(t, http.StatusOK, string(shared(t, "cases/recording-in-two-elements/recordings.xml")))
	got, err := client.Recordings(t.Context(), RecordingsRequest{MeetingIDs: []string{"MEETING"}})
	want := []Recording{{
		ID: "R-1", MeetingID: "MEETING", InternalMeetingID: "R-1", Name: "Fractions", Published: true, State: Published,
		Start: time.UnixMilli(1795687119411).UTC(), End: time.UnixMilli(1795687179411).UTC(), Participants: 2,
		Metadata: map[string]string{}, Formats: []Format{
			{Type: "presentation", URL: "https://bbb.school.example/p/R-1", Length: 3 * time.Minute},
			{Type: "video", URL: "https://bbb.school.example/v/R-1", Length: 3 * time.Minute},
		},
	}}
	if diff := gocmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestMergeRecordings(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 11, 21, 9, minute, 0, 0, time.UTC) }
	slides, video := Format{Type: "presentation", URL: "https://h.example/p"}, Format{Type: "video", URL: "https://h.example/v"}
	hidden := video
	hidden.Hidden = true
	for _, test := range []struct {
		name      string
		all, want []Recording
	}{
		{"nothing", nil, nil},
		{"two recordings", []Recording{{ID: "a", MeetingID: "m"}, {ID: "b", MeetingID: "m"}}, []Recording{{ID: "a", MeetingID: "m"}, {ID: "b", MeetingID: "m"}}},
		{"of two meetings", []Recording{{ID: "a", MeetingID: "m"}, {ID: "a", MeetingID: "n"}}, []Recording{{ID: "a", MeetingID: "m"}, {ID: "a", MeetingID: "n"}}},
		{"in the first one's place", []Recording{{ID: "a", Name: "A"}, {ID: "b"}, {ID: "a", Name: "Again"}}, []Recording{{ID: "a", Name: "A", Metadata: map[string]string{}}, {ID: "b"}}},
		{"the same twice", []Recording{{ID: "a", Formats: []Format{slides, video}}, {ID: "a", Formats: []Format{slides, video}}},
			[]Recording{{ID: "a", Formats: []Format{slides, video}, Metadata: map[string]string{}}}},
		{"the address that is there", []Recording{{ID: "a", Formats: []Format{{Type: "video"}}}, {ID: "a", Formats: []Format{video}}, {ID: "a", Formats: []Format{{Type: "video"}}}},
			[]Recording{{ID: "a", Formats: []Format{video}, Metadata: map[string]string{}}}},
		{"an address, though it's hidden here", []Recording{{ID: "a", State: Unpublished, Formats: []Format{video}}, {ID: "a", Published: true, State: Published, Formats: []Format{{Type: "video"}}}},
			[]Recording{{ID: "a", Published: true, State: Published, Formats: []Format{hidden}, Metadata: map[string]string{}}}},
		{"the first address", []Recording{{ID: "a", Formats: []Format{video}}, {ID: "a", Formats: []Format{{Type: "video", URL: "https://h.example/again"}}}},
			[]Recording{{ID: "a", Formats: []Format{video}, Metadata: map[string]string{}}}},
		{"one part is hidden", []Recording{{ID: "a", Published: true, State: Published, Formats: []Format{slides}}, {ID: "a", State: Unpublished, Formats: []Format{video}}},
			[]Recording{{ID: "a", Published: true, State: Published, Formats: []Format{slides, hidden}, Metadata: map[string]string{}}}},
		{"the first part is hidden", []Recording{{ID: "a", State: Unpublished, Formats: []Format{video}}, {ID: "a", Published: true, State: Published, Formats: []Format{slides}}},
			[]Recording{{ID: "a", Published: true, State: Published, Formats: []Format{hidden, slides}, Metadata: map[string]string{}}}},
		{"hidden here and shown there", []Recording{{ID: "a", State: Unpublished, Formats: []Format{video}}, {ID: "a", Published: true, State: Published, Formats: []Format{video}}},
			[]Recording{{ID: "a", Published: true, State: Published, Formats: []Format{video}, Metadata: map[string]string{}}}},
		{"one part is being processed", []Recording{{ID: "a", State: Processing}, {ID: "a", State: Unpublished, Formats: []Format{slides}}},
			[]Recording{{ID: "a", State: Unpublished, Formats: []Format{slides}, Metadata: map[string]string{}}}},
		{"the most that is said", []Recording{
			{ID: "a", Name: "A", Start: at(5), End: at(9), Participants: 2, Size: 5, Metadata: map[string]string{"name": "x"}},
			{ID: "a", Start: at(4), End: at(10), Participants: 3, Size: 7, RawSize: 9, Protected: pointer(true), Metadata: map[string]string{"name": "y", "more": "z"}},
			{ID: "a"},
		}, []Recording{{ID: "a", Name: "A", Start: at(4), End: at(10), Participants: 3, Size: 7, RawSize: 9, Protected: pointer(true), Metadata: map[string]string{"name": "x", "more": "z"}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := gocmp.Diff(test.want, MergeRecordings(test.all)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What is merged is left as it was.
func TestMergeRecordingsChangesNothing(t *testing.T) {
	all := []Recording{
		{ID: "a", Published: true, Formats: []Format{{Type: "video"}}, Metadata: map[string]string{"name": "x"}},
		{ID: "a", Formats: []Format{{Type: "notes"}}, Metadata: map[string]string{"more": "y"}},
	}
	MergeRecordings(all)
	if len(all[0].Formats) != 1 || all[1].Formats[0].Hidden || len(all[0].Metadata) != 1 || len(all[1].Metadata) != 1 {
		t.Errorf("changed: %+v", all)
	}
}
