// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/docker/go-units"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/workload"
)

type limitFlags struct {
	workload.Limits
	network string
	memory  string
}

func (l *limitFlags) flags(f *pflag.FlagSet) {
	cliflags.Choice(f, &l.network, "network", "", "container network: none, host or bridge (default that of podman); host also applies to image builds", "", "none", "host", "bridge")
	f.StringVar(&l.memory, "memory", "", "memory limit for each command or job, for example 2g (default none)")
	f.Float64Var(&l.CPUs, "cpus", 0, "CPU limit for each command or job, for example 1.5 (default none)")
	f.DurationVar(&l.Timeout, "timeout", 0, "time limit for each command or job, for example 90s or 1h (default none)")
	f.StringArrayVar(&l.Devices, "device", nil, "host device to add to containers, for example /dev/kvm; may be repeated")
}

func (l *limitFlags) check(cmd *cobra.Command) error {
	switch {
	case l.Timeout < 0:
		return cliflags.Usagef(cmd, "argument --timeout: must not be negative")
	case l.CPUs < 0:
		return cliflags.Usagef(cmd, "argument --cpus: must not be negative")
	}
	if l.memory != "" {
		memory, err := units.RAMInBytes(l.memory)
		if err != nil || memory <= 0 {
			return cliflags.Usagef(cmd, "argument --memory: '%s' is not a size such as 512m or 2g", l.memory)
		}
		l.Memory = memory
	}
	l.Network = api.Network(l.network)
	return nil
}
