// SPDX-License-Identifier: GPL-2.0-or-later

// Package errortext writes error messages for people.
package errortext

import (
	"errors"
	"fmt"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/targets"
)

// An Infof writes a message, see termtext.Message.
type Infof func(format string, args ...any)

// Print writes a message for each error that err joins, followed by its hint if
// there is one. It writes nothing for nil.
func Print(infof Infof, err error) {
	if err == nil {
		return
	}
	for _, e := range workspace.Separate(err) {
		infof("%s%v", prefix(e), e)
		PrintHint(infof, e)
	}
}

// PrintHint writes the hint for an error, if there is one.
func PrintHint(infof Infof, err error) {
	if h := hint(err); h != "" {
		infof("hint: %s", h)
	}
}

// hint returns advice on an error, "" for none.
func hint(err error) string {
	if hint := diag.Hint(err); hint != "" {
		return hint
	}
	var unsupported *render.UnsupportedError
	if errors.As(err, &unsupported) && unsupported.Target.Containers == nil {
		return fmt.Sprintf(`no image of %[1]s exists; "lcitool variables %[1]s PROJECTS" lists what a machine needs`, unsupported.Target.Name)
	}
	if ofEngine(err) {
		return api.Hint(err)
	}
	return ""
}

// ofEngine reports whether err comes from podman. Only there api.Hint looks for
// podman's words: other errors may contain the same ones as names of packages.
func ofEngine(err error) bool {
	var (
		engine *api.EngineError
		build  *api.BuildError
		unsafe *api.UnsafeError
	)
	return errors.As(err, &engine) || errors.As(err, &build) || errors.As(err, &unsafe) ||
		errors.Is(err, api.ErrNoImage) || errors.Is(err, api.ErrNoUser)
}

// prefix names the area an error comes from, in the original's words.
func prefix(err error) string {
	var (
		manifest    *workspace.ManifestError
		target      *targets.Error
		cross       *targets.CrossError
		project     *facts.ProjectError
		unsupported *render.UnsupportedError
		resolve     *targets.ResolveError
		mappings    *facts.MappingsError
	)
	switch {
	case errors.As(err, &manifest):
		return manifest.Prefix()
	case errors.As(err, &target):
		return "Targets error: "
	case errors.As(err, &cross), errors.As(err, &project):
		return "Project error: "
	case errors.As(err, &unsupported) && unsupported.Output == "Dockerfile":
		return "Docker formatter error: "
	case errors.As(err, &unsupported):
		return "Shell build env formatter error: "
	case errors.As(err, &resolve), errors.As(err, &mappings):
		return "Package generic name resolution error: "
	case ofEngine(err):
		return "Container error: "
	}
	return "Application error: "
}
