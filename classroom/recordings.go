package classroom

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/bbbridge/bbbridge/bbb"
	"github.com/bbbridge/bbbridge/classroom/attendance"
)

// learnersFormats are those that learners see. Statistics are about people.
var learnersFormats = map[string]bool{"presentation": true, "video": true, "podcast": true, "notes": true, "screenshare": true, "slides": true}

// Recordings lists the room's recordings, newest first: all of them for who
// may manage them, the published ones in learnersFormats for others. What
// several servers have is one. Formats without an address are left out, and so
// are the others' addresses, since some servers let each be used once: see
// Playback.
//
// The error may come with the recordings of those servers that have answered.
func (s *Rooms) Recordings(ctx context.Context, seat Seat) ([]bbb.Recording, error) {
	if err := seat.May(See); err != nil {
		return nil, err
	}
	var all []bbb.Recording
	err := s.eachServer(ctx, seat, "", func(_ Server, some []bbb.Recording) bool {
		all = append(all, some...)
		return true
	})
	all = bbb.MergeRecordings(all)
	for i := range all {
		all[i].Formats = slices.DeleteFunc(all[i].Formats, func(f bbb.Format) bool { return f.URL == "" })
		for j := range all[i].Formats {
			all[i].Formats[j].URL = ""
		}
	}
	slices.SortStableFunc(all, func(a, b bbb.Recording) int { return b.Start.Compare(a.Start) })
	return all, err
}

// Playback fetches the address of one format of a recording, for this click.
func (s *Rooms) Playback(ctx context.Context, seat Seat, recordingID, format string) (string, error) {
	action := Record
	if learnersFormats[format] {
		action = See
	}
	if err := seat.May(action); err != nil {
		return "", err
	}
	address := ""
	err := s.eachServer(ctx, seat, recordingID, func(_ Server, some []bbb.Recording) bool {
		for _, r := range some {
			for _, f := range r.Formats {
				if f.Type == format && f.URL != "" {
					address = f.URL
					return false
				}
			}
		}
		return true
	})
	switch {
	case address != "":
		return address, nil
	case err != nil:
		return "", err
	}
	return "", fmt.Errorf("format %q of recording %s: %w", format, recordingID, ErrNotFound)
}

// Publish shows a recording to learners, or hides it from them.
func (s *Rooms) Publish(ctx context.Context, seat Seat, recordingID string, publish bool) error {
	done := func(r bbb.Recording) bool {
		mixed := slices.ContainsFunc(r.Formats, func(f bbb.Format) bool { return f.Hidden })
		return r.Published == publish && !mixed
	}
	return s.manage(ctx, seat, recordingID, done, func(server MeetingServer) error {
		return server.PublishRecordings(ctx, []string{recordingID}, publish)
	})
}

// Delete deletes a recording, wherever it is.
func (s *Rooms) Delete(ctx context.Context, seat Seat, recordingID string) error {
	done := func(bbb.Recording) bool { return false }
	return s.manage(ctx, seat, recordingID, done, func(server MeetingServer) error {
		return server.DeleteRecordings(ctx, []string{recordingID})
	})
}

// manage does something with a recording at the first server that has it, and
// at each further one at which it isn't done by that: two of ours may be one.
func (s *Rooms) manage(ctx context.Context, seat Seat, recordingID string, done func(bbb.Recording) bool, do func(MeetingServer) error) error {
	if err := seat.May(Record); err != nil {
		return err
	}
	some := false
	var refused error
	silent := s.eachServer(ctx, seat, recordingID, func(server Server, found []bbb.Recording) bool {
		if len(found) == 0 || some && done(found[0]) {
			return true
		}
		refused = do(s.Client(server))
		if some && errors.Is(refused, bbb.ErrNotFound) { // gone meanwhile
			refused = nil
		}
		some = true
		return refused == nil
	})
	switch {
	case refused != nil:
		return fmt.Errorf("recording %s: %w", recordingID, refused)
	case some: // a server that doesn't answer may have it, too: then it's listed again
		return nil
	case silent != nil:
		return silent
	}
	return fmt.Errorf("recording %s: %w", recordingID, ErrNotFound)
}

// eachServer calls visit with what each server has of the room's recordings,
// or of the one with the id, until visit says that it's enough: the server of
// the newest class first. What one doesn't say keeps nobody from the others:
// its error is returned in the end.
func (s *Rooms) eachServer(ctx context.Context, seat Seat, id string, visit func(Server, []bbb.Recording) bool) error {
	meetings, err := s.Store.RoomMeetings(ctx, seat.Room.ID)
	if err != nil {
		return fmt.Errorf("meetings of room %s: %w", seat.Room.ID, err)
	}
	servers, err := s.servers(ctx, seat.Room, meetings)
	if err != nil {
		return err
	}
	ids := []string{seat.Room.MeetingID}
	for _, m := range meetings {
		if m.MeetingID != "" && !slices.Contains(ids, m.MeetingID) {
			ids = append(ids, m.MeetingID)
		}
	}
	var silent error
	for _, server := range servers {
		some, err := s.recordingsAt(ctx, server, seat, ids, id)
		if err != nil {
			silent = err
			continue
		}
		if !visit(server, some) {
			return nil
		}
	}
	return silent
}

// recordingsAt asks one server for the room's recordings, under all the ids
// that its meetings had, or for one of them: never for one of another room,
// which our secret would let us act on as well. The question is always by
// meeting: servers differ in what a recordID beside it means, and one that is
// a prefix would match others.
func (s *Rooms) recordingsAt(ctx context.Context, server Server, seat Seat, meetingIDs []string, id string) ([]bbb.Recording, error) {
	ask := bbb.RecordingsRequest{MeetingIDs: meetingIDs}
	if seat.Moderates() {
		ask.States = []string{"processing", "processed", "published", "unpublished"}
	}
	all, err := s.Client(server).Recordings(ctx, ask)
	if errors.Is(err, bbb.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("recordings of room %s: %w", seat.Room.ID, err)
	}
	all = slices.DeleteFunc(all, func(r bbb.Recording) bool {
		return !slices.Contains(meetingIDs, r.MeetingID) || id != "" && r.ID != id
	})
	if !seat.Moderates() {
		all = forLearners(all)
	}
	return all, nil
}

// forLearners leaves out what isn't published, or has nothing for them.
func forLearners(all []bbb.Recording) []bbb.Recording {
	var some []bbb.Recording
	for _, r := range all {
		formats := slices.DeleteFunc(slices.Clone(r.Formats), func(f bbb.Format) bool { return f.Hidden || !learnersFormats[f.Type] })
		if r.Published && (len(formats) > 0 || len(r.Formats) == 0) {
			r.Formats = formats
			some = append(some, r)
		}
	}
	return some
}

// servers are those at which the room had its meetings. In place of those that
// were removed it is those of new classes: one may be the same server under
// another name.
func (s *Rooms) servers(ctx context.Context, room Room, meetings []attendance.Meeting) ([]Server, error) {
	var servers []Server
	seen := map[string]bool{}
	removed := false
	for _, m := range slices.Backward(meetings) {
		if seen[m.ServerID] {
			continue
		}
		seen[m.ServerID] = true
		server, err := s.Store.Server(ctx, m.ServerID)
		switch {
		case errors.Is(err, ErrNoServer), errors.Is(err, ErrNotFound):
			removed = true
		case err != nil:
			return nil, fmt.Errorf("server %s: %w", m.ServerID, err)
		default:
			servers = append(servers, server)
		}
	}
	if !removed {
		return servers, nil
	}
	pool, err := s.pool(ctx, room)
	if err != nil {
		return nil, err
	}
	for _, server := range pool {
		if !seen[server.ID] {
			servers = append(servers, server)
		}
	}
	return servers, nil
}
