// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"bytes"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
)

// TestBuildForAnotherPlatform needs no emulator: its Dockerfile has no RUN.
func TestBuildForAnotherPlatform(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	const foreignBase = "localhost/test.foreignbase"
	removeLater(t, e, foreignBase)
	removeLater(t, e, "test.foreign")
	if _, err := e.Import(t.Context(), api.ImportOptions{Reference: foreignBase, Command: "/x", Arch: "s390x"}, dirArchive("etc")); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	o := api.BuildOptions{
		Tag: "test.foreign", Dockerfile: []byte("FROM " + foreignBase + "\nENV A=b\n"), Platform: "linux/s390x", Network: api.NetworkNone, Log: &log,
	}
	first, err := e.Build(t.Context(), o)
	if err != nil || first.Cached {
		t.Fatalf("%+v, %v\n%s", first, err, log.String())
	}
	image, err := e.Inspect(t.Context(), "test.foreign")
	if err != nil || image.Architecture != "s390x" {
		t.Errorf("image %+v, %v", image, err)
	}
	if again, err := e.Build(t.Context(), o); err != nil || !again.Cached || again.ID != first.ID {
		t.Errorf("second build: %+v, %v", again, err)
	}
	o.Platform = "linux/arm64"
	_, err = e.Build(t.Context(), o)
	if err == nil || api.Status(err) == 0 || !strings.Contains(err.Error(), foreignBase) {
		t.Errorf("on a base for another one: %v", err)
	}
	if image, err := e.Inspect(t.Context(), "test.foreign"); err != nil || image.ID != first.ID {
		t.Errorf("the image that was there: %+v, %v", image, err)
	}
}
