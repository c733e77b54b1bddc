// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/workspace"
)

type projectsLock struct {
	app    *app
	update bool
	format string
}

func newProjectsLock(a *app) *cobra.Command {
	l := &projectsLock{app: a}
	cmd := &cobra.Command{
		Use:   "lock [PROJECTS...]",
		Short: "Lock the contents of project files that are named by URL",
		Long: `Write ci/lcitool.lock with the contents of the project files that PROJECTS name by URL
or path, and of those that ci/manifest.yml names by URL. From then on, a command that reads
such a file fails and shows what changed if the file is not the locked one, until
"lcitool projects lock --update" accepts the changes. Locked files that are no longer
named stay locked.`,
		Args: cobra.ArbitraryArgs,
		RunE: l.run,
	}
	cmd.Flags().BoolVar(&l.update, "update", false, "accept changed project files")
	cliflags.Choice(cmd.Flags(), &l.format, "format", "", "output format: text or json", "text", "json")
	return cmd
}

func (l *projectsLock) run(cmd *cobra.Command, args []string) error {
	done, err := l.app.workspace().Lock(cmd.Context(), args, l.update)
	if err != nil {
		return err
	}
	if len(done) == 0 {
		l.app.Infof("no project is named by URL")
	}
	for _, f := range done {
		if f.Diff == "" {
			continue
		}
		l.app.Infof("%s:", f.URL)
		for line := range strings.Lines(f.Diff) {
			l.app.Infof("%s", strings.TrimSuffix(line, "\n"))
		}
	}
	return l.print(done)
}

func (l *projectsLock) print(done []workspace.LockedFile) error {
	var lines []string
	for _, f := range done {
		lines = append(lines, f.State+" "+f.URL)
	}
	return l.app.Result(l.format, append([]workspace.LockedFile{}, done...), lines)
}
