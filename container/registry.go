// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/containers/podman/v4/pkg/bindings/images"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/explain"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

// AskRegistry makes the engine ask an image's registry for its tags, using the
// engine's mirrors and the user's credentials. It pulls nothing.
func (e *Engine) AskRegistry(ctx context.Context, reference string) error {
	c, err := e.service.Conn(ctx)
	if err != nil {
		return err
	}
	defer podman.CloseIdle(c)
	name, _, _ := strings.Cut(reference, "@")
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name = name[:colon]
	}
	options := new(images.SearchOptions).WithListTags(true).WithLimit(1).WithAuthfile(e.authFile())
	if _, err = images.Search(c, name, options); err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return &api.EngineError{Op: "ask the registry of " + name, Code: 125, Err: context.Cause(ctx), Hint: explain.HintRegistry}
	}
	reason := strings.TrimLeft(explain.LastLine(err.Error()), "* \t") // podman formats errors as a list
	return &api.EngineError{Op: "ask the registry of " + name, Code: 125, Err: errors.New(reason), Hint: explain.RegistryHint("docker://" + name + "/ " + reason)}
}

// authFile returns the credentials file to send with a request, as podman's
// command line does: REGISTRY_AUTH_FILE, or the file in DOCKER_CONFIG. A service
// on another machine gets the user's default file. "" leaves it to the service.
func (e *Engine) authFile() string {
	if file := e.options.Variable("REGISTRY_AUTH_FILE"); file != "" {
		return file
	}
	var candidates []string
	if dir := e.options.Variable("DOCKER_CONFIG"); dir != "" {
		candidates = append(candidates, filepath.Join(dir, "config.json"))
	}
	if !e.service.Local() {
		if dir := e.options.Variable("XDG_RUNTIME_DIR"); dir != "" {
			candidates = append(candidates, filepath.Join(dir, "containers/auth.json"))
		}
		if dir := podman.ConfigHome(e.options.Variable); dir != "" {
			candidates = append(candidates, filepath.Join(dir, "containers/auth.json"))
		}
		if home := e.options.Variable("HOME"); home != "" {
			candidates = append(candidates, filepath.Join(home, ".docker/config.json"))
		}
	}
	for _, file := range candidates {
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}
