// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
)

// T is what a running case works with. It collects failures, so that a case
// reports all of them; only what makes the rest pointless ends it. Its
// methods but stop and its callers may be used from several goroutines.
type T struct {
	ctx  context.Context
	run  *run
	def  Case
	conn Conn // opened for this case

	mu       sync.Mutex
	faults   messages
	notes    messages
	skipped  string
	known    []string
	fixed    []string
	cleanups []func(ctx context.Context)
	guests   int
	silent   bool
	mayDie   bool     // the daemon may die of what the case asks
	deaths   []string // how it did
}

// errorf notes a failure.
func (t *T) errorf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults.add(fmt.Sprintf(format, args...))
}

// notef notes something worth knowing that is no failure.
func (t *T) notef(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notes.add(fmt.Sprintf(format, args...))
}

// stop ends the case.
func (t *T) stop() { runtime.Goexit() }

// fatalf notes a failure and ends the case.
func (t *T) fatalf(format string, args ...any) {
	t.errorf(format, args...)
	t.stop()
}

// skipf ends the case without a verdict.
func (t *T) skipf(format string, args ...any) {
	t.mu.Lock()
	t.skipped = fmt.Sprintf(format, args...)
	t.mu.Unlock()
	t.stop()
}

// must ends the case when err is not nil.
func (t *T) must(err error, what string, args ...any) {
	if err != nil {
		t.fatalf("cannot %s: %v", fmt.Sprintf(what, args...), err)
	}
}

// check notes a failure when ok is false.
func (t *T) check(ok bool, format string, args ...any) {
	if !ok {
		t.errorf(format, args...)
	}
}

// report notes each failure of a checker.
func (t *T) report(faults []string, about string, args ...any) {
	for _, f := range faults {
		t.errorf("%s: %s", fmt.Sprintf(about, args...), f)
	}
}

// equal compares two plain values.
func equal[V comparable](t *T, what string, got, want V) {
	t.check(got == want, "%s is %v, not %v", what, got, want)
}

// sameList compares two lists, order included.
func sameList[V comparable](t *T, what string, got, want []V) {
	t.check(slices.Equal(got, want), "%s: got %v, want %v", what, got, want)
}

// wantCode checks that err carries a libvirt error number, and a message with text.
func (t *T) wantCode(err error, code uint32, text, what string) {
	switch {
	case err == nil:
		t.errorf("%s succeeded, error %d was expected", what, code)
	case domstats.ErrorCode(err) != code:
		t.errorf("%s: got error %d (%v), not %d", what, domstats.ErrorCode(err), err, code)
	case !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(text)):
		t.errorf("%s: the message %q lacks %q", what, err, text)
	}
}

// deviates records whether a known deviation shows. It is a failure where the
// releases at hand are not known for it.
func (t *T) deviates(id string, shows bool, format string, args ...any) {
	applies := deviation(id).Applies(t.run.libvirt, t.run.qemu)
	switch {
	case shows && !applies:
		t.errorf("%s (as in %s, which is not known of this release)", fmt.Sprintf(format, args...), id)
	case shows:
		t.mu.Lock()
		t.known = append(t.known, id)
		t.mu.Unlock()
		t.notef(format, args...)
	case applies:
		t.mu.Lock()
		t.fixed = append(t.fixed, id)
		t.mu.Unlock()
	}
}

// eventually waits until ok, for a limited time; it reports whether it was. On a
// machine so busy that asking itself takes long, it goes on until it has asked
// 25 times for each second.
func (t *T) eventually(within time.Duration, ok func() bool) bool {
	const perSecond = 25
	deadline, asked := time.Now().Add(within), 0
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		late := time.Now().After(deadline) && asked >= int(within.Seconds()*perSecond)
		if ok() {
			return true
		}
		if late {
			return false
		}
		asked++
		select {
		case <-tick.C:
		case <-t.ctx.Done():
			return false
		}
	}
}

// until is eventually that ends the case when it does not come true.
func (t *T) until(within time.Duration, what string, ok func() bool) {
	if !t.eventually(within, ok) {
		t.fatalf("waited %s in vain: %s", within, what)
	}
}

// span lets a time pass that a case measures over.
func (t *T) span(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.ctx.Done():
		t.fatalf("interrupted")
	}
}

// attempts repeats what a busy machine can spoil, until try is content; it
// reports whether it ever was. An error of what is tested spoils every attempt.
func (t *T) attempts(try func() bool) bool {
	const most = 4
	for range most {
		if try() {
			return true
		}
	}
	return false
}

// mortal says that the daemon may die of what follows, so that its death is no failure by itself.
func (t *T) mortal() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mayDie = true
}

// die tells the case that the daemon died.
func (t *T) die(text string) {
	t.mu.Lock()
	mayDie := t.mayDie
	if mayDie {
		t.deaths = append(t.deaths, text)
	}
	t.mu.Unlock()
	if !mayDie {
		t.errorf("%s", text)
	}
}

// death is how the daemon died, "" while it lives.
func (t *T) death() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.deaths) == 0 {
		return ""
	}
	return t.deaths[0]
}

// moves notes a statistic that did not change, so that comparing it proves little.
func (t *T) moves(name string, moved bool) {
	if !moved {
		t.notef("nothing moved: %s stayed 0", name)
	}
}

// cleanup runs f when the case is over, last one first, even when interrupted.
func (t *T) cleanup(f func(ctx context.Context)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cleanups = append(t.cleanups, f)
}

// result is the verdict, when the case is over.
func (t *T) result(took time.Duration) Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := Result{ID: t.def.ID, Title: t.def.Title, Status: Pass, Messages: slices.Concat(t.faults.lines(), t.notes.lines()), Duration: took}
	switch {
	case t.faults.any():
		r.Status = Fail
	case t.skipped != "":
		r.Status, r.Reason = Skip, t.skipped
	case len(t.known) > 0:
		r.Status, r.KDs = Known, unique(t.known)
	case len(t.fixed) > 0:
		r.Status, r.KDs = Fixed, unique(t.fixed)
	}
	return r
}

func unique(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return slices.Compact(s)
}
