// SPDX-License-Identifier: GPL-2.0-or-later

//go:build race

package fault_test

const raceDetector = true
