// SPDX-License-Identifier: GPL-2.0-or-later

package termtext

import (
	"io"
	"strings"
	"text/tabwriter"
)

// Table writes rows of cells. Columns are separated by two spaces; each cell is
// made safe by Line.
func Table(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = Line(cell)
		}
		if _, err := io.WriteString(t, strings.Join(cells, "\t")+"\n"); err != nil {
			return err
		}
	}
	return t.Flush()
}
