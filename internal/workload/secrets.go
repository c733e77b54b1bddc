// SPDX-License-Identifier: GPL-2.0-or-later

package workload

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/container/api"
)

// maxSecret limits the size of a secret, in bytes.
const maxSecret = 1 << 20

// A SecretFile is a secret and the host file that contains it.
type SecretFile struct{ Name, File string }

// ParseSecrets parses NAME=FILE arguments.
func ParseSecrets(asked []string) ([]SecretFile, error) {
	var all []SecretFile
	for _, a := range asked {
		name, file, ok := strings.Cut(a, "=")
		if !ok || file == "" {
			return nil, fmt.Errorf("expected NAME=FILE, got %q", a)
		}
		if err := (api.Secret{Name: name}).Check(); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(other SecretFile) bool { return other.Name == name }) {
			return nil, fmt.Errorf("'%s' is given twice", name)
		}
		all = append(all, SecretFile{name, file})
	}
	return all, nil
}

// ReadSecrets reads each file once.
func ReadSecrets(files []SecretFile) ([]api.Secret, error) {
	var all []api.Secret
	for _, f := range files {
		data, err := readSecret(f.File)
		if err != nil {
			return nil, fmt.Errorf("cannot read secret %s: %w", f.Name, err)
		}
		all = append(all, api.Secret{Name: f.Name, Data: data})
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
