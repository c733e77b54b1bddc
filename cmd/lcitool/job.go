// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"cmp"
	"crypto/x509"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/clihelp"
	"gitlab.com/lcitool/lcitool/internal/includes"
	"gitlab.com/lcitool/lcitool/internal/interrupt"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/userdirs"
)

func newJob(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "job COMMAND",
		Short: "Work with the jobs of a project's GitLab pipeline",
		Args:  cobra.ArbitraryArgs,
		RunE:  clihelp.NeedAction,
	}
	cmd.PersistentFlags().StringVar(&a.baseDir, "base-dir", "", "project directory or a directory below it (default the current directory)")
	cmd.AddCommand(newJobBisect(a), newJobDiff(a), newJobExplain(a), newJobLint(a), newJobList(a), newJobLogs(a), newJobRetry(a), newJobRun(a), newJobRuns(a), newJobShell(a))
	return cmd
}

type eventChoice struct {
	pipelinerun.EventOptions
	variableFlags
	fetch   bool
	inputs  []string
	changed *pflag.Flag // --changed, to distinguish an empty list from none
}

func (c *eventChoice) flags(f *pflag.FlagSet) {
	cliflags.Choice(f, &c.Name, "event", "", "event that triggers the pipeline: "+strings.Join(pipelinerun.Events(), ", "), pipelinerun.Events()...)
	f.StringVar(&c.Tag, "tag", "", "tag that the pipeline runs for (default v0.0.0 with --event tag)")
	f.StringArrayVar(&c.inputs, "input", nil, "pipeline input, NAME=VALUE; may be repeated")
	f.BoolVar(&c.fetch, "fetch", false, "fetch the files of include:remote, project, component and template, and lock them in "+includes.LockFile)
	f.StringVar(&c.Branch, "branch", "", "branch of the pipeline, or target branch of the merge request (default the project's default branch)")
	f.StringVar(&c.DefaultBranch, "default-branch", "", `default branch of the project (default that of the remote origin, or main)`)
	f.BoolVar(&c.FromUpstream, "upstream", false, "evaluate the pipeline for the upstream project instead of a fork")
	f.StringVar(&c.Upstream.Namespace, "upstream-namespace", "", "namespace of the upstream project (default the value of --upstream-variable)")
	f.StringVar(&c.Upstream.Variable, "upstream-variable", "", "pipeline variable that holds the upstream namespace (default RUN_UPSTREAM_NAMESPACE or QEMU_CI_UPSTREAM)")
	f.StringVar(&c.Project, "project", "", `path of the project on GitLab, GROUP/NAME (default from the remote origin)`)
	f.StringVar(&c.Server, "server", "", `URL of the GitLab server (default from the remote origin, or https://gitlab.com)`)
	c.variableFlags.flags(f)
	f.StringArrayVar(&c.Changed, "changed", nil, "file changed by the event, '' for none; may be repeated (default all files)")
	c.changed = f.Lookup("changed")
}

// pipelineDirectory returns the nearest directory with a pipeline.
func (a *app) pipelineDirectory() (string, error) { return pipelinerun.FindProject(a.baseDir) }

// checkDirs returns an error for a directory of facts that the command line names and
// that cannot be used, for commands that may need no facts. If the settings name it,
// the commands that use it report that.
func checkDirs(cmd *cobra.Command) error {
	for _, name := range []string{"data-dir", "facts-dir"} {
		f := cmd.Flag(name)
		if !f.Changed || f.Value.String() == "" {
			continue
		}
		if _, err := facts.Dir(f.Value.String()); err != nil {
			return err
		}
	}
	return nil
}

// evaluate reads and evaluates the pipeline of the current project. The caller
// must close the source.
func (a *app) evaluate(cmd *cobra.Command, c *eventChoice, o pipelinerun.SourceOptions) (*pipelinerun.Source, *pipelinerun.Evaluation, error) {
	directory, err := a.pipelineDirectory()
	if err := cmp.Or(err, checkDirs(cmd)); err != nil {
		return nil, nil, err
	}
	inputs, err := pipelinerun.ParseInputs(c.inputs)
	if err != nil {
		return nil, nil, cliflags.Usage(cmd, err)
	}
	if err := c.load(a, cmd); err != nil {
		return nil, nil, err
	}
	if c.fetch && a.offline {
		return nil, nil, cliflags.Usagef(cmd, "argument --fetch: not allowed with argument --offline")
	}
	var roots *x509.CertPool // only for what is fetched: reading them takes milliseconds
	if c.fetch {
		if roots, err = a.workspace().Authorities(); err != nil {
			return nil, nil, err
		}
	}
	o.Includes = includes.Options{Fetch: c.fetch, CacheDir: userdirs.Cache(a.Getenv), RootCAs: roots, Log: a.log()}
	o.Project, o.Inputs, o.Messages = directory, inputs, a.messages()
	defer interrupt.Computing(cmd.Context())()
	source, err := pipelinerun.Open(cmd.Context(), o)
	if err != nil {
		return nil, nil, err
	}
	c.Variables, c.FileVariables = c.given.All, slices.Collect(maps.Keys(c.given.Files))
	if !c.changed.Changed {
		c.Changed = nil
	}
	event, err := c.Event(cmd.Context(), source)
	if err != nil {
		source.Close()
		return nil, nil, cliflags.Usage(cmd, err)
	}
	e := source.Evaluate(cmd.Context(), event)
	if err := cmd.Context().Err(); err != nil {
		source.Close()
		return nil, nil, err
	}
	e.WriteMissing()
	return source, e, nil
}

// pipeline is evaluate for commands that run no jobs and only compute something
// until they end. It closes the source.
func (a *app) pipeline(cmd *cobra.Command, c *eventChoice) (*pipelinerun.Evaluation, error) {
	interrupt.Computing(cmd.Context())
	source, e, err := a.evaluate(cmd, c, pipelinerun.SourceOptions{})
	if err != nil {
		return nil, err
	}
	source.Close()
	return e, nil
}
