// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

const day = 24 * time.Hour

// unitOf returns the unit that a word names, or 0. As in GitLab, a month has 30
// days and a year 365.25.
func unitOf(word string) time.Duration {
	switch word {
	case "s", "sec", "secs", "second", "seconds":
		return time.Second
	case "m", "min", "mins", "minute", "minutes":
		return time.Minute
	case "h", "hr", "hrs", "hour", "hours":
		return time.Hour
	case "d", "day", "days", "dy":
		return day
	case "w", "wk", "wks", "week", "weeks":
		return 7 * day
	case "mo", "mos", "month", "months":
		return 30 * day
	case "y", "yr", "yrs", "year", "years":
		return 365*day + day/4
	}
	return 0
}

var (
	clock       = lazyregexp.New(`^[0-9]+(?::[0-9]+){1,5}(?:\.[0-9]*)?$`)
	lengthParts = lazyregexp.New(`[0-9]*\.?[0-9]+|[^0-9\s]+`)
)

// parseDuration parses durations like "1h 30m", "3 hours and ten minutes", "90"
// (seconds), "day" or "1:30:00". These are the formats of the Ruby library
// chronic_duration, which GitLab uses.
func parseDuration(s string) (time.Duration, bool) {
	s = strings.ToLower(s)
	if strings.Contains(s, ":") {
		if joined := strings.Join(strings.Fields(s), ""); clock.MatchString(joined) {
			s = fromClock(joined)
		}
	}
	words, ok := lengthWords(numerals(s))
	var total time.Duration
	for i, w := range words {
		unit := time.Second // after the last number
		if i+1 < len(words) {
			unit = words[i+1].unit
		}
		amount := w.number * float64(unit)
		if amount > math.MaxInt64/16 || total > math.MaxInt64/16 {
			return 0, false
		}
		total += time.Duration(amount)
	}
	return total, ok && total > 0
}

// A lengthWord is a number or a unit of a duration.
type lengthWord struct {
	number float64
	unit   time.Duration
}

// lengthWords splits a duration into numbers and units. ok is false if it
// contains anything else.
func lengthWords(s string) (out []lengthWord, ok bool) {
	for _, word := range lengthParts.FindAllString(s, -1) {
		if strings.Trim(word, "0123456789.") == "" {
			if n, err := strconv.ParseFloat(word, 64); err == nil {
				out = append(out, lengthWord{number: n})
				continue
			}
		}
		word = strings.TrimSuffix(strings.TrimPrefix(word, ","), ",")
		unit := unitOf(word)
		switch {
		case unit > 0 && len(out) == 0:
			out = append(out, lengthWord{number: 1}, lengthWord{unit: unit})
		case unit > 0:
			out = append(out, lengthWord{unit: unit})
		case !slices.Contains([]string{"and", "with", "plus"}, word):
			return nil, false
		}
	}
	return out, true
}

// numerals replaces numbers below a hundred that are written as words.
func numerals(s string) string {
	words := strings.Fields(s)
	out := make([]string, 0, len(words))
	tens := false // the last number is twenty, thirty, ...
	for i, word := range words {
		n, ok := numeral(word)
		switch {
		case word == "a" && i == len(words)-1, !ok:
			out, tens = append(out, word), false
		case tens && 0 < n && n < 10:
			before, _ := strconv.Atoi(out[len(out)-1])
			out[len(out)-1], tens = strconv.Itoa(before+n), false
		default:
			out, tens = append(out, strconv.Itoa(n)), n >= 20 && n%10 == 0
		}
	}
	return strings.Join(out, " ")
}

// numeral returns the number that a word such as five, twenty-five or a stands for.
func numeral(word string) (n int, ok bool) {
	small := []string{
		"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
		"fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
	}
	if word == "a" {
		return 1, true
	}
	if n = slices.Index(small, word); n >= 0 {
		return n, true
	}
	for i, tens := range []string{"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"} {
		rest, found := strings.CutPrefix(word, tens)
		n = max(0, slices.Index(small[:10], strings.TrimPrefix(rest, "-")))
		if found && (rest == "" || n > 0) {
			return 20 + 10*i + n, true
		}
	}
	return 0, false
}

// fromClock converts "1:30:00" to a duration with units.
func fromClock(s string) string {
	names := []string{"seconds", "minutes", "hours", "days", "months", "years"}
	parts := strings.Split(s, ":")
	for i := range parts {
		parts[i] += " " + names[len(parts)-1-i]
	}
	return strings.Join(parts, " ")
}

// duration returns a duration, or 0 for nil.
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

// expiry validates a duration that may also be "never" or, with variables,
// contain a variable.
func (d *decoder) expiry(v *value, what string, variables bool) {
	if v != nil && v.kind == text && (strings.EqualFold(v.text, "never") || variables && strings.Contains(v.text, "$")) {
		return
	}
	d.duration(v, what)
}
