// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// atOnce bounds calls that take milliseconds where others wait 30 s for the job.
const atOnce = 5 * time.Second

// stretched is a limit for an idle machine as it is on this one: limits are
// for what is tested, not for how busy the machine is with other things.
func stretched(limit time.Duration) time.Duration {
	// Without the file nothing is known, and nothing is stretched.
	text, _ := os.ReadFile("/proc/loadavg")
	return time.Duration(float64(limit) * slowness(string(text), runtime.NumCPU()))
}

// slowness is how many processes want each CPU, from 1 to 4: a stretched atOnce
// stays below the 30 s for which libvirt waits.
func slowness(loadavg string, cpus int) float64 {
	const most = 4
	return min(crowd(loadavg, cpus), most)
}

// crowd is how many processes want each CPU, at least 1. It takes the average of
// the last minute or the number of the moment, whichever is higher.
func crowd(loadavg string, cpus int) float64 {
	fields := strings.Fields(loadavg)
	if len(fields) < 4 {
		return 1
	}
	running, _, _ := strings.Cut(fields[3], "/")
	load := 1.0
	for _, text := range []string{fields[0], running} {
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			load = max(load, v/float64(cpus))
		}
	}
	return load
}

// quick checks that something took no longer than its limit.
func (t *T) quick(what string, took, limit time.Duration) {
	if most := stretched(limit); took > most {
		t.errorf("%s took %s, more than %s", what, took.Round(time.Millisecond), most.Round(time.Millisecond))
	}
}

// usual checks that a case took no more than 120 times what it takes on an idle
// machine: by then something waited that nothing should have blocked.
func (t *T) usual(took time.Duration) {
	// Without the file nothing is known, and nothing is stretched.
	text, _ := os.ReadFile("/proc/loadavg")
	t.usualAt(took, crowd(string(text), runtime.NumCPU()))
}

func (t *T) usualAt(took time.Duration, crowd float64) {
	const times = 120
	usual := usually(t.def.ID)
	if took > time.Duration(times*crowd*float64(usual)) {
		t.errorf("took %s, more than %d times the usual %s", took.Round(time.Second), times, usual)
	}
}

// usually is how long a case takes on an idle machine, as an order of magnitude.
func usually(id string) time.Duration {
	const second = time.Second
	long := map[string]time.Duration{
		"LIF-07": 3 * second, "LIF-09": 3 * second, "LIF-10": 60 * second, "CON-02": 35 * second, "CON-06": 3 * second, "CON-07": 2 * second,
		"CON-08": 2 * second, "CON-09": 8 * second, "CON-10": 3 * second, "CON-14": 20 * second, "CON-18": 10 * second, "CON-19": 10 * second, "DRT-12": 4 * second, "IOT-08": 3 * second, "BAL-16": 1 * second, "BAL-19": 6 * second, "VCP-13": 2 * second, "VCP-16": 3 * second,
		"NET-09": 6 * second, "BLK-20": 6 * second, "MAP-14": 3 * second, "MAP-07": 5 * second, "QST-10": 5 * second, "VCP-19": 7 * second, "VCP-21": 2 * second, "CPU-12": 10 * second, "CPU-13": 8 * second, "NET-19": 5 * second, "BLK-41": 5 * second, "VCP-18": 2 * second, "LIF-13": 2 * second, "LIF-14": 4 * second, "LIF-15": 6 * second, "STA-17": 2 * second, "BLK-35": 12 * second, "PRF-07": 8 * second, "CPU-09": 2 * second,
	}
	if d, ok := long[id]; ok {
		return d
	}
	return 300 * time.Millisecond
}
