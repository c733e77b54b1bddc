// SPDX-License-Identifier: GPL-2.0-or-later

package container

import "context"

// State is a check's verdict.
type State string

// Verdicts of checks.
const (
	OK   State = "ok"
	Warn State = "warn" // works, but not everything or not well
	Fail State = "fail" // containers will not work
)

// A Check is one thing that containers need and what was found.
type Check struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	Found string `json:"found"`
	Hint  string `json:"hint,omitempty"` // what to do; empty when State is OK
}

// DoctorOptions says what Checks looks at.
type DoctorOptions struct {
	Connect ConnectOptions // how the program would connect; nothing is left running
	Images  []string       // base images that should be there
}

// Checks looks at everything that containers need on this machine, in a fixed order.
func Checks(ctx context.Context, o DoctorOptions) []Check { return nil }
