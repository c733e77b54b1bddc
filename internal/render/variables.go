// SPDX-License-Identifier: GPL-2.0-or-later

package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"

	"gopkg.in/yaml.v3"

	"gitlab.com/lcitool/lcitool/targets"
)

// A VariablesFormat is an output format of Variables.
type VariablesFormat string

const (
	ShellVariables VariablesFormat = "shell"
	JSONVariables  VariablesFormat = "json"
	YAMLVariables  VariablesFormat = "yaml" // a list of packages
)

// Variables renders the values that are needed to turn a machine into a build
// environment. It supports all targets.
func Variables(t targets.Target, p *targets.Packages, f VariablesFormat) ([]byte, error) {
	switch f {
	case ShellVariables:
		return shellVariables(variables(t, p))
	case JSONVariables:
		return jsonVariables(variables(t, p))
	case YAMLVariables:
		return yamlPackages(p)
	}
	return nil, fmt.Errorf("unknown format %q of variables", f)
}

// variables returns strings and lists of strings by name.
func variables(t targets.Target, p *targets.Packages) map[string]any {
	v := map[string]any{
		"packaging_command": t.Packaging.Command,
		"ccache":            t.Paths.CCache,
		"make":              t.Paths.Make,
		"ninja":             t.Paths.Ninja,
		"python":            t.Paths.Python,
		"pip3":              t.Paths.Pip3,
		"pkgs":              list(p.Native),
		"cross_pkgs":        list(p.Foreign),
		"pypi_pkgs":         list(p.PyPI),
		"cpan_pkgs":         list(p.CPAN),
	}
	if t.Cross == "" {
		return v
	}
	v["cross_arch"] = string(t.Cross)
	v["cross_abi"] = t.Cross.ABI()
	if t.Packaging.Format == "deb" {
		v["cross_arch_deb"] = t.Cross.Deb()
		if p.Has("rust") {
			v["cross_rust_target"] = t.Cross.Rust()
		}
	}
	return v
}

// list converts nil to an empty list, for JSON.
func list(names []string) []string {
	return append([]string{}, names...)
}

// shellVariables joins lists by spaces, and refuses names that contain a space.
func shellVariables(v map[string]any) ([]byte, error) {
	lines := make([]string, 0, len(v))
	for name, value := range v {
		text, ok := value.(string)
		if names, isList := value.([]string); isList {
			for _, n := range names {
				if strings.ContainsAny(n, " \t") {
					return nil, fmt.Errorf("package name %q has a blank in it and cannot stand in a shell list", n)
				}
			}
			text, ok = strings.Join(names, " "), true
		}
		if ok {
			lines = append(lines, strings.ToUpper(name)+"="+quoteAlways(text))
		}
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, "\n")), nil
}

func jsonVariables(v map[string]any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("cannot write variables: %w", err)
	}
	return escapeNonASCII(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// escapeNonASCII replaces non-ASCII characters by \uXXXX, which is equivalent
// JSON.
func escapeNonASCII(text []byte) []byte {
	var b bytes.Buffer
	for _, r := range string(text) {
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, "\\u%04x", unit)
		}
	}
	return b.Bytes()
}

// yamlPackages renders the lists of packages: those of the distribution under
// the key of the original lcitool, others under further keys if there are any.
func yamlPackages(p *targets.Packages) ([]byte, error) {
	doc := []struct {
		key   string
		names []string
		must  bool
	}{
		{"packages", slices.Concat(p.Native, p.Foreign), true},
		{"pypi_packages", p.PyPI, false},
		{"cpan_packages", p.CPAN, false},
	}
	var b bytes.Buffer
	for _, d := range doc {
		if len(d.names) == 0 && !d.must {
			continue
		}
		b.WriteString(d.key + ":\n")
		for _, name := range d.names {
			text, err := yaml.Marshal(name)
			if err != nil {
				return nil, fmt.Errorf("cannot write package name %q: %w", name, err)
			}
			b.WriteString("  - " + string(text))
		}
	}
	return b.Bytes(), nil
}
