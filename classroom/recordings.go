package classroom

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/bbbridge/bbbridge/bbb"
)

// learnersFormats are those that learners see. Statistics are about people.
var learnersFormats = map[string]bool{"presentation": true, "video": true, "podcast": true, "notes": true, "screenshare": true, "slides": true}

// Recordings lists the room's recordings, newest first: all of them for who
// may manage them, the published ones in learnersFormats for others. Playback
// addresses are left out, since some servers let each be used once: see
// Playback.
func (s *Rooms) Recordings(ctx context.Context, seat Seat) ([]bbb.Recording, error) {
	if err := seat.May(See); err != nil {
		return nil, err
	}
	servers, err := s.servers(ctx, seat.Room)
	if err != nil {
		return nil, err
	}
	var all []bbb.Recording
	for _, server := range servers {
		some, err := s.recordingsAt(ctx, server, seat, "")
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	for i := range all {
		for j := range all[i].Formats {
			all[i].Formats[j].URL = ""
		}
	}
	slices.SortStableFunc(all, func(a, b bbb.Recording) int { return b.Start.Compare(a.Start) })
	return all, nil
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
	_, recording, err := s.recording(ctx, seat, recordingID)
	if err != nil {
		return "", err
	}
	for _, f := range recording.Formats {
		if f.Type == format && f.URL != "" {
			return f.URL, nil
		}
	}
	return "", fmt.Errorf("format %q of recording %s: %w", format, recordingID, ErrNotFound)
}

// Publish shows a recording to learners, or hides it from them.
func (s *Rooms) Publish(ctx context.Context, seat Seat, recordingID string, publish bool) error {
	return s.manage(ctx, seat, recordingID, func(server MeetingServer) error {
		return server.PublishRecordings(ctx, []string{recordingID}, publish)
	})
}

// Delete deletes a recording at the server.
func (s *Rooms) Delete(ctx context.Context, seat Seat, recordingID string) error {
	return s.manage(ctx, seat, recordingID, func(server MeetingServer) error {
		return server.DeleteRecordings(ctx, []string{recordingID})
	})
}

func (s *Rooms) manage(ctx context.Context, seat Seat, recordingID string, do func(MeetingServer) error) error {
	if err := seat.May(Record); err != nil {
		return err
	}
	server, _, err := s.recording(ctx, seat, recordingID)
	if err != nil {
		return err
	}
	if err := do(s.Client(server)); err != nil {
		return fmt.Errorf("recording %s: %w", recordingID, err)
	}
	return nil
}

// recording finds a recording of the room: never one of another room, which
// our secret would let us act on as well.
func (s *Rooms) recording(ctx context.Context, seat Seat, id string) (Server, bbb.Recording, error) {
	servers, err := s.servers(ctx, seat.Room)
	if err != nil {
		return Server{}, bbb.Recording{}, err
	}
	for _, server := range servers {
		some, err := s.recordingsAt(ctx, server, seat, id)
		if err != nil {
			return Server{}, bbb.Recording{}, err
		}
		if len(some) > 0 {
			return server, some[0], nil
		}
	}
	return Server{}, bbb.Recording{}, fmt.Errorf("recording %s: %w", id, ErrNotFound)
}

// recordingsAt asks one server for the room's recordings, or for one of them.
// The question is always by meeting: servers differ in what a recordID beside
// it means, and one that is a prefix would match others.
func (s *Rooms) recordingsAt(ctx context.Context, server Server, seat Seat, id string) ([]bbb.Recording, error) {
	ask := bbb.RecordingsRequest{MeetingIDs: []string{seat.Room.MeetingID}}
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
	all = slices.DeleteFunc(all, func(r bbb.Recording) bool { return r.MeetingID != seat.Room.MeetingID || id != "" && r.ID != id })
	if !seat.Moderates() {
		all = forLearners(all)
	}
	return all, nil
}

// forLearners leaves out what isn't published, or has nothing for them.
func forLearners(all []bbb.Recording) []bbb.Recording {
	var some []bbb.Recording
	for _, r := range all {
		formats := slices.DeleteFunc(slices.Clone(r.Formats), func(f bbb.Format) bool { return !learnersFormats[f.Type] })
		if r.Published && (len(formats) > 0 || len(r.Formats) == 0) {
			r.Formats = formats
			some = append(some, r)
		}
	}
	return some
}

// servers are those at which the room had classes.
func (s *Rooms) servers(ctx context.Context, room Room) ([]Server, error) {
	all, err := s.Store.RoomMeetings(ctx, room.ID)
	if err != nil {
		return nil, fmt.Errorf("meetings of room %s: %w", room.ID, err)
	}
	var servers []Server
	seen := map[string]bool{}
	for _, m := range all {
		if seen[m.ServerID] {
			continue
		}
		seen[m.ServerID] = true
		server, err := s.Store.Server(ctx, m.ServerID)
		if errors.Is(err, ErrNoServer) || errors.Is(err, ErrNotFound) { // removed
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("server %s: %w", m.ServerID, err)
		}
		servers = append(servers, server)
	}
	return servers, nil
}
