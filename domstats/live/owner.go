// SPDX-License-Identifier: GPL-2.0-or-later

package live

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"gitlab.com/lcitool/lcitool/domstats/rpc"
	"gitlab.com/lcitool/lcitool/domstats/suite"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// An Owner identifies a run in the names of all that it creates, so that a later
// run finds what a killed one left behind.
type Owner struct {
	place string
	pid   int
	start string
}

// Self is this process.
func Self() (Owner, error) {
	place, err := here()
	if err != nil {
		return Owner{}, err
	}
	start, err := startTime(os.Getpid())
	return Owner{place, os.Getpid(), start}, err
}

func here() (string, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("cannot tell this machine from others: %w", err)
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return "", fmt.Errorf("cannot tell this machine from others: %w", err)
	}
	h := fnv.New32a()
	h.Write(boot)
	h.Write([]byte(space))
	return fmt.Sprintf("%08x", h.Sum32()), nil
}

// startTime is field 22 of a process's stat file, in ticks since boot.
func startTime(pid int) (string, error) {
	fields, err := stat(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	return fields[22-3], nil
}

// String is the name of the run's directory.
func (o Owner) String() string { return fmt.Sprintf("lcstats-%s-%d-%s", o.place, o.pid, o.start) }

// Prefix begins the name of each domain of the run.
func (o Owner) Prefix() string { return o.String() + "." }

// dead reports whether name was given by a run of this machine whose process has ended.
func dead(name, place string) bool {
	m := regexp.MustCompile(`^lcstats-([0-9a-f]{8})-([0-9]+)-([0-9]+)(\.|$)`).FindStringSubmatch(name)
	if m == nil || m[1] != place {
		return false
	}
	pid, err := strconv.Atoi(m[2])
	if err != nil {
		return false
	}
	start, err := startTime(pid)
	return errors.Is(err, os.ErrNotExist) || err == nil && start != m[3]
}

// MakeDir makes the run's directory under parent; QEMU, under whatever user, may
// write to it.
func (o Owner) MakeDir(parent string) (string, error) {
	dir := filepath.Join(parent, o.String())
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", fmt.Errorf("cannot make a directory for the run: %w", err)
	}
	return dir, os.Chmod(dir, 0o777|os.ModeSticky)
}

// Sweep removes what runs that were killed left behind: their directories under
// parent and, unless o is nil, their domains. It returns the names of what it
// removed. Whatever belongs to a live run, or to nobody's run, stays.
func Sweep(ctx context.Context, o *rpc.Options, parent string) (removed []string, err error) {
	place, err := here()
	if err != nil {
		return nil, err
	}
	var faults []error
	if o != nil {
		names, err := sweepDomains(ctx, *o, place)
		removed, faults = append(removed, names...), append(faults, err)
	}
	for _, f := range safefs.Glob(parent, "lcstats-*") {
		if dead(filepath.Base(f), place) {
			faults = append(faults, os.RemoveAll(f))
			removed = append(removed, f)
		}
	}
	return removed, errors.Join(faults...)
}

func sweepDomains(ctx context.Context, o rpc.Options, place string) (removed []string, err error) {
	c, err := rpc.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	domains, err := c.Domains(ctx, 0)
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, d := range domains {
		if !dead(d.Name, place) {
			continue
		}
		if pid, err := findQEMU(d.Name); err == nil {
			// A stopped QEMU would not let itself be destroyed in time.
			faults = append(faults, process{pid}.Signal(suite.SigCont))
		}
		if d.ID >= 0 {
			faults = append(faults, c.Destroy(ctx, d))
		}
		// A transient domain is gone by now.
		_ = c.Undefine(ctx, d)
		removed = append(removed, d.Name)
	}
	return removed, errors.Join(faults...)
}
