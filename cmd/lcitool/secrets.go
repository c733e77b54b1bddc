// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/container"
)

// maxSecret bounds a secret, in bytes.
const maxSecret = 1 << 20

// secretFlags say what commands may read that nobody else is to see.
type secretFlags struct{ asked []string }

func (s *secretFlags) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&s.asked, "secret", nil, "secret, NAME=FILE: FILE is copied to /run/secrets/NAME, readable only by the command's user; may be repeated")
}

// read gives the secrets. Files are read once, so that they may be pipes.
func (s *secretFlags) read(cmd *cobra.Command) ([]container.Secret, error) {
	var all []container.Secret
	for _, asked := range s.asked {
		name, file, ok := strings.Cut(asked, "=")
		if !ok || file == "" {
			return nil, &usageError{cmd, fmt.Errorf("argument --secret: expected NAME=FILE, got %q", asked)}
		}
		secret := container.Secret{Name: name}
		if err := secret.Check(); err != nil {
			return nil, &usageError{cmd, fmt.Errorf("argument --secret: %w", err)}
		}
		if slices.ContainsFunc(all, func(other container.Secret) bool { return other.Name == name }) {
			return nil, &usageError{cmd, fmt.Errorf("argument --secret: '%s' is given twice", name)}
		}
		var err error
		if secret.Data, err = readSecret(file); err != nil {
			return nil, fmt.Errorf("cannot read secret %s: %w", name, err)
		}
		all = append(all, secret)
	}
	return all, nil
}

func readSecret(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err == nil && len(data) > maxSecret {
		err = fmt.Errorf("%s: larger than %d MiB", file, maxSecret>>20)
	}
	return data, err
}
