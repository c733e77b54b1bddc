// SPDX-License-Identifier: GPL-2.0-or-later

package live

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Requests of <linux/kvm.h>.
const (
	kvmCreateVM   = 0xae01
	kvmCreateVCPU = 0xae41
	kvmGetStats   = 0xaece
)

// KVMSchema asks KVM itself, with a machine of one vCPU that never runs.
func (*Host) KVMSchema() (domstats.Schema, error) {
	kvm, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer kvm.Close()
	vm, err := request(kvm, kvmCreateVM, "machine")
	if err != nil {
		return nil, err
	}
	defer vm.Close()
	vcpu, err := request(vm, kvmCreateVCPU, "vCPU")
	if err != nil {
		return nil, err
	}
	defer vcpu.Close()
	var out domstats.Schema
	for target, f := range map[string]*os.File{"vm": vm, "vcpu": vcpu} {
		stats, err := request(f, kvmGetStats, "descriptor of statistics")
		if err != nil {
			return nil, err
		}
		defer stats.Close()
		s, err := domstats.ReadKVMStats(stats)
		if err != nil {
			return nil, err
		}
		out = append(out, domstats.SchemaGroup{Provider: "kvm", Target: target, Stats: s.Stats})
	}
	return out, nil
}

func request(f *os.File, number uint, what string) (*os.File, error) {
	fd, err := unix.IoctlRetInt(int(f.Fd()), number)
	if err != nil {
		return nil, fmt.Errorf("cannot make a %s of KVM: %w", what, err)
	}
	return os.NewFile(uintptr(fd), what), nil
}

// KVMStats reads the statistics of a vCPU through the descriptor that QEMU has
// open for it; ok is false where it has none, as before QEMU 8.0, or where this
// process may not have it.
func (p process) KVMStats(vcpu int) (s domstats.KVMStats, ok bool, err error) {
	fds := fmt.Sprintf("/proc/%d/fd", p.pid)
	entries, err := os.ReadDir(fds)
	if err != nil {
		return s, false, err
	}
	want := fmt.Sprintf("anon_inode:kvm-vcpu-stats:%d", vcpu)
	for _, e := range entries {
		name, err := os.Readlink(filepath.Join(fds, e.Name()))
		if err != nil || name != want {
			continue // another one, or closed by now
		}
		number, err := strconv.Atoi(e.Name())
		if err != nil {
			return s, false, err
		}
		f, err := borrow(p.pid, number)
		if err != nil {
			return s, false, nil
		}
		defer f.Close()
		s, err := domstats.ReadKVMStats(f)
		return s, err == nil, err
	}
	return s, false, nil
}

// borrow duplicates a descriptor of another process, which needs CAP_SYS_PTRACE.
func borrow(pid, number int) (*os.File, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	borrowed, err := unix.PidfdGetfd(fd, number, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(borrowed), "descriptor of another process"), nil
}
