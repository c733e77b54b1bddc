// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/imageplan"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/targets"
)

// containerVerb is common to "container run" and "container shell".
type containerVerb struct {
	app     *app
	engine  engineFlags
	script  string
	dir     string
	user    string
	env     []string
	network string
	arch    string
}

func (w *containerVerb) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&w.script, "script", "", "script to copy into the container as $HOME/script")
	f.StringVar(&w.dir, "workload-dir", "", "directory to mount read-write as $HOME/datadir")
	f.StringVar(&w.user, "user", "root", "user to run as: a user of this machine or of the image, or UID[:GID]")
	f.StringArrayVar(&w.env, "env", nil, "environment variable to set: NAME=VALUE, or NAME to pass its current value; may be repeated")
	cliflags.Choice(f, &w.network, "network", "", "container network: none, host or bridge (default that of podman)", "", "none", "host", "bridge")
	f.StringVar(&w.arch, "arch", "", "architecture or platform of the image, for example arm64 or linux/arm64/v8; pulled unless the local image is for it")
	completeArches(cmd, "arch", targets.Machines())
	w.engine.flags(cmd)
}

func (w *containerVerb) options(image string) (api.RunOptions, error) {
	dir, err := safefs.Existing(w.dir, "directory", os.FileMode.IsDir)
	if err != nil {
		return api.RunOptions{}, err
	}
	script, err := safefs.Existing(w.script, "file", os.FileMode.IsRegular)
	if err != nil {
		return api.RunOptions{}, err
	}
	return api.RunOptions{
		ContainerOptions: api.ContainerOptions{
			Image:     image,
			User:      w.user,
			Env:       w.env,
			LookupEnv: os.LookupEnv,
			Network:   api.Network(w.network),
		},
		Script:      script,
		WorkloadDir: dir,
		Stdin:       w.app.Stdin,
		Stdout:      w.app.Stdout,
		Stderr:      w.app.Stderr,
	}, nil
}

// open connects to the engine and pulls an image for --arch if needed.
func (w *containerVerb) open(cmd *cobra.Command, image string) (*container.Engine, error) {
	engine, err := w.engine.connect(cmd.Context(), cmd)
	if err != nil {
		return nil, err
	}
	return engine, w.findImage(cmd, engine, image)
}

func (w *containerVerb) findImage(cmd *cobra.Command, engine *container.Engine, image string) error {
	if w.arch == "" {
		return nil
	}
	platform := w.arch
	if !strings.Contains(platform, "/") {
		if err := knownArch(cmd, "arch", &w.arch, targets.Machines()); err != nil {
			return err
		}
		platform = targets.Arch(w.arch).Platform()
	}
	return imageplan.ForPlatform(cmd.Context(), engine, image, platform, w.app.offline, w.app.Stderr)
}

func newContainerRun(a *app) *cobra.Command {
	w := &containerVerb{app: a, engine: engineFlags{app: a}}
	cmd := &cobra.Command{
		Use:   "run [--script FILE] IMAGE [-- COMMAND|ARGUMENTS...]",
		Short: "Run a command or a script in a new container",
		Long: `Run a command, or a script with optional arguments, in a new container of an image. The
container is removed afterwards. The exit status is that of the command; 125 means that
the engine failed, 126 that the command cannot be run, and 127 that it was not found.`,
		Args: needImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := w.options(args[0])
			if err != nil {
				return err
			}
			switch o.Command = args[1:]; {
			case w.script != "":
				o.Command = append([]string{"./script"}, args[1:]...)
			case len(args) == 1:
				return diag.WithHint(errors.New("--script is required"), `or a command: lcitool container run IMAGE -- COMMAND`)
			}
			engine, err := w.open(cmd, args[0])
			if err != nil {
				return err
			}
			return w.finish(engine.Run(cmd.Context(), o))
		},
	}
	w.flags(cmd)
	return cmd
}

// needImage requires an IMAGE argument. Further arguments belong to the command.
func needImage(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cliflags.Usagef(cmd, "the following arguments are required: IMAGE")
	}
	return nil
}

func newContainerShell(a *app) *cobra.Command {
	w := &containerVerb{app: a, engine: engineFlags{app: a}}
	cmd := &cobra.Command{
		Use:   "shell IMAGE",
		Short: "Start a shell in a new container",
		Long:  "Start an interactive shell in a new container of an image. The container is removed\nafterwards.",
		Args:  cliflags.Args("IMAGE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := w.options(args[0])
			if err != nil {
				return err
			}
			engine, err := w.open(cmd, args[0])
			if err != nil {
				return err
			}
			return w.finish(engine.Shell(cmd.Context(), o))
		},
	}
	w.flags(cmd)
	return cmd
}

func (w *containerVerb) finish(result api.RunResult, err error) error {
	for _, warning := range result.Warnings {
		w.app.warnf("", "%s", warning)
	}
	return err
}
