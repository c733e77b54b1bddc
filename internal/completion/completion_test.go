// SPDX-License-Identifier: GPL-2.0-or-later

package completion_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/completion"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/workspace"
)

var errNothing = errors.New("nothing is there")

// words completes from a pipeline of two jobs and a run in which one failed.
func words(t *testing.T) *completion.Words {
	t.Helper()
	tree := t.TempDir()
	pipeline := "build:\n  image: i\n  script: [x]\ntest:\n  image: i\n  script: [x]\n"
	if err := os.WriteFile(filepath.Join(tree, ".gitlab-ci.yml"), []byte(pipeline), 0o644); err != nil {
		t.Fatal(err)
	}
	run := jobrecord.Stored{Run: jobrecord.Run{ID: "20260101-0000-a", Jobs: []jobrecord.Job{
		{Name: "build", State: outcome.Passed}, {Name: "test", State: outcome.Failed, Container: "lcitool-x"},
	}}}
	return &completion.Words{
		Workspace: func() *workspace.Workspace {
			return workspace.New(workspace.Options{
				BaseDir: tree, Warnings: &workspace.Warnings{}, Warnf: func(string, string, ...any) {},
				Getenv: func(string) string { return "" }, Log: slog.New(slog.DiscardHandler),
			})
		},
		Pipeline: func() (string, error) { return tree, nil },
		Recorded: func() ([]jobrecord.Stored, error) { return []jobrecord.Stored{run}, nil },
		Run: func(id string) (*jobrecord.Stored, error) {
			if !strings.HasPrefix(run.ID, id) {
				return nil, errNothing
			}
			return &run, nil
		},
	}
}

func command(t *testing.T) *cobra.Command {
	cmd := &cobra.Command{Use: "x"}
	cmd.SetContext(t.Context())
	cmd.Flags().String("run", "", "")
	return cmd
}

func TestWords(t *testing.T) {
	w, cmd := words(t), command(t)
	for _, c := range []struct {
		what      string
		got, want []string
	}{
		{"jobs", w.Jobs(cmd, nil), []string{"build\ttest", "test\ttest"}},
		{"jobs that are not named yet", w.Jobs(cmd, []string{"build"}), []string{"test\ttest"}},
		{"recorded jobs", w.RecordedJobs(cmd, nil), []string{"build\tpassed", "test\tfailed"}},
		{"recorded jobs that are not named yet", w.RecordedJobs(cmd, []string{"test"}), []string{"build\tpassed"}},
		{"kept jobs first", w.KeptJobs(cmd, nil), []string{"test\tkept: lcitool-x", "build\ttest"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
	if got := w.Runs(cmd, nil); len(got) != 1 || !strings.HasPrefix(got[0], "20260101-0000-a\t") {
		t.Errorf("runs: %q", got)
	}
	if !slices.Contains(w.Targets(cmd, nil), "debian-13") || !slices.Contains(w.Projects(cmd, nil), "libvirt") || !slices.Contains(w.Mappings(cmd, nil), "gcc") {
		t.Error("the facts complete nothing")
	}
	if err := cmd.Flags().Set("run", "1999"); err != nil {
		t.Fatal(err)
	}
	if got := w.RecordedJobs(cmd, nil); got != nil {
		t.Errorf("jobs of a run that does not exist: %q", got)
	}
}

func TestNothingToComplete(t *testing.T) {
	w, cmd := words(t), command(t)
	w.Pipeline = func() (string, error) { return "", errNothing }
	w.Recorded = func() ([]jobrecord.Stored, error) { return nil, errNothing }
	if got := slices.Concat(w.Jobs(cmd, nil), w.Runs(cmd, nil), w.KeptJobs(cmd, nil)); len(got) > 0 {
		t.Errorf("%q", got)
	}
	w.Pipeline = func() (string, error) { return t.TempDir(), nil }
	if got := w.Jobs(cmd, nil); got != nil {
		t.Errorf("jobs without a pipeline: %q", got)
	}
}
