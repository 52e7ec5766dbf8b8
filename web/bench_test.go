package web

import (
	"io"
	"testing"
)

func benchmark(b *testing.B, page any) {
	b.ReportAllocs()
	for b.Loop() {
		if err := pages.Render(io.Discard, "fr", page); err != nil {
			b.Fatal(err)
		}
	}
}

// A first launch lands on these: nothing has happened in the room yet.
func BenchmarkTeacherRoomNew(b *testing.B) { benchmark(b, samples()["teacher_new"]) }

func BenchmarkTeacherRoom(b *testing.B) { benchmark(b, teacherRoom(Waiting, 0)) }

func BenchmarkTeacherRoomLive(b *testing.B) { benchmark(b, teacherRoom(Live, 23)) }

func BenchmarkLearnerRoom(b *testing.B) { benchmark(b, learnerRoom(Waiting)) }

func BenchmarkLearnerRoomNew(b *testing.B) {
	page := learnerRoom(Waiting)
	page.Attendance = &Attendance{}
	benchmark(b, page)
}

func BenchmarkWaitingPage(b *testing.B) { benchmark(b, samples()["waiting"]) }

func BenchmarkRegister300(b *testing.B) { benchmark(b, register(300, true)) }

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(); err != nil {
			b.Fatal(err)
		}
	}
}
