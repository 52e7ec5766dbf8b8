package bbb

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// Every key that a server is known to say, and what we make of it.
func TestEveryKey(t *testing.T) {
	said := 0
	for _, test := range []struct {
		keys string
		want error
	}{
		{"notFound meetingNotFound recordingNotFound invalidMeetingIdentifier invalidMeetingId invalidRecordingIdentifier", ErrNotFound},
		{"checksumError", ErrChecksum},
		{"idNotUnique notUniqueMeetingID", ErrIDNotUnique},
		{"meetingForciblyEnded", ErrForciblyEnded},
		{"mismatchCreateTimeParam mismatchCreateTime", ErrMismatchCreateTime},
		{"maxParticipantsReached attendeesLimitReached maxConcurrent", ErrFull},
		{"guestDeny guestDeniedAccess", ErrGuestDenied},
		{"invalidPassword params_required", ErrPassword},
		{"validationError sizeError emptyError nullError missingParam missingParameters paramError missingParamMeetingID " +
			"missingParamFullName missingParamRecordID missingParamPublish unsupportedContentType", ErrInvalid},
		{"internalError serverUnavailable serverTagUnavailable b3scale_server_error", ErrUnavailable},
		{"apiNotEnabled", ErrAPIDisabled},
		{"unsupportedRequest notImplemented b3scaleGatewayError", ErrUnsupported},
		{"apiKeyError", ErrNoSuchPath},
	} {
		for _, key := range strings.Fields(test.keys) {
			said++
			if key == "params_required" {
				key = "params required"
			}
			if err := (&Error{Key: key}); !errors.Is(err, test.want) {
				t.Errorf("%s is not %v", key, test.want)
			}
		}
	}
	if said != len(sentinels) {
		t.Errorf("%d keys are known, and %d tested", len(sentinels), said)
	}
}

// What stands before a server answers with a status alone.
func TestStatusAlone(t *testing.T) {
	for _, test := range []struct {
		want     error
		statuses []int
	}{
		{ErrNoSuchPath, []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone}},
		{ErrAccessDenied, []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired}},
		{ErrUnavailable, []int{http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout, 599}},
		{ErrNotBBB, []int{http.StatusOK, http.StatusBadRequest, 499}},
	} {
		for _, status := range test.statuses {
			t.Run(fmt.Sprint(status), func(t *testing.T) {
				client, _ := server(t, status, "no answer of BigBlueButton")
				if _, err := client.Meetings(t.Context()); !errors.Is(err, test.want) {
					t.Errorf("error is %v, want %v", err, test.want)
				}
			})
		}
	}
}

// A server says of itself what it likes.
func TestVersion(t *testing.T) {
	for _, test := range []struct {
		name, body string
		want       ServerVersion
	}{
		{"BigBlueButton 2", `<version>2.0</version><apiVersion>2.0</apiVersion><bbbVersion/>`, ServerVersion{Version: "2.0"}},
		{"BigBlueButton 3", `<version>2.0</version><bbbVersion>3.0.4</bbbVersion><graphqlWebsocketUrl>wss://h/graphql</graphqlWebsocketUrl><graphqlApiUrl>https://h/api/rest</graphqlApiUrl>`,
			ServerVersion{Version: "2.0", BBB: "3.0.4", GraphQL: true}},
		{"one address of GraphQL's", `<version>2.0</version><graphqlApiUrl>https://h/api/rest</graphqlApiUrl>`, ServerVersion{Version: "2.0", GraphQL: true}},
		{"Scalelite", `<version>2.0</version><build>1.6.2</build>`, ServerVersion{Version: "2.0", Build: "1.6.2"}},
		{"the API's alone", `<apiVersion>2.0</apiVersion>`, ServerVersion{Version: "2.0"}},
		{"nothing", ``, ServerVersion{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, _ := server(t, http.StatusOK, answerHead+test.body+answerFoot)
			if got, err := client.Version(t.Context()); err != nil || got != test.want {
				t.Errorf("Version = %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}
