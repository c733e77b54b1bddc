// SPDX-License-Identifier: GPL-2.0-or-later

package scheduler

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// TestNeeds runs small graphs. A task is "name<need,need:how"; how may be f for one that
// fails, a for one whose failure is allowed, 3 for one that exits with 3 and may, 1 for one
// whose results cannot be stored and that may exit with 1, ! to run
// after a failure, * to run always, s to be skipped if one that it needs was.
func TestNeeds(t *testing.T) {
	for _, test := range []struct{ tasks, want, order string }{
		{"a b", "a: passed, b: passed", "a b"},
		{"b<a a", "b: passed, a: passed", "a b"},
		{"a:f b<a c<b d", "a: failed (1), b: skipped, c: skipped, d: passed", "a d"},
		{"a:fa b<a", "a: failed (1), b: passed", "a b"},
		{"a:3 b<a", "a: failed (3), b: passed", "a b"},
		{"a:f b<a:!", "a: failed (1), b: passed", "a b"},
		{"a:1 b<a", "a: failed, b: passed", "a b"},
		{"a b<a:! c<b", "a: passed, b: skipped, c: passed", "a c"},
		{"a b<a:! c<b:s d<c e<c:s", "a: passed, b: skipped, c: skipped, d: passed, e: skipped", "a d"},
		{"a b<a:! c<a,b:s d<a,b:s* e<d:s", "a: passed, b: skipped, c: skipped, d: passed, e: passed", "a d e"},
		{"a:f b<a c<a,b:s! d<a:s! e<a,b:!", "a: failed (1), b: skipped, c: skipped, d: passed, e: passed", "a d e"},
		{"a:fa b<a:s c<a:s!", "a: failed (1), b: passed, c: skipped", "a b"},
		{"a:f b<a:*", "a: failed (1), b: passed", "a b"},
		{"a<elsewhere", "a: passed", "a"},
		{"c<a,b a b:f d<c:*", "c: skipped, a: passed, b: failed (1), d: passed", "a b d"},
	} {
		var mu sync.Mutex
		var order []string
		var all []Task
		for _, text := range strings.Fields(test.tasks) {
			task := taskOf(text)
			run, name := task.Run, task.Name
			task.Run = func(ctx context.Context, s Streams) outcome.Result {
				mu.Lock()
				order = append(order, name)
				mu.Unlock()
				return run(ctx, s)
			}
			all = append(all, task)
		}
		m := &Scheduler{LogDir: t.TempDir(), Parallel: 1}
		results, err := m.Run(t.Context(), all)
		if err != nil || states(results) != test.want || strings.Join(order, " ") != test.order {
			t.Errorf("%s: got %s in the order %v, %v; want %s in the order %s", test.tasks, states(results), order, err, test.want, test.order)
		}
	}
}

// taskOf returns a task as TestNeeds describes it.
func taskOf(text string) Task {
	name, how, _ := strings.Cut(text, ":")
	name, needs, _ := strings.Cut(name, "<")
	task := Task{Name: name, Needs: strings.Split(needs, ","), AllowFailure: strings.Contains(how, "a"), Strict: strings.Contains(how, "s")}
	if strings.Contains(how, "!") {
		task.When = OnFailure
	}
	if strings.Contains(how, "*") {
		task.When = Always
	}
	result := outcome.Result{State: outcome.Passed}
	switch {
	case strings.Contains(how, "f"):
		result.State, result.Code = outcome.Failed, 1
	case strings.Contains(how, "3"):
		result.State, result.Code, task.AllowCodes = outcome.Failed, 3, []int{3}
	case strings.Contains(how, "1"):
		result.Unstored(errors.New("no space left on device"))
		task.AllowCodes = []int{1}
	}
	task.Run = func(context.Context, Streams) outcome.Result { return result }
	return task
}

func states(results []outcome.Result) string {
	var all []string
	for _, r := range results {
		all = append(all, r.Workload+": "+r.Text())
	}
	return strings.Join(all, ", ")
}

func TestNeedsThatCannotBe(t *testing.T) {
	pass := func(context.Context, Streams) outcome.Result { return outcome.Result{State: outcome.Passed} }
	for want, all := range map[string][]Task{
		`two tasks have the name "a"`:                 {{Name: "a", Run: pass}, {Name: "a", Run: pass}},
		`task "a" needs itself, or one that needs it`: {{Name: "a", Needs: []string{"b"}, Run: pass}, {Name: "b", Needs: []string{"a"}, Run: pass}},
	} {
		m := &Scheduler{LogDir: t.TempDir()}
		if _, err := m.Run(t.Context(), all); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestEvents follows a task that runs and one that does not.
func TestEvents(t *testing.T) {
	var got []string
	m := &Scheduler{LogDir: t.TempDir(), Watch: func(e Event) {
		text := e.Task + " " + string(e.State) + e.Line
		if e.Result != nil {
			text += "!"
		}
		got = append(got, text)
	}}
	_, err := m.Run(t.Context(), []Task{
		{Name: "a", Run: func(_ context.Context, s Streams) outcome.Result {
			say(s.Stdout, "one\n")
			return outcome.Result{State: outcome.Failed, Code: 1}
		}},
		{Name: "b", Needs: []string{"a"}},
	})
	want := []string{"a waiting", "b waiting", "a running", "a one", "a failed!", "b skipped!"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func say(w io.Writer, text string) { _, _ = io.WriteString(w, text) }

// TestFailFast: the first failure that is not allowed stops tasks that have not begun.
func TestFailFast(t *testing.T) {
	for _, c := range []struct {
		allowed bool
		want    string
	}{
		{false, "a: failed (1), b: not run"}, {true, "a: failed (1), b: passed"},
	} {
		tasks := []Task{
			{Name: "a", AllowFailure: c.allowed, Run: func(context.Context, Streams) outcome.Result {
				return outcome.Result{State: outcome.Failed, Code: 1}
			}},
			{Name: "b", Run: func(context.Context, Streams) outcome.Result { return outcome.Result{State: outcome.Passed} }},
		}
		m := &Scheduler{LogDir: t.TempDir(), Parallel: 1, FailFast: true}
		results, err := m.Run(t.Context(), tasks)
		if err != nil || states(results) != c.want {
			t.Errorf("allowed %v: %s, %v; want %s", c.allowed, states(results), err, c.want)
		}
	}
}
