// SPDX-License-Identifier: GPL-2.0-or-later

// Package domstats describes the statistics of running domains as libvirt
// reports them.
//
// Start with [NewCatalogue], the table of every statistic libvirt documents,
// then [Schema], what one running QEMU offers on top, with [Schema.VM] and [Schema.VCPU], which
// turn it into the names and types that libvirt must report for it.
// [Record] has the statistics of one domain.
//
// Package rpc reads statistics from a daemon, package qmp from QEMU. Package suite holds the test cases.
//
// The names of this package are kept compatible within a major release. The
// names after "vm." and "vcpu.<n>." are the kernel's: no table of them exists
// here, they are always computed from the schema of the QEMU at hand.
package domstats
