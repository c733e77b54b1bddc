// SPDX-License-Identifier: GPL-2.0-or-later

package stdio

import (
	"io"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/internal/buildsteps"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// BuildLog returns the writer for the output of an image build, which shows a
// line for each step on to and saves the output below state. If state is "", it
// shows the whole output. The caller must call done when the build has ended.
func (s *Streams) BuildLog(image string, to io.Writer, state string, warnf func(about, format string, args ...any)) (w io.Writer, done func(outcome.State)) {
	shown, restore := ForProgram(to)
	if state == "" {
		return shown, func(outcome.State) { restore() }
	}
	log := buildsteps.NewLog(shown, IsTerminal(to) && s.Terminal(), filepath.Join(state, "builds"), image)
	return log, func(state outcome.State) {
		path, err := log.Close(state)
		restore()
		if err != nil {
			warnf("", "cannot keep the log of the build: %v", err)
		} else if path != "" {
			s.Infof("build log: %s", path)
		}
	}
}
