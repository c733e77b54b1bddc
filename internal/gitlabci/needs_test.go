// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// TestManyNeeds: instances count, and so do needs that are in the list alone.
func TestManyNeeds(t *testing.T) {
	for n, refused := range map[int]bool{49: false, 50: false, 51: true} {
		text := fmt.Sprintf("many: {script: [x], parallel: %d}\none: {script: [x], needs: [many]}\n", n)
		p, err := Load(fstest.MapFS{"ci.yml": {Data: []byte(text)}}, "ci.yml", Options{})
		if err != nil {
			t.Fatal(err)
		}
		e := p.Evaluate(Event{})
		said := len(e.Problems) == 1 && strings.Contains(e.Problems[0].Message, "it needs 51 jobs, and GitLab takes 50")
		if e.Refused() != refused || said != refused {
			t.Errorf("%d: %v", n, e.Problems)
		}
	}
}
