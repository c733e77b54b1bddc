// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"

	"gitlab.com/lcitool/lcitool/facts"
)

// warnf prints a warning. about is a job, a target or a position in a file, or
// "".
func (a *app) warnf(about, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	switch {
	case !a.warnings.Shows(message):
	case about == "":
		a.Infof("warning: %s", message)
	default:
		a.Infof("warning: %s: %s", about, message)
	}
}

// warn adds a warning for checkWarnings.
func (a *app) warn(f *facts.Problem) { a.warnings.Add(f) }

// checkWarnings prints the pending warnings to stderr. With --strict, it returns
// them as an error instead.
func (a *app) checkWarnings() error {
	list := a.warnings.Take()
	if a.strict {
		return errors.Join(list...)
	}
	for _, w := range list {
		about, message := "", w.Error()
		var problem *facts.Problem
		if errors.As(w, &problem) && problem.Error() == message {
			about, message = problem.Position.String(), problem.Message
		}
		a.warnf(about, "%s", message)
	}
	return nil
}

// countWarnings prints how many warnings were not shown.
func (a *app) countWarnings() {
	for _, line := range a.warnings.Hidden() {
		a.Infof("warning: %s", line)
	}
}
