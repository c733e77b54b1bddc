// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

// cleanupLimit is above the 15 s that libvirt gives a process to end, far
// enough for a busy machine.
const cleanupLimit = 3 * time.Minute

// A Guest is a domain of one case. It is removed when the case is over.
type Guest struct {
	domstats.Domain
	t    *T
	spec guest.Spec
	port Port
}

// connect opens the case's own connection.
func (t *T) connect() {
	if t.conn == nil {
		t.conn = t.open(ReadWrite)
	}
}

// open makes one more connection, closed when the case is over.
func (t *T) open(a Access) Conn {
	c, err := t.run.o.Stack.Open(t.ctx, a)
	t.must(err, "connect")
	t.cleanup(func(context.Context) { c.Close() })
	return c
}

// patientOpen connects, for as long as ctx lasts: the daemon may just be starting again.
func (t *T) patientOpen(ctx context.Context) (Conn, error) {
	for {
		c, err := t.run.o.Stack.Open(ctx, ReadWrite)
		if err == nil {
			return c, nil
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return nil, err
		}
	}
}

func (t *T) host() Host { return t.run.o.Stack.Host() }

// add names a guest and sees to its removal; it does not exist yet.
func (t *T) add(s guest.Spec) *Guest {
	t.connect()
	t.mu.Lock()
	t.guests++
	s.Name = t.prefix() + strconv.Itoa(t.guests)
	t.mu.Unlock()
	s.Emulator = t.run.o.Emulator
	g := &Guest{t: t, spec: s}
	g.Name = s.Name
	t.cleanup(g.remove)
	return g
}

func (g *Guest) create(paused bool) error {
	xml, err := g.spec.XML()
	if err != nil {
		return err
	}
	g.Domain, err = g.t.conn.Create(g.t.ctx, xml, paused)
	if err != nil {
		g.Name = g.spec.Name
	}
	return err
}

// remove destroys and forgets the guest, over a connection of its own: the
// case may have broken or blocked the one it had.
func (g *Guest) remove(ctx context.Context) {
	if g.port != nil {
		// The guest goes away; whether its port was still open does not matter.
		_ = g.port.Close()
	}
	c, err := g.t.patientOpen(ctx)
	if err != nil {
		g.t.errorf("cannot remove %s: %v", g.spec.Name, err)
		return
	}
	defer c.Close()
	d, err := c.Lookup(ctx, g.spec.Name)
	if domstats.ErrorCode(err) == domstats.CodeNoDomain {
		return
	}
	// Each may fail with nothing to do; the look-up afterwards decides.
	destroyed := c.Destroy(ctx, d)
	undefined := c.Undefine(ctx, d)
	if _, err := c.Lookup(ctx, g.spec.Name); domstats.ErrorCode(err) != domstats.CodeNoDomain {
		g.t.errorf("%s could not be removed: destroy gives %v, undefine gives %v, the look-up %v", g.spec.Name, destroyed, undefined, err)
	}
}

// small creates a guest of 16 MiB without firmware output: emulated, unless
// the changes say otherwise.
func (t *T) small(paused bool, changes ...func(*guest.Spec)) *Guest {
	s := guest.Spec{MemoryKiB: 16384}
	for _, c := range changes {
		c(&s)
	}
	g := t.add(s)
	t.must(g.create(paused), "create %s", g.spec.Name)
	return g
}

// userNICs is an interface of QEMU's own network, or nothing where QEMU was built without.
func (t *T) userNICs(n int) []guest.NIC {
	if !t.has(NeedSlirp) {
		return nil
	}
	return []guest.NIC{{User: true, Model: "virtio", MAC: mac(n)}}
}

// define makes a persistent guest that does not run.
func (t *T) define(changes ...func(*guest.Spec)) *Guest {
	s := guest.Spec{MemoryKiB: 16384}
	for _, c := range changes {
		c(&s)
	}
	g := t.add(s)
	xml, err := g.spec.XML()
	t.must(err, "describe the guest")
	g.Domain, err = t.conn.Define(t.ctx, xml)
	t.must(err, "define %s", g.spec.Name)
	return g
}

// start runs a defined guest.
func (g *Guest) start(paused bool) {
	d, err := g.t.conn.Start(g.t.ctx, g.Domain, paused)
	g.t.must(err, "start %s", g.spec.Name)
	g.Domain = d
}

// disk creates the scripted guest on a boot disk vda, emulated, and waits
// until it takes commands.
func (t *T) disk(changes ...func(*guest.Spec)) *Guest {
	g := t.diskSpec(changes...)
	t.must(g.create(false), "create %s", g.spec.Name)
	g.attachPort()
	t.must(g.port.Ready(t.ctx), "wait for %s", g.spec.Name)
	return g
}

// diskSpec prepares the scripted guest without creating it.
func (t *T) diskSpec(changes ...func(*guest.Spec)) *Guest {
	g := t.add(guest.Spec{})
	g.spec.Serial = t.path(strconv.Itoa(t.guests) + ".sock")
	g.spec.Disks = []guest.Disk{{Target: "vda", File: t.file(strconv.Itoa(t.guests)+".img", guest.Image(), guest.DiskSize), Boot: 1}}
	for _, c := range changes {
		c(&g.spec)
	}
	return g
}

// rom creates the scripted guest without firmware, under KVM, with 2 of 4
// vCPUs, ready for commands. It is never idle.
func (t *T) rom(changes ...func(*guest.Spec)) *Guest {
	g := t.romSpec(changes...)
	t.must(g.create(true), "create %s", g.spec.Name)
	g.attachPort()
	g.resume()
	t.must(g.port.Ready(t.ctx), "wait for %s", g.spec.Name)
	return g
}

func (t *T) romSpec(changes ...func(*guest.Spec)) *Guest {
	g := t.add(guest.Spec{KVM: true, VCPUs: 2, MaxVCPUs: 4})
	g.spec.ROM = t.file(strconv.Itoa(t.guests)+".rom", guest.ROM(), 0)
	g.spec.Serial = t.path(strconv.Itoa(t.guests) + ".sock")
	for _, c := range changes {
		c(&g.spec)
	}
	return g
}

// short is the part of a name that is not the run's: the directory is the run's already.
func short(name string) string {
	return name[strings.LastIndex(name, ".")+1:]
}

func (t *T) file(name string, data []byte, size int64) string {
	path, err := t.host().WriteFile(t.fileName(name), data, size)
	t.must(err, "write %s", name)
	return path
}

// fileName is the name of a file or socket that no other case has.
func (t *T) fileName(name string) string { return short(t.prefix()) + name }

// path is where a file or socket of the case would be.
func (t *T) path(name string) string { return t.host().Path(t.fileName(name)) }

func (g *Guest) attachPort() {
	p, err := g.t.host().Connect(g.t.ctx, g.spec.Serial)
	g.t.must(err, "reach %s", g.spec.Name)
	g.port = p
}

// do sends commands one by one and waits for each answer.
func (g *Guest) do(commands ...string) {
	for _, c := range commands {
		g.t.must(g.port.Do(g.t.ctx, c), "drive %s", g.spec.Name)
	}
}

// doUntilAnswered sends a command that may be done twice.
func (g *Guest) doUntilAnswered(command string) {
	g.t.must(g.port.DoUntilAnswered(g.t.ctx, command), "drive %s", g.spec.Name)
}

func (g *Guest) suspend() { g.t.must(g.t.conn.Suspend(g.t.ctx, g.Domain), "suspend %s", g.spec.Name) }
func (g *Guest) resume()  { g.t.must(g.t.conn.Resume(g.t.ctx, g.Domain), "resume %s", g.spec.Name) }
func (g *Guest) destroy() { g.t.must(g.t.conn.Destroy(g.t.ctx, g.Domain), "destroy %s", g.spec.Name) }

// process finds the guest's QEMU.
func (g *Guest) process() Process {
	p, err := g.t.host().Process(g.t.ctx, g.spec.Name)
	g.t.must(err, "find the process of %s", g.spec.Name)
	return p
}

// Execute passes a command to the guest's QEMU through libvirt.
func (g *Guest) Execute(ctx context.Context, command string) (string, error) {
	return g.t.conn.Monitor(ctx, g.Domain, command, false)
}

// human passes a line to QEMU's human monitor.
func (g *Guest) human(line string, args ...any) {
	reply, err := g.t.conn.Monitor(g.t.ctx, g.Domain, fmt.Sprintf(line, args...), true)
	g.t.must(err, "run %q", line)
	if strings.Contains(strings.ToLower(reply), "error") {
		g.t.fatalf("%q: %s", line, strings.TrimSpace(reply))
	}
}

func (g *Guest) schema() domstats.Schema {
	s, err := qmp.Schema(g.t.ctx, g)
	g.t.must(err, "read the schema of %s", g.spec.Name)
	return s
}
