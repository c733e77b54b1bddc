// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/workload"
)

type secretFlags struct{ asked []string }

func (s *secretFlags) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&s.asked, "secret", nil, "secret, NAME=FILE: FILE is copied to /run/secrets/NAME, readable only by the user of the command; may be repeated")
}

// read returns the secrets. It reads each file once, because it may be a pipe.
func (s *secretFlags) read(cmd *cobra.Command) ([]api.Secret, error) {
	files, err := workload.ParseSecrets(s.asked)
	if err != nil {
		return nil, cliflags.Usagef(cmd, "argument --secret: %w", err)
	}
	return workload.ReadSecrets(files)
}
