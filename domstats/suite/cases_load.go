// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

func loadCases() []Case {
	q := require(NeedQEMU)
	return []Case{
		{ID: "CON-07", Title: "32 callers on one connection", Needs: q, run: conCallers},
		{ID: "CON-08", Title: "60 connections", Needs: q, run: conConnections},
		{ID: "CON-09", Title: "30 domains", Needs: q, Alone: true, Limit: 6 * minute, run: conDomains},
		{ID: "CON-10", Title: "domains come and go", Needs: q, Alone: true, run: conChurn},
		{ID: "CON-11", Title: "the bracket while others call", Needs: require(NeedKStats, NeedX86, NeedFiles), run: conBracket},
	}
}

// callMany makes calls over each connection at once and checks that every
// record has the same names.
func (t *T) callMany(g *Guest, calls int, conns []Conn) {
	want := g.record(everything).Names("")
	var all sync.WaitGroup
	for _, c := range conns {
		all.Go(func() {
			for range calls {
				records, err := c.Stats(t.ctx, []domstats.Domain{g.Domain}, everything, 0)
				if err != nil {
					t.errorf("a call failed: %v", err)
					return
				}
				if len(records) != 1 || !slices.Equal(records[0].Names(""), want) {
					t.errorf("a call returned other names than the one before")
					return
				}
			}
		})
	}
	all.Wait()
}

func conCallers(t *T) {
	g := t.small(true)
	conns := make([]Conn, 32)
	for i := range conns {
		conns[i] = t.conn
	}
	t.callMany(g, 20, conns)
}

func conConnections(t *T) {
	g := t.small(true)
	conns := make([]Conn, 60)
	for i := range conns {
		conns[i] = t.open(ReadWrite)
	}
	t.callMany(g, 5, conns)
}

func conDomains(t *T) {
	const n, stopped = 30, 10
	want := map[domstats.UUID]string{}
	var guests []*Guest
	for range n {
		guests = append(guests, t.add(guest.Spec{MemoryKiB: 16384}))
	}
	// One after the other they would take longer to make and to remove than to test.
	defer removeAll(t.ctx, guests)
	t.must(createAll(guests, stopped), "create %d domains", n)
	for _, g := range guests {
		want[g.UUID] = g.Name
	}
	var records []domstats.Record
	var took time.Duration
	t.attempts(func() bool {
		started := time.Now()
		records = t.ours(everything, 0)
		took = time.Since(started)
		return took < atOnce
	})
	t.quick("the call", took, atOnce)
	equal(t, "the number of records", len(records), n)
	for _, r := range records {
		equal(t, "the name of "+r.Domain.UUID.String(), r.Domain.Name, want[r.Domain.UUID])
		delete(want, r.Domain.UUID)
		t.check(complete(r), "the record of %s is not full", r.Domain.Name)
	}
	t.check(len(want) == 0, "no record of %d domains", len(want))
}

// createAll creates guests a few at a time, the first ones paused.
func createAll(guests []*Guest, paused int) error {
	const atATime = 4
	var all errgroup.Group
	all.SetLimit(atATime)
	for i, g := range guests {
		all.Go(func() error { return g.create(i < paused) })
	}
	return all.Wait()
}

func removeAll(ctx context.Context, guests []*Guest) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupLimit)
	defer cancel()
	var all sync.WaitGroup
	for _, g := range guests {
		all.Go(func() { g.remove(ctx) })
	}
	all.Wait()
}

// churn creates and destroys a guest until ctx ends.
func (t *T) churn(ctx context.Context, g *Guest) error {
	c := t.open(ReadWrite)
	xml, err := g.spec.XML()
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		d, err := c.Create(t.ctx, xml, true)
		if err != nil {
			return fmt.Errorf("cannot create %s: %w", g.spec.Name, err)
		}
		if err := c.Destroy(t.ctx, d); err != nil {
			return fmt.Errorf("cannot destroy %s: %w", g.spec.Name, err)
		}
	}
	return nil
}

// callBeside makes sixty calls for all domains, some at the same time, and
// returns how many failed because a domain went away during them.
func (t *T) callBeside(steady *Guest) int {
	const callers, calls = 6, 10
	var all sync.WaitGroup
	var failed atomic.Int64
	for range callers {
		c := t.open(ReadWrite)
		all.Go(func() {
			for range calls {
				records, err := c.Stats(t.ctx, nil, everything, 0)
				code := domstats.ErrorCode(err)
				switch {
				case err == nil:
					r, ok := byName(records, steady.Name)
					t.check(ok, "a record of the steady domain is missing")
					t.check(!ok || complete(r), "the record of the steady domain is not full")
				case code == domstats.CodeSystem || code == domstats.CodeInternal:
					failed.Add(1)
				default:
					t.fatalf("a call failed: %v", err)
				}
				// The spacing lets the other domain live and die between calls.
				t.span(50 * time.Millisecond)
			}
		})
	}
	all.Wait()
	return int(failed.Load())
}

func conChurn(t *T) {
	steady := t.small(true)
	g := t.add(steady.spec)
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		// A case that ends here must not leave its waiter behind.
		defer close(done)
		done <- t.churn(ctx, g)
	}()
	failed := t.callBeside(steady)
	cancel()
	t.must(<-done, "let a domain come and go")
	t.deviates("KD-3", failed > 0, "%d of 60 calls failed", failed)
	_, err := t.conn.Stats(t.ctx, nil, everything, 0)
	t.must(err, "ask when all is quiet")
}

func conBracket(t *T) {
	g := t.rom()
	schema := g.schema()
	ctx, cancel := context.WithCancel(t.ctx)
	var others sync.WaitGroup
	defer others.Wait()
	defer cancel()
	for range 4 {
		c := t.open(ReadWrite)
		others.Go(func() {
			for ctx.Err() == nil {
				if _, err := c.Stats(t.ctx, []domstats.Domain{g.Domain}, everything, 0); err != nil {
					t.errorf("a call failed: %v", err)
					return
				}
			}
		})
	}
	for range 10 {
		g.do("o")
		g.bracket(schema, false)
	}
}
