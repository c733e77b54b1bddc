// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestWithoutBuildTags(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	const tags = "remote containers_image_openpgp exclude_graphdriver_btrfs exclude_graphdriver_devicemapper"
	if !strings.Contains(string(readme), "go install -tags '"+tags+"' gitlab.com/lcitool/lcitool/cmd/lcitool@latest") {
		t.Error("README.md does not say how to install with the build tags")
	}
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", os.DevNull, ".").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "build_with_make_or_with_the_tags_in_README: build constraints exclude all Go files") {
		t.Errorf("%v: %s", err, out)
	}
	if lines := linesOfBuild(string(out)); lines > 2 {
		t.Errorf("%d lines:\n%s", lines, out)
	}
}

// TestWindows: the only error of a build for Windows says that it is not supported.
func TestWindows(t *testing.T) {
	const tags = "remote containers_image_openpgp exclude_graphdriver_btrfs exclude_graphdriver_devicemapper"
	cmd := exec.CommandContext(t.Context(), "go", "build", "-tags", tags, "-o", os.DevNull, ".")
	cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "windows_is_not_supported_use_WSL: build constraints exclude all Go files") {
		t.Errorf("%v: %s", err, out)
	}
	if lines := linesOfBuild(string(out)); lines > 2 {
		t.Errorf("%d lines:\n%s", lines, out)
	}
}

// linesOfBuild does not count lines about modules that go downloads.
func linesOfBuild(out string) int {
	return strings.Count(out, "\n") - strings.Count("\n"+out, "\ngo: downloading ")
}
