// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/clihelp"
	"gitlab.com/lcitool/lcitool/internal/userdirs"
)

type engineFlags struct {
	app        *app
	name       string
	connection string
	url        string
}

func (e *engineFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&e.name, "engine", "podman", "container engine; only podman is supported")
	f.StringVar(&e.connection, "connection", "", "name of the podman connection to use, see podman-system-connection(1)")
	f.StringVar(&e.url, "url", "", "URL of the podman service: unix://, tcp:// or ssh://")
}

func (e *engineFlags) options() container.ConnectOptions {
	return container.ConnectOptions{
		Connection: e.connection,
		URL:        e.url,
		StateDir:   userdirs.State(e.app.Getenv),
		Getenv:     e.app.Getenv,
		Log:        e.app.log(),
		Notice:     func(line string) { e.app.Infof("%s", line) },
	}
}

// connect connects to the engine and starts a private one if needed.
func (e *engineFlags) connect(ctx context.Context, cmd *cobra.Command) (*container.Engine, error) {
	if err := cliflags.CheckChoice(cmd, "engine", e.name, "podman", "docker"); err != nil {
		return nil, err
	}
	if e.name == "docker" {
		return nil, errors.New("docker engine not available: leave --engine out, podman builds the same Dockerfiles and runs the same images")
	}
	return container.Connect(ctx, e.options())
}

func newContainer(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "container COMMAND",
		Short: "Build images and run commands in containers",
		Args:  cobra.ArbitraryArgs,
		RunE:  clihelp.NeedAction,
	}
	cmd.AddCommand(
		newContainerEngines(a),
		newContainerBuild(a),
		newContainerRun(a),
		newContainerShell(a),
		newContainerPrune(a),
		newContainerBootstrap(a),
	)
	return cmd
}

func newContainerEngines(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "engines",
		Short: "List the container engines of this machine",
		Args:  cliflags.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			engines := container.Available(cmd.Context())
			if len(engines) == 0 && format == "text" {
				engines = []string{"No engine available"}
			}
			return a.List(format, engines)
		},
	}
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	return cmd
}
