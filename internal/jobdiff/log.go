// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import (
	"fmt"
	"strings"
)

const (
	context  = 3   // lines before the first difference
	ahead    = 200 // lines of each log that are compared after it
	shuffled = 60  // lines that may be in another order
	perSide  = 12  // lines of each log that are shown of a difference
	longLine = 500 // bytes of a line that are shown
)

// A Parting is the first difference of two logs.
type Parting struct {
	Left  int    `json:"left"`  // number of the first line that differs, from 1; that after the last one if the log ends
	Right int    `json:"right"` // the same of the other log
	Lines []Line `json:"lines"` // of both logs from some lines before it on
}

type Line struct {
	Side string `json:"side"` // "left", "right", or "both" if they do not differ there
	Text string `json:"text"`
}

// begin returns the number of lines before the first command of the script,
// which are the output of building the image. It returns -1 if there is no
// command.
func begin(in *Input) (int, error) {
	n := 0
	for line, err := range in.Run.Lines(in.Job) {
		if err != nil {
			return 0, err
		}
		if strings.HasPrefix(line, "$ ") {
			return n, nil
		}
		n++
	}
	return -1, nil
}

// compareLogs returns the first difference of two logs, or nil.
func compareLogs(left, right *Input) (*Parting, error) {
	a, stopA := newLogReader(left)
	defer stopA()
	b, stopB := newLogReader(right)
	defer stopB()
	beginA, err := begin(left)
	if err != nil {
		return nil, err
	}
	beginB, err := begin(right)
	if err != nil {
		return nil, err
	}
	if beginA >= 0 && beginB >= 0 {
		if err := a.skip(beginA); err != nil {
			return nil, err
		}
		if err := b.skip(beginB); err != nil {
			return nil, err
		}
	}
	return part(a, b)
}

// part reads both logs until they differ.
func part(a, b *logReader) (*Parting, error) {
	var before []string
	for {
		left, err := a.peek(ahead)
		if err != nil {
			return nil, err
		}
		right, err := b.peek(ahead)
		if err != nil {
			return nil, err
		}
		n := alike(left, right)
		if n == 0 && len(left)+len(right) == 0 {
			return nil, nil
		}
		if n == 0 {
			p := &Parting{Left: a.number(), Right: b.number()}
			for _, line := range before {
				p.add("both", line)
			}
			p.hunk(left, right)
			return p, nil
		}
		for _, line := range left[:n] {
			before = append(before[max(0, len(before)-context+1):], line.text)
		}
		a.pass(n)
		b.pass(n)
	}
}

// alike returns the number of lines for which two logs are equal: the lines that
// are identical, or the smallest number that are equal in another order, as the
// output of parallel commands is. It returns 0 if the first lines differ.
func alike(a, b []*line) int {
	most := min(len(a), len(b))
	for n := range most {
		if !a[n].equals(b[n]) {
			most = min(most, shuffled)
			if n > 0 {
				return n
			}
			break
		}
		if n == len(a)-1 || n == len(b)-1 {
			return n + 1
		}
	}
	open := map[string]int{}
	differ := 0 // texts that one side has more often
	count := func(text string, by int) {
		if open[text] == 0 {
			differ++
		}
		if open[text] += by; open[text] == 0 {
			differ--
		}
	}
	for n := range most {
		count(a[n].same(), 1)
		count(b[n].same(), -1)
		if differ == 0 {
			return n + 1
		}
	}
	return 0
}

// hunk adds the first difference, and the lines after it.
func (p *Parting) hunk(a, b []*line) {
	i, j := meet(forms(a), forms(b))
	p.lines("left", a[:i])
	p.lines("right", b[:j])
	end := i
	for end < min(len(a), i+context) && j < len(b) && a[end].equals(b[j]) {
		end++
		j++
	}
	p.lines("both", a[i:end])
}

// meet returns where a longest common subsequence of two lists begins in each.
// If they have nothing in common, it returns their lengths.
func meet(a, b []string) (int, int) {
	common := make([][]int, len(a)+1) // [i][j] is the length for a[i:] and b[j:]
	common[len(a)] = make([]int, len(b)+1)
	for i := len(a) - 1; i >= 0; i-- {
		common[i] = make([]int, len(b)+1)
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for common[i][j] > 0 && a[i] != b[j] {
		if common[i+1][j] == common[i][j] {
			i++
		} else {
			j++
		}
	}
	if common[i][j] == 0 {
		return len(a), len(b)
	}
	return i, j
}

func (p *Parting) lines(side string, lines []*line) {
	for _, l := range lines[:min(len(lines), perSide)] {
		p.add(side, l.text)
	}
	if more := len(lines) - perSide; more > 0 {
		p.add(side, fmt.Sprintf("… %d more", more))
	}
}

func (p *Parting) add(side, line string) {
	if len(line) > longLine {
		line = strings.ToValidUTF8(line[:longLine], "") + "…"
	}
	p.Lines = append(p.Lines, Line{side, line})
}

func forms(lines []*line) []string {
	out := make([]string, len(lines))
	for i := range lines {
		out[i] = lines[i].same()
	}
	return out
}
