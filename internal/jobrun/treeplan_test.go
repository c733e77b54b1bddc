// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// contents returns the files of a directory as tree takes them, and empty
// directories, whose names end in a slash.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, name)
		if d.IsDir() {
			if list, _ := os.ReadDir(name); len(list) == 0 {
				files[rel+"/"] = ""
			}
			return nil
		}
		if to, err := os.Readlink(name); err == nil {
			files[rel] = "->" + to
			return nil
		}
		data, err := os.ReadFile(name)
		files[rel] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

type files = map[string]string

// TestUpdateKinds: what replaces what, and what the job made stays.
func TestUpdateKinds(t *testing.T) {
	for name, test := range map[string]struct {
		before, now files
		job         files  // what it made in addition; "-" for what it deleted
		want        files  // nil for now
		did         string // replaced, removed, kept
	}{
		"file for directory":                     {files{"d/a": "1", "d/e/b": "1"}, files{"d": "2"}, nil, nil, "[d] [d/a d/e/b] []"},
		"file for directory of the job as well":  {files{"d/a": "1"}, files{"d": "2"}, files{"d/own": "j"}, files{"d/own": "j"}, "[] [d/a] [d]"},
		"file for changed directory":             {files{"d/a": "1", "d/b": "1"}, files{"d": "2"}, files{"d/b": "j"}, files{"d/b": "j"}, "[] [d/a] [d d/b]"},
		"file for directory with one of the job": {files{"d/a": "1"}, files{"d": "2"}, files{"d/own/": ""}, files{"d/own/": ""}, "[] [d/a] [d]"},
		"file for deleted directory":             {files{"d/a": "1"}, files{"d": "2"}, files{"d": "-"}, files{}, "[] [] [d]"},
		"link for directory":                     {files{"d/a": "1", "x": "1"}, files{"d": "->x", "x": "1"}, nil, nil, "[d] [d/a] []"},
		"directory for file":                     {files{"d": "1"}, files{"d/e/a": "2", "d/b": "2"}, nil, nil, "[d/b d/e/a] [d] []"},
		"directory for changed file":             {files{"d": "1"}, files{"d/a": "2"}, files{"d": "j"}, files{"d": "j"}, "[] [] [d d/a]"},
		"directory for deleted file":             {files{"d": "1"}, files{"d/a": "2"}, files{"d": "-"}, nil, "[d/a] [] []"},
		"directory for link to a directory":      {files{"d": "->x", "x/a": "1"}, files{"d/a": "2", "x/a": "1"}, nil, nil, "[d/a] [d] []"},
		"file for link to a directory":           {files{"d": "->x", "x/a": "1"}, files{"d": "2", "x/a": "1"}, nil, nil, "[d] [] []"},
		"below a link of the job":                {files{"d/a": "1", "d/b": "1"}, files{"d/a": "2"}, files{"d": "->x", "x/a": "1", "x/b": "1"}, files{"d": "->x", "x/a": "1", "x/b": "1"}, "[] [] [d/a]"},
		"below a file of the job":                {files{"d/a": "1"}, files{"d/a": "2"}, files{"d": "j"}, files{"d": "j"}, "[] [] [d/a]"},
		"emptied directories":                    {files{"d/e/f/a": "1", "g/a": "1", "h/a": "1", "k": "1"}, files{"k": "1"}, files{"g/own": "j", "h/own/": ""}, files{"k": "1", "g/own": "j", "h/own/": ""}, "[] [d/e/f/a g/a h/a] []"},
		"odd names": {
			files{"*.txt": "1", "[id].tsx": "1", `a\b`: "1", "-rf": "1", "q'uo\"te $(x)": "1", "line\nbreak": "1", " s ": "1", "?/{a}": "1", "\xff": "1", "end\n": "1", "gone\n": "1"},
			files{"*.txt": "2", "[id].tsx": "2", `a\b`: "2", "-rf": "2", "q'uo\"te $(x)": "2", "line\nbreak": "2", " s ": "2", "?/{a}": "2", "\xff": "2", "end\n": "2"},
			files{"b.txt": "j", "i.tsx": "j"},
			nil, "10 1 0",
		},
		"links": {files{"l": "->a\n", "m": "->a"}, files{"l": "->a", "m": "->b"}, nil, nil, "[l m] [] []"},
	} {
		t.Run(name, func(t *testing.T) {
			at := tree(t, test.before)[0]
			for file, text := range test.job {
				makeAsJob(t, filepath.Join(at, file), text)
			}
			u, err := updateTree(t.Context(), newDirContainer(t), tree(t, test.before), tree(t, test.now), at, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			did := fmt.Sprint(u.replaced, u.removed, u.kept)
			if !strings.HasPrefix(test.did, "[") {
				did = fmt.Sprint(len(u.replaced), len(u.removed), len(u.kept))
			}
			if did != test.did {
				t.Errorf("did %s, want %s", did, test.did)
			}
			want := test.want
			if want == nil {
				want = maps.Clone(test.now)
				for file, text := range test.job {
					if text != "-" {
						want[file] = text
					}
				}
			}
			if got := contents(t, at); !maps.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

func makeAsJob(t *testing.T, file, text string) {
	t.Helper()
	var err error
	to, link := strings.CutPrefix(text, "->")
	switch text {
	case "":
		err = os.MkdirAll(file, 0o755)
	case "-":
		err = os.RemoveAll(file)
	default:
		err = errors.Join(os.RemoveAll(file), os.MkdirAll(filepath.Dir(file), 0o755))
		if link {
			err = errors.Join(err, os.Symlink(to, file))
		} else {
			err = errors.Join(err, os.WriteFile(file, []byte(text), 0o644))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestUpdateTimes: make rebuilds what depends on changed files, and only that.
func TestUpdateTimes(t *testing.T) {
	before, now := tree(t, files{"a": "1", "b": "1", "c": "1", "x": "1"}), tree(t, files{"a": "2", "b": "#!1", "c": "1", "new": "1"})
	at := tree(t, files{"a": "1", "b": "1", "c": "1", "x": "1"})[0]
	old := time.Now().Add(-time.Hour)
	for _, dir := range []string{now[0], at} {
		for _, name := range []string{"a", "b", "c", "new"} {
			if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
	makeAsJob(t, filepath.Join(at, "prog"), "built")
	if _, err := updateTree(t.Context(), newDirContainer(t), before, now, at, io.Discard); err != nil {
		t.Fatal(err)
	}
	built, err := os.Stat(filepath.Join(at, "prog"))
	if err != nil {
		t.Fatal(err)
	}
	for name, newer := range map[string]bool{"a": true, "b": true, "new": true, "c": false} {
		info, err := os.Stat(filepath.Join(at, name))
		if err != nil || info.ModTime().Before(built.ModTime()) == newer || info.ModTime().After(time.Now()) {
			t.Errorf("%s: %v, %v, prog %v", name, info.ModTime(), err, built.ModTime())
		}
	}
}

// TestUpdateRequests: the number of requests does not depend on that of files.
func TestUpdateRequests(t *testing.T) {
	var counts []int
	for _, n := range []int{1, 300} {
		before, now := files{}, files{}
		for i := range n {
			before[fmt.Sprintf("d%d/%d", i%7, i)], now[fmt.Sprintf("d%d/%d", i%7, i)] = "1", "2"
		}
		c := newDirContainer(t)
		var said strings.Builder
		u, err := updateTree(t.Context(), c, tree(t, before), tree(t, now), tree(t, before)[0], &said)
		if err != nil || len(u.replaced) != n {
			t.Fatalf("%d of %d replaced, %v", len(u.replaced), n, err)
		}
		if many := n > maxNamed; strings.Contains(said.String(), fmt.Sprintf("%d files have changed\n", n)) != many {
			t.Errorf("%d: said %q", n, said.String())
		}
		counts = append(counts, *c.requests)
	}
	if counts[0] != counts[1] || counts[0] > 5 {
		t.Errorf("requests %v", counts)
	}
}

// commandLine matches a line of a script that changes files.
var commandLine = regexp.MustCompile(`(?m)^(rm|rmdir|touch|mv|printf %s) `)

var errInterrupted = errors.New("interrupted")

// interrupted returns a container in which the update ends before its n-th step,
// and whether it has that many steps. Requests and lines of scripts are steps,
// and so is each half of an archive's entries.
func interrupted(c dirContainer, n int) (dirContainer, *bool) {
	step, hit := 0, new(bool)
	c.script = func(text string) string {
		return commandLine.ReplaceAllStringFunc(text, func(line string) string {
			if step++; step == n {
				*hit = true
				return "exit 9\n" + line
			}
			return line
		})
	}
	c.upload = func(archive io.Reader) io.Reader {
		data, _ := io.ReadAll(archive)
		for end := 0; end < len(data); end += 2 << 10 {
			if step++; step == n {
				*hit = true
				return io.MultiReader(strings.NewReader(string(data[:end])), failing{})
			}
		}
		return strings.NewReader(string(data))
	}
	return c, hit
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errInterrupted }

// TestInterruptedUpdate interrupts an update at each of its steps. The next one,
// to the same or another tree, ends in the right state, knows what the job
// changed, and calls nothing else the job's.
func TestInterruptedUpdate(t *testing.T) {
	before := files{"edit": "1", "same": "1", "gone": "1", "deep/er/gone": "1", "d/a": "1", "f": "1", "both": "1", "l": "->x", "later": "1"}
	job := files{"both": "j", "built": "j", "deep/own": "j"}
	first := files{"edit": strings.Repeat("2", 700), "same": "1", "d": "2", "f/new/a": "2", "both": "2", "l": "->y", "new/a": "2", "later": "1"}
	for name, second := range map[string]files{
		"same":    first,
		"back":    before,
		"another": {"edit": "3", "same": "3", "gone": "3", "d/b": "3", "f": "3", "both": "3", "l": "3", "new": "3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			step := 1
			if testing.Short() { // each of them starts a few shells
				step = 5
			}
			for n := 1; testInterrupted(t, n, before, job, first, second); n += step {
			}
		})
	}
}

// testInterrupted interrupts an update before its n-th step. It reports whether
// there is one.
func testInterrupted(t *testing.T, n int, before, job, first, second files) bool {
	at := tree(t, before)[0]
	for file, text := range job {
		makeAsJob(t, filepath.Join(at, file), text)
	}
	c := newDirContainer(t)
	cut, hit := interrupted(c, n)
	_, err := updateTree(t.Context(), cut, tree(t, before), tree(t, first), at, io.Discard)
	if (err != nil) != *hit {
		t.Fatalf("step %d: %v", n, err)
	}
	u, err := updateTree(t.Context(), c, tree(t, before), tree(t, second), at, io.Discard)
	if err != nil {
		t.Fatalf("step %d: %v", n, err)
	}
	want := maps.Clone(second)
	maps.Copy(want, job)
	if got := contents(t, at); !maps.Equal(got, want) {
		t.Errorf("step %d: got %q\nwant %q", n, got, want)
	}
	kept := []string{"both"}
	if second["both"] == "1" {
		kept = nil
	}
	if !slices.Equal(u.kept, kept) {
		t.Errorf("step %d: kept %q", n, u.kept)
	}
	// What the job changes now is its own.
	makeAsJob(t, filepath.Join(at, "edit"), "j")
	third := maps.Clone(second)
	third["edit"] = "4"
	if u, err = updateTree(t.Context(), c, tree(t, second), tree(t, third), at, io.Discard); err != nil || !slices.Equal(u.kept, []string{"edit"}) || len(u.replaced)+len(u.removed) > 0 {
		t.Errorf("step %d: then %+v, %v", n, u, err)
	}
	if !*hit {
		if n < 15 {
			t.Errorf("only %d steps", n)
		}
	}
	return *hit
}
