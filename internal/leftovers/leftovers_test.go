// SPDX-License-Identifier: GPL-2.0-or-later

package leftovers_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/leftovers"
	"gitlab.com/lcitool/lcitool/internal/scratch"
)

type fakeEngine struct {
	pruned, unproven []api.Leftover
	kept             []api.KeptContainer
	err              error
	asked            api.PruneOptions
}

func (e *fakeEngine) Prune(_ context.Context, o api.PruneOptions) ([]api.Leftover, error) {
	e.asked = o
	return e.pruned, e.err
}

func (e *fakeEngine) Kept(context.Context) ([]api.KeptContainer, error) { return e.kept, nil }

func (e *fakeEngine) Unproven(context.Context) ([]api.Leftover, error) {
	return e.unproven, e.err
}

func (e *fakeEngine) Address() string { return "unix:///engine" }

// abandoned creates a temporary directory of a killed run.
func abandoned(t *testing.T) (parent, dir string) {
	t.Helper()
	parent = t.TempDir()
	dir, done, err := scratch.New(parent)
	if err != nil {
		t.Fatal(err)
	}
	if left := scratch.Abandoned(parent); len(left) > 0 {
		t.Fatalf("the directory of a live run counts as abandoned: %q", left)
	}
	// A copy has no lock, like the directory of a process that has ended.
	dead := filepath.Join(parent, filepath.Base(dir)+"0")
	if err := os.CopyFS(dead, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	done()
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(dead, old, old); err != nil {
		t.Fatal(err)
	}
	return parent, dead
}

func names(list []leftovers.Pruned) (all []string) {
	for _, p := range list {
		all = append(all, p.Kind+" "+p.Name)
	}
	return all
}

func TestDryRunRemovesNothingAndListsWhatIsKept(t *testing.T) {
	parent, dir := abandoned(t)
	created := time.Now().Add(-time.Hour)
	e := &fakeEngine{
		pruned: []api.Leftover{{Kind: "volume", Name: "v"}, {Kind: "container", Name: "old"}},
		kept:   []api.KeptContainer{{Name: "old", Created: created}, {Name: "new", Created: created}},
	}
	list, err := leftovers.Prune(t.Context(), e, api.PruneOptions{DryRun: true, Kept: true}, parent)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"volume v", "container old", "directory " + dir, "container new"}; !slices.Equal(names(list), want) {
		t.Errorf("%q, want %q", names(list), want)
	}
	if !e.asked.DryRun || !e.asked.Kept {
		t.Errorf("the engine was asked with %+v", e.asked)
	}
	last := list[len(list)-1]
	if last.Expires == nil || !last.Expires.Equal(created.Add(api.KeptAge)) {
		t.Errorf("expires %v", last.Expires)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("a dry run removed it: %v", err)
	}
}

func TestPruneRemovesDirectories(t *testing.T) {
	parent, dir := abandoned(t)
	e := &fakeEngine{kept: []api.KeptContainer{{Name: "new"}}}
	list, err := leftovers.Prune(t.Context(), e, api.PruneOptions{}, parent)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"directory " + dir}; !slices.Equal(names(list), want) {
		t.Errorf("%q, want %q: what stays is listed in a dry run alone", names(list), want)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

// TestDirectoryOfAnotherUser: in /tmp, another user can make the directory before.
// Nothing is removed in it, and its lock is not waited for.
func TestDirectoryOfAnotherUser(t *testing.T) {
	parent, dir := abandoned(t)
	held, err := os.Open(parent)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if os.Getuid() != 0 { // cannot make one
		return
	}
	if err := errors.Join(os.Chown(parent, 4242, 4242), syscall.Flock(int(held.Fd()), syscall.LOCK_EX)); err != nil {
		t.Fatal(err)
	}
	list, err := leftovers.Prune(t.Context(), &fakeEngine{}, api.PruneOptions{}, parent)
	if err == nil || !strings.Contains(err.Error(), parent+" belongs to somebody else") || len(list) > 0 {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
}

func TestPruneGoesOnAfterAnError(t *testing.T) {
	parent, dir := abandoned(t)
	broken := errors.New("broken")
	e := &fakeEngine{pruned: []api.Leftover{{Kind: "volume", Name: "v"}}, err: broken}
	list, err := leftovers.Prune(t.Context(), e, api.PruneOptions{}, parent)
	if !errors.Is(err, broken) || !slices.Equal(names(list), []string{"volume v", "directory " + dir}) {
		t.Errorf("%v, %q", err, names(list))
	}
}

func TestLine(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	in := func(d time.Duration) *time.Time { at := now.Add(d); return &at }
	volume := api.Leftover{Kind: "volume", Name: "v"}
	for _, c := range []struct {
		pruned leftovers.Pruned
		dry    bool
		want   string
	}{
		{leftovers.Pruned{Leftover: volume}, false, "removed volume v"},
		{leftovers.Pruned{Leftover: volume}, true, "would remove volume v"},
		{leftovers.Pruned{Leftover: volume, Expires: in(time.Hour)}, true, "would keep volume v for 1 more day"},
		{leftovers.Pruned{Leftover: volume, Expires: in(24 * time.Hour)}, true, "would keep volume v for 1 more day"},
		{leftovers.Pruned{Leftover: volume, Expires: in(25 * time.Hour)}, true, "would keep volume v for 2 more days"},
	} {
		if got := c.pruned.Line(c.dry, now); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestUnprovenIsOnlyNamed(t *testing.T) {
	e := &fakeEngine{unproven: []api.Leftover{{Kind: "container", Name: "c"}, {Kind: "volume", Name: "v"}}}
	got, err := leftovers.Unproven(t.Context(), e)
	want := []string{
		"container c has the labels of an lcitool that is gone, but no record; it stays", "hint: podman rm --force --volumes c",
		"volume v has the labels of an lcitool that is gone, but no record; it stays", "hint: podman volume rm v",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %q", err, got)
	}
}
