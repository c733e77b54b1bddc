// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// maxDeltas limits the deltas on top of each other. Each adds a layer to mount,
// and leaves the packages below it without updates.
const maxDeltas = 5

type deltaStep struct {
	on    string   // ID of the image it stands on
	added []string // packages, sorted; none when only labels are new
	count int      // of deltas on one another, this one included
}

// deltaLabels returns informative labels of the image's content.
func deltaLabels(d *api.Delta, o api.BuildOptions) map[string]string {
	return map[string]string{api.LabelRest: restDigest(o), api.LabelPackages: strings.Join(d.Packages, " ")}
}

// restDigest returns the SHA-256, in hex, of the inputs that must be equal in the
// image below a delta. It includes the names of labels but not their values,
// because the delta sets all labels again.
func restDigest(o api.BuildOptions) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%q\n%q\n", digestVersion, o.Delta.Rest, "") // no network, as in digest
	fmt.Fprintf(h, "%q\n%q\n", slices.Sorted(maps.Keys(o.Labels)), slices.Sorted(maps.Keys(o.ExtraLabels)))
	for _, name := range slices.Sorted(maps.Keys(o.Args)) {
		fmt.Fprintf(h, "%q=%q\n", name, o.Args[name])
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// deltaOver returns the delta that builds the image on top of the one that has the
// tag. ok is false if that is not possible.
func deltaOver(o api.BuildOptions, old standing) (deltaStep, bool) {
	if o.Delta == nil || o.Exact || fresh(o) || old.moved || old.image.ID == "" {
		return deltaStep{}, false
	}
	if old.from.rest == "" || old.from.rest != restDigest(o) {
		return deltaStep{}, false
	}
	count := old.from.deltas
	added, only := additions(old.from.packages, o.Delta.Packages)
	return deltaStep{on: old.image.ID, added: added, count: count + 1}, only && count < maxDeltas
}

// additions returns the elements of after that are not in before. only reports
// whether nothing was removed.
func additions(before, after []string) (added []string, only bool) {
	had, has := map[string]bool{}, map[string]bool{}
	for _, name := range before {
		had[name] = true
	}
	for _, name := range after {
		has[name] = true
		if !had[name] {
			added = append(added, name)
		}
	}
	for name := range had {
		if !has[name] {
			return nil, false
		}
	}
	return added, true
}

func (d deltaStep) order(o api.BuildOptions, token, digest string) (order, error) {
	var layer []byte
	if len(d.added) > 0 {
		var err error
		if layer, err = o.Delta.Layer(d.added); err != nil {
			return order{}, err
		}
	}
	line, err := labelLine(allLabels(o, token, digest), map[string]string{api.LabelDelta: d.on, api.LabelDeltas: strconv.Itoa(d.count)})
	if err != nil {
		return order{}, err
	}
	o.Pull = api.PullNever
	text := slices.Concat([]byte("FROM "+d.on+"\n"), layer, []byte(line))
	// It builds a single layer: an intermediate image would inherit the labels of
	// the image below, and would look like the leftover of a killed run.
	return order{BuildOptions: o, text: text, flat: true}, nil
}

func (d deltaStep) String() string {
	what := "only labels are new"
	if len(d.added) > 0 {
		what = "adding " + strings.Join(d.added, ", ")
	}
	return fmt.Sprintf("delta %d of %d on image %.12s: %s", d.count, maxDeltas, d.on, what)
}

// buildOver tries to build the image as a delta. If it is not possible or fails,
// done is false and the caller builds the whole image, which also gives the
// error message.
func (e *Engine) buildOver(ctx context.Context, o api.BuildOptions, r records.Record, digest string, old standing) (result api.BuildResult, done bool, err error) {
	step, can := deltaOver(o, old)
	if !can {
		return api.BuildResult{}, false, nil
	}
	sent, err := step.order(o, r.Token, digest)
	if err != nil {
		return api.BuildResult{}, false, err
	}
	sent.record = r
	say(o.Log, step.String())
	id, err := e.build(ctx, sent)
	if failed, ok := errors.AsType[*api.BuildError](err); ok && ctx.Err() == nil {
		say(o.Log, failed.Error()+"; building it as a whole")
		e.removeDelta(ctx, r)
		return api.BuildResult{}, false, nil
	}
	return api.BuildResult{ID: id, Delta: step.on, Added: step.added, Deltas: step.count}, true, err
}

func say(log io.Writer, line string) {
	if log != nil {
		_, _ = fmt.Fprintln(log, line)
	}
}
