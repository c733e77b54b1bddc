// SPDX-License-Identifier: GPL-2.0-or-later

package bisect

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/diag"
)

type dirRepo string

func (d dirRepo) Git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", string(d), "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"}, args...)...)
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// history creates a repository with a line of n commits, and returns them.
func history(t *testing.T, n int) (dirRepo, []string) {
	t.Helper()
	r := dirRepo(t.TempDir())
	git := func(args ...string) string {
		t.Helper()
		out, err := r.Git(t.Context(), args...)
		if err != nil {
			t.Fatalf("git %q: %v", args, err)
		}
		return out
	}
	git("init", "-q")
	var all []string
	for i := range n {
		git("commit", "-q", "--allow-empty", "-m", fmt.Sprint("commit ", i))
		all = append(all, git("rev-parse", "HEAD"))
	}
	return r, all
}

// search tries commits until it has a result, in sessions of at most each steps.
func search(t *testing.T, r dirRepo, all []string, file string, each int, verdict func(i int) Verdict) (tried int, end Next) {
	t.Helper()
	for range 100 {
		s := &Session{Repo: r, Good: all[0], Bad: all[len(all)-1], Log: Log[Step]{File: file}}
		if err := s.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Load(); err != nil {
			t.Fatal(err)
		}
		for range each {
			next, err := s.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if next.Commit == "" {
				if err := s.Forget(); err != nil {
					t.Fatal(err)
				}
				return tried, next
			}
			tried++
			if err := s.Add(Step{Commit: next.Commit, Verdict: verdict(slices.Index(all, next.Commit))}); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Fatal("the search does not end")
	return 0, Next{}
}

func TestSearch(t *testing.T) {
	r, all := history(t, 20)
	for _, first := range []int{1, 7, 19} {
		for _, each := range []int{1, 100} {
			tried, end := search(t, r, all, filepath.Join(t.TempDir(), "dir", "steps"), each, func(i int) Verdict {
				if i >= first {
					return Bad
				}
				return Good
			})
			if end.End != FoundThese || !slices.Equal(end.Candidates, []string{all[first]}) || tried > 6 { // with an end
				t.Errorf("first bad commit %d: %+v after %d steps", first, end, tried)
			}
		}
	}
}

// TestSkipped: commits without a verdict are named only where one of them may be the first
// bad one.
func TestSkipped(t *testing.T) {
	r, all := history(t, 12)
	verdict := func(i int) Verdict {
		switch {
		case i >= 5 && i <= 6:
			return Skip
		case i >= 7:
			return Bad
		}
		return Good
	}
	_, next := search(t, r, all, filepath.Join(t.TempDir(), "steps"), 3, verdict)
	end := next.Candidates
	slices.Sort(end)
	want := []string{all[5], all[6], all[7]}
	slices.Sort(want)
	if next.End != Undivided || !slices.Equal(end, want) {
		t.Errorf("%s with candidates %v, want %v", next.End, end, want)
	}
	_, next = search(t, r, all, filepath.Join(t.TempDir(), "steps"), 3, func(i int) Verdict {
		if i == 9 {
			return Skip
		}
		return verdict(i + 3)
	})
	if !slices.Contains(next.Candidates, all[4]) {
		t.Errorf("candidates %v have no %s", next.Candidates, all[4])
	}
}

// TestEnds: a commit is named only if it was seen to be bad, and without reservation only
// if one before it was seen to be good.
func TestEnds(t *testing.T) {
	const g, b, s = Good, Bad, Skip
	r, all := history(t, 4)
	for _, test := range []struct {
		verdicts   []Verdict // "" for a commit that must not be tried
		end        End
		candidates []int
		last       int // -1 for none
	}{
		{[]Verdict{"", g, g, b}, FoundThese, []int{3}, -1},
		{[]Verdict{"", g, b, ""}, FoundThese, []int{2}, -1},
		{[]Verdict{g, b, b, ""}, FoundThese, []int{1}, -1},
		{[]Verdict{"", g, g, g}, BadPasses, nil, 3},
		{[]Verdict{"", g, g, s}, BadPasses, nil, 3},
		{[]Verdict{"", s, s, g}, BadPasses, nil, 3},
		{[]Verdict{"", s, s, s}, BadPasses, nil, 3},
		{[]Verdict{b, b, b, ""}, GoodFails, nil, 0},
		{[]Verdict{b, s, s, b}, GoodFails, nil, 0},
		{[]Verdict{s, b, b, ""}, GoodUnknown, []int{1}, 0},
		{[]Verdict{s, s, b, ""}, GoodUnknown, []int{2, 1}, 0},
		{[]Verdict{g, s, s, b}, Undivided, []int{3, 1, 2}, -1},
		{[]Verdict{"", g, s, b}, Undivided, []int{3, 2}, -1},
	} {
		for _, each := range []int{1, 100} {
			_, next := search(t, r, all, filepath.Join(t.TempDir(), "steps"), each, func(i int) Verdict {
				if test.verdicts[i] == "" {
					t.Errorf("%q: commit %d was tried", test.verdicts, i)
				}
				return test.verdicts[i]
			})
			var candidates []int
			for _, commit := range next.Candidates {
				candidates = append(candidates, slices.Index(all, commit))
			}
			last := -1
			if next.Last != nil {
				last = slices.Index(all, next.Last.Commit)
			}
			if candidates != nil {
				slices.Sort(candidates[1:])
			}
			if next.End != test.end || !slices.Equal(candidates, test.candidates) || last != test.last {
				t.Errorf("%q: %s, candidates %v, about %d; want %s, %v, %d", test.verdicts, next.End, candidates, last, test.end, test.candidates, test.last)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	r, all := history(t, 3)
	for _, s := range []Session{{Good: all[1], Bad: all[1]}, {Good: all[2], Bad: all[0]}, {Good: strings.Repeat("0", 40), Bad: all[0]}} {
		if s.Repo = r; s.Check(t.Context()) == nil {
			t.Errorf("from %s to %s", s.Good, s.Bad)
		}
	}
	broken := &Log[Step]{File: t.TempDir()}
	if err := broken.Load(); err == nil {
		t.Error("a directory has steps")
	}
}

func TestDamagedLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(file, []byte("[{\"half"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := (&Log[Step]{File: file}).Load()
	if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(diag.Hint(err), file) {
		t.Errorf("got %v, hint %q", err, diag.Hint(err))
	}
}
