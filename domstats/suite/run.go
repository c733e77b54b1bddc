// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

// Options say how to run.
type Options struct {
	Stack Stack
	Cases []Case
	// Prefix begins the name of every object that is made. Objects without it
	// are never touched.
	Prefix string
	// Emulator is the QEMU that guests run on; empty means libvirt's default.
	Emulator string
	// Jobs is how many cases run at the same time; 0 means 1.
	Jobs int
	// Deaths returns unexpected ends of the daemon, in words; may be nil.
	Deaths <-chan string
	// Require are needs that must be met: cases that lack one fail.
	Require []Need
	// Done is called with each result as it comes, from one goroutine at a time; may be nil.
	Done func(Result)
	Log  *slog.Logger // nil for none
}

// A Report is what a run found out.
type Report struct {
	Libvirt      domstats.Version
	QEMU         domstats.Version // 0 without a QEMU driver
	Started      time.Time
	Took         time.Duration
	Results      []Result // in the order of the cases
	Schema       domstats.Schema
	Coverage     []domstats.CoverageRow
	Statistics   []Statistic // libvirt's own, in the order of the catalogue
	Observations []Observation
	Unknown      []string // statistics that the catalogue lacks, sorted
}

// Count is the number of results with a status.
func (r Report) Count(s Status) int {
	n := 0
	for _, x := range r.Results {
		if x.Status == s {
			n++
		}
	}
	return n
}

type run struct {
	o       Options
	libvirt domstats.Version
	qemu    domstats.Version
	needs   needs
	seen    observer

	mu     sync.Mutex
	active map[*T]bool // cases that run now
}

// Run drives the cases. An error means that there was nothing to test
// against; failed cases are in the report. When ctx ends the remaining cases
// are skipped and what was made is removed.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &run{o: o, needs: newNeeds(), active: map[*T]bool{}}
	started := time.Now()
	if err := r.inspect(ctx); err != nil {
		return nil, err
	}
	over := make(chan struct{})
	defer close(over)
	go r.mourn(over)
	results := r.all(ctx)
	rep := &Report{Libvirt: r.libvirt, QEMU: r.qemu, Started: started, Took: time.Since(started), Results: results}
	r.seen.fill(rep)
	return rep, nil
}

// inspect finds the releases: of the QEMU driver, else of the test driver.
func (r *run) inspect(ctx context.Context) error {
	var faults []error
	for _, a := range []Access{ReadWrite, TestDriver} {
		c, err := r.o.Stack.Open(ctx, a)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		defer c.Close()
		if r.libvirt, err = c.Version(ctx); err != nil {
			faults = append(faults, err)
			continue
		}
		if a == ReadWrite {
			return r.inspectQEMU(ctx, c)
		}
		return nil
	}
	return errors.Join(faults...)
}

// inspectQEMU finds the release of QEMU. libvirt knows that of its default
// only; another one is run, which also shows whether it can be.
func (r *run) inspectQEMU(ctx context.Context, c Conn) (err error) {
	if r.o.Emulator == "" {
		if r.qemu, err = c.HypervisorVersion(ctx); err != nil {
			return fmt.Errorf("cannot find QEMU's version: %w", err)
		}
		return nil
	}
	xml, err := guest.Spec{Name: r.o.Prefix + "version", MemoryKiB: 16384, Emulator: r.o.Emulator}.XML()
	if err != nil {
		return err
	}
	d, err := c.Create(ctx, xml, true)
	if err != nil {
		return fmt.Errorf("cannot run a guest on %s: %w", r.o.Emulator, err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupLimit)
		defer cancel()
		err = errors.Join(err, c.Destroy(ctx, d))
	}()
	r.qemu, err = qmp.Version(ctx, passthrough{c, d})
	return err
}

// passthrough is the monitor of a domain that is no case's.
type passthrough struct {
	conn   Conn
	domain domstats.Domain
}

// Execute passes a command to QEMU through libvirt.
func (p passthrough) Execute(ctx context.Context, command string) (string, error) {
	return p.conn.Monitor(ctx, p.domain, command, false)
}

// all runs the cases side by side, then those that want to be alone. Cases that only wait
// do so beside the others.
func (r *run) all(ctx context.Context) []Result {
	results := make([]Result, len(r.o.Cases))
	var report sync.Mutex
	do := func(i int) {
		results[i] = r.one(ctx, r.o.Cases[i])
		report.Lock()
		defer report.Unlock()
		if r.o.Done != nil {
			r.o.Done(results[i])
		}
	}
	p := arrange(r.o.Cases, r.o.Jobs)
	var workers sync.WaitGroup
	lane := func(cases []int, jobs int) {
		queue := make(chan int, len(cases))
		for _, i := range cases {
			queue <- i
		}
		close(queue)
		for range jobs {
			workers.Go(func() {
				for i := range queue {
					do(i)
				}
			})
		}
	}
	lane(p.busy, max(r.o.Jobs, 1))
	lane(p.idle, 1)
	workers.Wait()
	for _, i := range p.alone {
		do(i)
	}
	return results
}

// A plan has the places of cases in a list, in the order in which they run.
type plan struct{ busy, idle, alone []int }

// arrange puts the cases that take longest first, so that none of them is left when all
// others are done. If one case runs at a time, no other one waits beside it.
func arrange(cases []Case, jobs int) plan {
	var p plan
	for i, c := range cases {
		switch {
		case c.Alone:
			p.alone = append(p.alone, i)
		case c.Idle && jobs > 1:
			p.idle = append(p.idle, i)
		default:
			p.busy = append(p.busy, i)
		}
	}
	for _, list := range [][]int{p.busy, p.idle} {
		slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(usually(cases[b].ID), usually(cases[a].ID)) })
	}
	return p
}

// mourn makes the cases that run at the time fail when the daemon dies: which of
// them killed it, the log tells.
func (r *run) mourn(over <-chan struct{}) {
	for {
		select {
		case text := <-r.o.Deaths:
			r.mu.Lock()
			for t := range r.active {
				t.die(text)
			}
			r.mu.Unlock()
		case <-over:
			return
		}
	}
}

// enter and leave keep the list of the cases that run.
func (r *run) enter(t *T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active[t] = true
}

func (r *run) leave(t *T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.active, t)
}

// one runs a case in a goroutine of its own, which the case may end at any
// point, and waits for it, but not for ever.
func (r *run) one(ctx context.Context, c Case) Result {
	started := time.Now()
	if c.Limit == 0 {
		c.Limit = 3 * time.Minute
	}
	c.Limit = stretched(c.Limit)
	if ctx.Err() != nil {
		return Result{ID: c.ID, Title: c.Title, Status: Skip, Reason: "interrupted"}
	}
	inner, cancel := context.WithTimeout(ctx, c.Limit)
	defer cancel()
	t := &T{ctx: inner, run: r, def: c}
	var met time.Time // when what the case needs was found; of the case's goroutine until done
	r.enter(t)
	defer r.leave(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				t.errorf("the case broke down: %v", p)
			}
		}()
		if reason := r.unmet(t); reason != "" {
			t.skipf("%s", reason)
		}
		met = time.Now()
		c.run(t)
	}()
	const grace = 20 * time.Second
	select {
	case <-done:
		if !met.IsZero() {
			t.usual(time.Since(met))
		}
	case <-time.After(c.Limit + grace):
		t.errorf("did not end within %s", c.Limit+grace)
	}
	if inner.Err() != nil && ctx.Err() == nil {
		t.errorf("took longer than %s", c.Limit)
	}
	r.tidy(ctx, t)
	res := t.result(time.Since(started))
	if ctx.Err() != nil && res.Status == Fail {
		res.Status, res.Reason, res.Messages = Skip, "interrupted", nil
	}
	return res
}

// tidy removes what the case made, whether or not it was interrupted.
func (r *run) tidy(ctx context.Context, t *T) {
	t.mu.Lock()
	cleanups := t.cleanups
	t.mu.Unlock()
	for i := len(cleanups) - 1; i >= 0; i-- {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupLimit)
		cleanups[i](ctx)
		cancel()
	}
}
