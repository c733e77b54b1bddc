// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

const day = 24 * time.Hour

// units are the words for lengths of time. A month has 30 days and a year
// 365 and a quarter, as GitLab counts them.
func units() map[string]time.Duration {
	return map[string]time.Duration{
		"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
		"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
		"h": time.Hour, "hr": time.Hour, "hrs": time.Hour, "hour": time.Hour, "hours": time.Hour,
		"d": day, "day": day, "days": day, "dy": day, "dys": day,
		"w": 7 * day, "wk": 7 * day, "wks": 7 * day, "week": 7 * day, "weeks": 7 * day,
		"mo": 30 * day, "mos": 30 * day, "mon": 30 * day, "mons": 30 * day, "month": 30 * day, "months": 30 * day,
		"y": 365*day + day/4, "yr": 365*day + day/4, "yrs": 365*day + day/4, "year": 365*day + day/4, "years": 365*day + day/4,
	}
}

var durationPart = regexp.MustCompile(`^(?:(?:and|,|\s)\s*)*([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*`)

// parseDuration reads "1h 30m", "3 hours and 10 minutes", "90" for seconds.
func parseDuration(s string) (time.Duration, bool) {
	rest := strings.ToLower(strings.TrimSpace(s))
	var total time.Duration
	for first := true; rest != ""; first = false {
		m := durationPart.FindStringSubmatch(rest)
		if m == nil {
			return 0, false
		}
		unit, ok := units()[m[2]]
		if rest = rest[len(m[0]):]; m[2] == "" && first && rest == "" {
			unit, ok = time.Second, true
		}
		n, err := strconv.ParseFloat(m[1], 64)
		amount := n * float64(unit)
		if !ok || err != nil || amount > math.MaxInt64/4 || total > math.MaxInt64/4 {
			return 0, false
		}
		total += time.Duration(amount)
	}
	return total, total > 0
}

// duration gives a length of time, 0 for nil.
func (d *decoder) duration(v *value, what string) time.Duration {
	if v == nil {
		return 0
	}
	length, ok := parseDuration(v.text)
	if !ok || v.kind != text {
		d.errorf(v.pos, `%s takes a length of time such as "1h 30m", got %s`, what, yamldoc.Quote(v.text))
	}
	return length
}
