// SPDX-License-Identifier: GPL-2.0-or-later

package display

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
)

// applied adds to a raw value the unit and the scale that QEMU's schema has for
// it, which libvirt leaves out.
func applied(v uint64, e domstats.SchemaStat) string {
	scale := 1.0
	if e.Exponent != 0 && e.Base != 0 {
		scale = math.Pow(float64(e.Base), float64(e.Exponent))
	}
	switch {
	case e.Unit == "seconds":
		return seconds(float64(v) * scale)
	case e.Unit == "bytes" && e.Exponent >= 0:
		return withUnit(uint64(float64(v)*scale), "bytes")
	case scale == 1:
		return withUnit(v, e.Unit)
	}
	return strings.TrimSpace(fmt.Sprintf("%g %s", float64(v)*scale, e.Unit))
}

// withUnit writes a number with the catalogue's unit.
func withUnit(v uint64, unit string) string {
	switch {
	case unit == "ns":
		return seconds(float64(v) / 1e9)
	case unit == "KiB" && v < 1<<53:
		return size(v * 1024)
	case unit == "bytes":
		return size(v)
	case unit == "":
		return strconv.FormatUint(v, 10)
	}
	return strconv.FormatUint(v, 10) + " " + unit
}

// seconds writes a time with three digits or so.
func seconds(s float64) string {
	if s >= math.MaxInt64/1e9 {
		return fmt.Sprintf("%.0f s", s)
	}
	d := time.Duration(s * 1e9)
	switch {
	case d >= time.Minute:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Second:
		return d.Round(time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(time.Microsecond).String()
	}
	return d.String()
}

// size writes bytes, exactly as long as the number is short, else in the largest unit
// that is no larger than they are.
func size(v uint64) string {
	const step = 1024
	if v < 10*step {
		return fmt.Sprintf("%d bytes", v)
	}
	f := float64(v)
	for _, unit := range []string{"KiB", "MiB", "GiB", "TiB"} {
		f /= step
		if f < step {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") + " " + unit
		}
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", f/step), ".0") + " PiB"
}

// natural orders names such that vcpu.2 comes before vcpu.10, and a state before its reason.
func natural(a, b string) int {
	const state, reason = "state.state", "state.reason"
	switch {
	case a == state && b == reason:
		return -1
	case a == reason && b == state:
		return 1
	}
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		n, errN := strconv.Atoi(x[i])
		m, errM := strconv.Atoi(y[i])
		if errN == nil && errM == nil && n != m {
			return cmp.Compare(n, m)
		}
		if c := strings.Compare(x[i], y[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(x), len(y))
}
