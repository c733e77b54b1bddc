// SPDX-License-Identifier: GPL-2.0-or-later

package factsimport

import (
	"reflect"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestYAMLValue: values of the other facts mean the same in our files.
func TestYAMLValue(t *testing.T) {
	for _, c := range []struct {
		key, value, text string
		want             any
	}{
		{"os.version", "43", "'43'", "43"},
		{"os.stable", "false", "false", false},
		{"packaging.repos", "https://a/b c://d", "[https://a/b, c://d]", []any{"https://a/b", "c://d"}},
		{"packaging.repos", "https://a/b,c https://[::1]/", "", []any{"https://a/b,c", "https://[::1]/"}},
		{"containers.base", "registry/debian:13", "registry/debian:13", "registry/debian:13"},
	} {
		text := yamlValue(keyValue{c.key, c.value})
		var got any
		if err := yaml.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, c.want) || c.text != "" && text != c.text {
			t.Errorf("%s: got %s, which is %q, %v", c.key, text, got, err)
		}
	}
}
