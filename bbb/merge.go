package bbb

import (
	"cmp"
	"maps"
	"slices"
)

// MergeRecordings makes one of recordings with the same id and meeting, in the
// place of the first. Some servers list a recording once for each of its
// formats (bigbluebutton/bigbluebutton#5433), and two of ours may be one.
// Of two formats of one type, that with an address stays.
func MergeRecordings(all []Recording) []Recording {
	type key struct{ id, meeting string }
	at := map[key]int{}
	var merged []Recording
	for _, r := range all {
		k := key{r.ID, r.MeetingID}
		i, seen := at[k]
		if !seen {
			at[k] = len(merged)
			merged = append(merged, r)
			continue
		}
		merged[i] = merged[i].and(r)
	}
	return merged
}

// and is the whole of which r and other are parts.
func (r Recording) and(other Recording) Recording {
	if r.Published != other.Published {
		if r.Published {
			other.hide()
		} else {
			r.hide()
		}
	}
	// The part that has come furthest says where the whole is.
	if slices.Index(states, other.State) > slices.Index(states, r.State) {
		r.State = other.State
	}
	r.Published = r.Published || other.Published
	r.Name = cmp.Or(r.Name, other.Name)
	if r.Start.IsZero() || !other.Start.IsZero() && other.Start.Before(r.Start) {
		r.Start = other.Start
	}
	if other.End.After(r.End) {
		r.End = other.End
	}
	r.Participants = max(r.Participants, other.Participants)
	r.Size, r.RawSize = max(r.Size, other.Size), max(r.RawSize, other.RawSize)
	if other.Protected != nil && (r.Protected == nil || *other.Protected) {
		r.Protected = other.Protected
	}
	metadata := maps.Clone(other.Metadata)
	if metadata == nil {
		metadata = map[string]string{}
	}
	maps.Copy(metadata, r.Metadata)
	r.Metadata = metadata
	r.Formats = mergeFormats(r.Formats, other.Formats)
	return r
}

// mergeFormats is all of them and those of more that add a way to play.
func mergeFormats(all, more []Format) []Format {
	all = slices.Clone(all)
	for _, f := range more {
		i := slices.IndexFunc(all, func(have Format) bool { return have.Type == f.Type })
		switch {
		case i < 0:
			all = append(all, f)
		case f.URL != "" && (all[i].URL == "" || all[i].Hidden && !f.Hidden):
			all[i] = f
		}
	}
	return all
}

// states in the order in which a recording comes to them.
var states = []string{Deleted, Processing, Processed, Unpublished, Published}

// hide marks the formats of a part that isn't published.
func (r *Recording) hide() {
	r.Formats = slices.Clone(r.Formats)
	for i := range r.Formats {
		r.Formats[i].Hidden = true
	}
}
