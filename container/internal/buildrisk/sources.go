// SPDX-License-Identifier: GPL-2.0-or-later

package buildrisk

import (
	"slices"
	"strings"
)

// Sources returns the paths and patterns in the build context that a Dockerfile
// copies, "." for the whole context. The result is nil if it copies nothing.
func Sources(text []byte, args map[string]string) ([]string, error) {
	all, err := read(text, documents)
	if err != nil {
		return nil, err
	}
	var out []string
	j := newJudge(args, nil, documents, all)
	for _, i := range all {
		j.judge(i)
		for _, source := range j.sources(i) {
			if !slices.Contains(out, source) {
				out = append(out, source)
			}
		}
	}
	return out, nil
}

func (j *judge) sources(i instruction) []string {
	switch i.name {
	case "ADD", "COPY":
		if len(i.args) < 2 || slices.ContainsFunc(i.flags, func(f string) bool { return strings.HasPrefix(f, "--from=") }) {
			return nil
		}
		var out []string
		for _, word := range i.args[:len(i.args)-1] {
			text, known := j.expand(word)
			switch {
			case strings.HasPrefix(text, "<<"), strings.Contains(text, "://"), gitURL(text):
			case !known || text == "":
				out = append(out, ".")
			default:
				out = append(out, text)
			}
		}
		return out
	case "RUN":
		for _, flag := range i.flags {
			mount, ok := strings.CutPrefix(flag, "--mount=")
			bind := !strings.Contains(mount, "type=") || strings.Contains(mount, "type=bind") || strings.Contains(mount, "$")
			if ok && bind && !strings.Contains(mount, "from=") {
				return []string{"."}
			}
		}
	}
	return nil
}
