package classroom

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// A recorder is what a BigBlueButton has of recordings. Two servers may share
// one.
type recorder struct {
	has  map[string]bbb.Recording // by id
	acts []string
}

// A recordedServer is an entry of ours for a recorder.
type recordedServer struct {
	MeetingServer
	*recorder
	err   error // of all calls
	asked []string
}

func (f *recordedServer) Recordings(_ context.Context, r bbb.RecordingsRequest) ([]bbb.Recording, error) {
	f.asked = append(f.asked, strings.Join(r.MeetingIDs, "+"))
	var all []bbb.Recording
	for _, r := range f.has {
		r.Formats = slices.Clone(r.Formats)
		all = append(all, r)
	}
	return all, f.err
}

func (f *recordedServer) PublishRecordings(_ context.Context, ids []string, publish bool) error {
	f.acts = append(f.acts, fmt.Sprint("publish ", publish))
	r := f.has[ids[0]]
	r.Published = publish
	f.has[ids[0]] = r
	return f.err
}

func (f *recordedServer) DeleteRecordings(_ context.Context, ids []string) error {
	f.acts = append(f.acts, "delete")
	delete(f.has, ids[0])
	return f.err
}

// A recordedRoom is a store with the meetings of one room, oldest first. A
// server that isn't among the entries was removed.
type recordedRoom struct {
	roomStore
	meetings []attendance.Meeting
	entries  map[string]*recordedServer
	current  string // of new classes
}

func (f *recordedRoom) RoomMeetings(context.Context, string) ([]attendance.Meeting, error) {
	return f.meetings, nil
}

func (f *recordedRoom) Server(_ context.Context, id string) (Server, error) {
	if f.entries[id] == nil {
		return Server{}, ErrNotFound
	}
	return Server{ID: id}, nil
}

func (f *recordedRoom) ServersOf(context.Context, string) ([]Server, error) {
	if f.current == "" {
		return nil, ErrNoServer
	}
	return []Server{{ID: f.current}}, nil
}

// at makes a room with a meeting at each of the servers.
func (f *recordedRoom) at(servers ...string) *Rooms {
	for i, id := range servers {
		f.meetings = append(f.meetings, attendance.Meeting{ServerID: id, MeetingID: "rmeeting", CreateTime: noon.Add(time.Duration(i) * time.Hour)})
	}
	return &Rooms{Store: f, Client: func(s Server) MeetingServer { return f.entries[s.ID] }, Now: func() time.Time { return noon }}
}

func recorded(formats ...bbb.Format) *recorder {
	return &recorder{has: map[string]bbb.Recording{"rec": {ID: "rec", MeetingID: "rmeeting", Published: true, State: bbb.Published, Start: noon, Formats: formats}}}
}

var (
	slides = bbb.Format{Type: "presentation", URL: "https://bbb.example/p"}
	video  = bbb.Format{Type: "video", URL: "https://bbb.example/v"}
)

// ways is what the list offers: each recording with its formats.
func ways(all []bbb.Recording) string {
	var list []string
	for _, r := range all {
		text := r.ID
		for _, f := range r.Formats {
			text += " " + f.Type
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

// One BigBlueButton is registered twice, or a recording was moved to another:
// there is one row, and what is done is done once wherever the recording is.
func TestRecordingAtTwoServers(t *testing.T) {
	t.Run("one BigBlueButton", func(t *testing.T) {
		it := recorded(slides, video)
		room := &recordedRoom{entries: map[string]*recordedServer{"old": {recorder: it}, "new": {recorder: it}}}
		rooms, teacher := room.at("old", "new"), seatOf(Moderator)
		all, err := rooms.Recordings(t.Context(), teacher)
		if err != nil || ways(all) != "rec presentation video" {
			t.Errorf("lists %q, %v", ways(all), err)
		}
		for _, publish := range []bool{false, true} {
			if err := rooms.Publish(t.Context(), teacher, "rec", publish); err != nil {
				t.Error(err)
			}
		}
		if err := rooms.Delete(t.Context(), teacher, "rec"); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"publish false", "publish true", "delete"}, it.acts); diff != "" {
			t.Errorf("acts (-want +got):\n%s", diff)
		}
		if err := rooms.Delete(t.Context(), teacher, "rec"); !errors.Is(err, ErrNotFound) {
			t.Errorf("deleted once more: %v", err)
		}
	})
	t.Run("two, each with a format", func(t *testing.T) {
		one, other := recorded(slides, bbb.Format{Type: "video"}), recorded(bbb.Format{Type: "presentation"}, video)
		room := &recordedRoom{entries: map[string]*recordedServer{"old": {recorder: one}, "new": {recorder: other}}}
		rooms, teacher := room.at("old", "new"), seatOf(Moderator)
		for format, want := range map[string]string{"presentation": slides.URL, "video": video.URL} {
			if got, err := rooms.Playback(t.Context(), seatOf(Viewer), "rec", format); err != nil || got != want {
				t.Errorf("%s plays at %q, %v", format, got, err)
			}
		}
		if err := errors.Join(rooms.Publish(t.Context(), teacher, "rec", false), rooms.Delete(t.Context(), teacher, "rec")); err != nil {
			t.Error(err)
		}
		for name, r := range map[string]*recorder{"old": one, "new": other} {
			if diff := cmp.Diff([]string{"publish false", "delete"}, r.acts); diff != "" {
				t.Errorf("acts at the %s one (-want +got):\n%s", name, diff)
			}
		}
	})
}

// A server that doesn't answer, such as an entry with a secret of old, hides
// nothing of what others have.
func TestRecordingsWhileAServerIsSilent(t *testing.T) {
	down := &bbb.Error{Key: "checksumError"}
	for _, silent := range []string{"old", "new"} {
		it := recorded(slides)
		room := &recordedRoom{entries: map[string]*recordedServer{"old": {recorder: it}, "new": {recorder: it}}}
		room.entries[silent] = &recordedServer{recorder: recorded(), err: down}
		rooms := room.at("old", "new")
		all, err := rooms.Recordings(t.Context(), seatOf(Viewer))
		if !errors.Is(err, bbb.ErrChecksum) || ways(all) != "rec presentation" {
			t.Errorf("%s is silent: lists %q, %v", silent, ways(all), err)
		}
		if got, err := rooms.Playback(t.Context(), seatOf(Viewer), "rec", "presentation"); err != nil || got != slides.URL {
			t.Errorf("%s is silent: plays at %q, %v", silent, got, err)
		}
		if _, err := rooms.Playback(t.Context(), seatOf(Viewer), "rec", "video"); !errors.Is(err, bbb.ErrChecksum) {
			t.Errorf("%s is silent, and may have the video: %v", silent, err)
		}
		if err := rooms.Delete(t.Context(), seatOf(Moderator), "rec"); err != nil || len(it.acts) != 1 {
			t.Errorf("%s is silent: delete %v, %v", silent, it.acts, err)
		}
		if err := rooms.Delete(t.Context(), seatOf(Moderator), "rec"); !errors.Is(err, bbb.ErrChecksum) {
			t.Errorf("%s is silent, and may have it: %v", silent, err)
		}
	}
}

// The server was removed and registered anew, with another secret or another
// name: it is asked there, if new classes are on it.
func TestRecordingsOfARemovedServer(t *testing.T) {
	for _, test := range []struct{ name, current, want string }{
		{"registered anew", "new", "rec presentation"}, {"only removed", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			room := &recordedRoom{entries: map[string]*recordedServer{"new": {recorder: recorded(slides)}}, current: test.current}
			all, err := room.at("old").Recordings(t.Context(), seatOf(Viewer))
			if err != nil || ways(all) != test.want {
				t.Errorf("lists %q, %v", ways(all), err)
			}
		})
	}
	room := &recordedRoom{entries: map[string]*recordedServer{"old": {recorder: recorded(slides)}, "new": {recorder: recorded()}}, current: "new"}
	if all, err := room.at("old").Recordings(t.Context(), seatOf(Viewer)); err != nil || ways(all) != "rec presentation" || len(room.entries["new"].asked) != 0 {
		t.Errorf("nothing was removed: lists %q, asks the new one %v, %v", ways(all), room.entries["new"].asked, err)
	}
}

// Recordings of classes under a room's old meeting ids are the room's.
func TestRecordingsUnderAnOldMeetingID(t *testing.T) {
	it := recorded(slides)
	it.has["older"] = bbb.Recording{ID: "older", MeetingID: "rbefore", Published: true, Start: noon.Add(-time.Hour), Formats: []bbb.Format{video}}
	it.has["other"] = bbb.Recording{ID: "other", MeetingID: "rother", Published: true, Formats: []bbb.Format{video}}
	room := &recordedRoom{entries: map[string]*recordedServer{"s": {recorder: it}}, meetings: []attendance.Meeting{{ServerID: "s", MeetingID: "rbefore"}}}
	rooms := room.at("s")
	all, err := rooms.Recordings(t.Context(), seatOf(Viewer))
	if err != nil || ways(all) != "rec presentation, older video" {
		t.Errorf("lists %q, %v", ways(all), err)
	}
	if diff := cmp.Diff([]string{"rmeeting+rbefore"}, room.entries["s"].asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if got, err := rooms.Playback(t.Context(), seatOf(Viewer), "older", "video"); err != nil || got != video.URL {
		t.Errorf("plays at %q, %v", got, err)
	}
	if err := rooms.Delete(t.Context(), seatOf(Moderator), "other"); !errors.Is(err, ErrNotFound) {
		t.Errorf("another room's is deleted: %v", err)
	}
}

// What can't be played isn't offered, nor what is hidden from learners.
func TestFormatsThatDontPlay(t *testing.T) {
	hidden := slides
	hidden.Hidden = true
	for _, test := range []struct {
		name             string
		formats          []bbb.Format
		teacher, learner string
	}{
		{"one has no address", []bbb.Format{slides, {Type: "video"}}, "rec presentation", "rec presentation"},
		{"none has one", []bbb.Format{{Type: "video"}}, "rec", "rec"},
		{"a part isn't published", []bbb.Format{hidden, video}, "rec presentation video", "rec video"},
		{"only a part that learners don't see plays", []bbb.Format{hidden}, "rec presentation", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			room := &recordedRoom{entries: map[string]*recordedServer{"s": {recorder: recorded(test.formats...)}}}
			rooms := room.at("s")
			for role, want := range map[Role]string{Moderator: test.teacher, Viewer: test.learner} {
				if all, err := rooms.Recordings(t.Context(), seatOf(role)); err != nil || ways(all) != want {
					t.Errorf("%s is offered %q, want %q, %v", role, ways(all), want, err)
				}
			}
			if slices.ContainsFunc(test.formats, func(f bbb.Format) bool { return f.Hidden }) {
				if _, err := rooms.Playback(t.Context(), seatOf(Viewer), "rec", "presentation"); !errors.Is(err, ErrNotFound) {
					t.Errorf("a learner plays what is hidden: %v", err)
				}
			}
		})
	}
}

// Of what kind a recording is says whether learners see it.
func TestFormatsOfLearners(t *testing.T) {
	for format, want := range map[string]bool{
		"presentation": true, "video": true, "podcast": true, "notes": true, "screenshare": true, "slides": true,
		"statistics": false, "capture": false, "": false,
	} {
		room := &recordedRoom{entries: map[string]*recordedServer{"s": {recorder: recorded(bbb.Format{Type: format, URL: "https://bbb.example/f"})}}}
		rooms := room.at("s")
		_, err := rooms.Playback(t.Context(), seatOf(Viewer), "rec", format)
		if (err == nil) != want || err != nil && !errors.Is(err, ErrForbidden) {
			t.Errorf("%q: %v, want %v", format, err, want)
		}
		if all, err := rooms.Recordings(t.Context(), seatOf(Viewer)); err != nil || (ways(all) != "") != want {
			t.Errorf("%q: offered %q, %v", format, ways(all), err)
		}
	}
}
