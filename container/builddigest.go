// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// digestVersion must change if the same input results in another image.
const digestVersion = "1"

var (
	labelName = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	fromLine  = lazyregexp.New(`(?im)^[ \t]*FROM[ \t]+(?:--[^ \t\n]+[ \t]+)*([^ \t\r\n]+)`)
)

// prepare checks the options and returns the Dockerfile to send, with one LABEL
// instruction added at the end, and the input digest. All labels are in one line
// because podman 4.3 adds a step for each label in the request. They are at the
// end because the token differs in each build and later steps would not be
// cached.
func prepare(o api.BuildOptions, token string) (text []byte, digest string, err error) {
	if o.Tag == "" || strings.ContainsAny(o.Tag, " \t\n@") {
		return nil, "", fmt.Errorf("%q is not a tag", o.Tag)
	}
	if baseImage(o) == "" {
		return nil, "", errors.New("the Dockerfile has no FROM line")
	}
	digest = inputDigest(o)
	line, err := labelLine(allLabels(o, token, digest))
	if err != nil {
		return nil, "", err
	}
	text = o.Recipe
	if text == nil {
		text = o.Dockerfile
	}
	text = append(bytes.TrimRight(text, "\n"), '\n')
	return append(text, line...), digest, nil
}

// allLabels returns the labels of an image that is not a delta.
func allLabels(o api.BuildOptions, token, digest string) map[string]string {
	labels := map[string]string{}
	maps.Copy(labels, o.Labels)
	maps.Copy(labels, o.ExtraLabels)
	if o.Delta != nil {
		maps.Copy(labels, deltaLabels(o.Delta, o))
	}
	labels[labelBuild] = token
	labels[api.LabelDigest] = digest
	return labels
}

// baseImage returns the image that the last stage starts from, or "".
func baseImage(o api.BuildOptions) string {
	all := fromLine.FindAllSubmatch(o.Dockerfile, -1)
	if len(all) == 0 {
		return ""
	}
	return string(all[len(all)-1][1])
}

func stages(o api.BuildOptions) int { return len(fromLine.FindAllIndex(o.Dockerfile, -1)) }

// inputDigest returns the SHA-256, in hex, of all inputs of the image.
func inputDigest(o api.BuildOptions) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%q\n%q\n", digestVersion, o.Dockerfile, "") // the network has no part in the image
	for _, m := range []map[string]string{o.Labels, o.Args} {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			fmt.Fprintf(h, "%q=%q\n", name, m[name])
		}
		fmt.Fprintln(h)
	}
	if o.Context.Digest != "" {
		fmt.Fprintf(h, "context %q\n", o.Context.Digest)
	}
	if o.Platform != "" {
		fmt.Fprintf(h, "platform %q\n", o.Platform)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// labelLine returns a LABEL instruction, sorted by name. Later parts override
// earlier ones.
func labelLine(parts ...map[string]string) (string, error) {
	labels := map[string]string{}
	for _, part := range parts {
		maps.Copy(labels, part)
	}
	var line strings.Builder
	line.WriteString("LABEL")
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if !labelName.MatchString(name) {
			return "", fmt.Errorf("%q cannot be a label", name)
		}
		value := labels[name]
		if strings.ContainsFunc(value, unicode.IsControl) {
			return "", fmt.Errorf("label %s: control character in %q", name, value)
		}
		line.WriteString(" " + name + "=" + quoteLabel(value))
	}
	return line.String() + "\n", nil
}

// quoteLabel quotes a value, so that it cannot end the quotes or expand
// variables.
func quoteLabel(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`).Replace(value) + `"`
}
