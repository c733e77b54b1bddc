// SPDX-License-Identifier: GPL-2.0-or-later

package settings

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/joho/godotenv"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

var variableName = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_]*$`)

// CheckName returns an error for an invalid variable name.
func CheckName(name string) error {
	if !variableName.MatchString(name) {
		return fmt.Errorf("%q cannot be the name of a variable", name)
	}
	return nil
}

// ReadDotenv reads a file of NAME=VALUE lines and returns them sorted by name.
func ReadDotenv(file string) ([]string, error) {
	text, err := safefs.ReadArgument(file, maxSize)
	if err != nil {
		return nil, err
	}
	all, err := godotenv.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := CheckName(name); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, name+"="+all[name])
	}
	return out, nil
}

// ReadValue reads the value of a variable of type file.
func ReadValue(file string) ([]byte, error) { return safefs.ReadArgument(file, maxSize) }

// Environment returns the variables of dotenv files, then those of list. An
// entry is NAME=VALUE, or NAME to use its value in lookup; a NAME without a
// value is left out.
func Environment(files, list []string, lookup func(string) (string, bool)) ([]string, error) {
	var all []string
	for _, file := range files {
		variables, err := ReadDotenv(file)
		if err != nil {
			return nil, fmt.Errorf("cannot read the environment: %w", err)
		}
		all = append(all, variables...)
	}
	for _, variable := range list {
		if strings.Contains(variable, "=") {
			all = append(all, variable)
		} else if value, ok := lookup(variable); ok {
			all = append(all, variable+"="+value)
		}
	}
	return all, nil
}

// CheckEnvironment returns an error for entries that are neither NAME=VALUE nor
// NAME.
func CheckEnvironment(list []string) error {
	for _, variable := range list {
		if variable == "" || strings.HasPrefix(variable, "=") {
			return fmt.Errorf("argument --env: expected NAME=VALUE or NAME, got %q", variable)
		}
	}
	return nil
}
