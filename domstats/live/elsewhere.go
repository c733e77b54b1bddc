// SPDX-License-Identifier: GPL-2.0-or-later

//go:build !linux

package live

import (
	"errors"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// CountEvent needs Linux.
func (process) CountEvent(string, bool) (suite.EventCounter, error) {
	return nil, errors.ErrUnsupported
}

func missingPerf() string { return "performance events are counted on Linux only" }

// Pin needs Linux.
func (process) Pin(int, int) (bool, error) { return false, errors.ErrUnsupported }

// SendFrames needs Linux.
func (*Host) SendFrames(string, int) error { return errors.ErrUnsupported }

// SendLarge needs Linux.
func (*Host) SendLarge(string, int) error { return errors.ErrUnsupported }

func markTapNode(string) (unmark func(), err error) { return nil, errors.ErrUnsupported }

func makeTapNode(string) (string, error) { return "", errors.ErrUnsupported }

// KVMSchema needs Linux.
func (*Host) KVMSchema() (domstats.Schema, error) { return nil, errors.ErrUnsupported }

// KVMStats needs Linux.
func (process) KVMStats(int) (s domstats.KVMStats, ok bool, err error) { return s, false, nil }
