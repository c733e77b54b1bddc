// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"fmt"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabapi"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

// TestTriggerJobHasNoFiles: nothing of a trigger job is fetched.
func TestTriggerJobHasNoFiles(t *testing.T) {
	j := &gitlabapi.Job{ID: 1, Name: "n", WebURL: "https://host.example/1", DownstreamPipeline: &gitlabapi.Pipeline{WebURL: "https://host.example/2"}}
	j.ArtifactsFile.Filename = "artifacts.zip"
	j.Artifacts = append(j.Artifacts, struct {
		FileType string `json:"file_type"`
	}{"junit"})
	if s := jobSeen(j, 5, "up"); s.bridge || !s.archive || !s.junit || s.url != "https://host.example/1" || s.name != "up/n" {
		t.Errorf("job: %+v", s)
	}
	if s := bridgeSeen(j, 5, "up"); !s.bridge || s.archive || s.junit || s.url != "https://host.example/2" || s.name != "up/n" {
		t.Errorf("trigger job: %+v", s)
	}
}

// TestFinalErrors: a list without an end is not requested again.
func TestFinalErrors(t *testing.T) {
	c := &client{hide: redact.Token("")}
	for err, want := range map[error]bool{
		gitlabapi.ErrTooLong: false, fmt.Errorf("%w: x", errTooLarge): false, errRefused: false, errSlow: true,
		&gitlabapi.StatusError{Status: 502}: true, &gitlabapi.StatusError{Status: 400}: false,
	} {
		if got := passing(c.requestError(t.Context(), "list jobs", err)); got != want {
			t.Errorf("%v may pass: %v, want %v", err, got, want)
		}
	}
}
