// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"sync"

	"gitlab.com/lcitool/lcitool/internal/gitcmd"
)

// A repository is the git repository of a project, opened when it is first
// needed.
type repository struct {
	once sync.Once
	repo *gitcmd.Repo
	err  error
}

// repo opens the repository of the project, or returns the open one. Close of
// the source closes it. The error may be gitcmd.ErrNoRepository.
func (s *Source) repo(ctx context.Context) (*gitcmd.Repo, error) {
	s.git.once.Do(func() {
		if s.git.repo, s.git.err = gitcmd.Open(ctx, s.Project); s.git.err == nil {
			s.git.repo.ReadState(ctx)
		}
	})
	return s.git.repo, s.git.err
}

func (r *repository) close() {
	if r.repo != nil {
		r.repo.Close()
	}
}
