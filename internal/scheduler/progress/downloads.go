// SPDX-License-Identifier: GPL-2.0-or-later

package progress

import (
	"io"
	"strings"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// Downloads shows on a terminal how downloads get on, a line each while it
// runs. The zero value shows nothing.
type Downloads struct {
	bars *mpb.Progress // nil when nobody watches
	open map[string]*mpb.Bar
}

// NewDownloads starts showing on a terminal.
func NewDownloads(terminal io.Writer) *Downloads {
	return &Downloads{
		bars: mpb.New(mpb.WithOutput(terminal), mpb.WithWidth(60)),
		open: map[string]*mpb.Bar{},
	}
}

// Show takes the state of one download, in bytes. total is not positive if
// nobody knows it.
func (d *Downloads) Show(url string, done, total int64, ended bool) {
	if d.bars == nil {
		return
	}
	bar := d.open[url]
	if bar == nil {
		if ended {
			return // nothing came: nothing to show
		}
		bar = d.bars.AddBar(max(total, 0), mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(termtext.Line(ending(url)), decor.WCSyncSpaceR)),
			mpb.AppendDecorators(decor.CountersKibiByte("% .1f / % .1f")))
		d.open[url] = bar
	}
	bar.SetCurrent(done)
	if ended {
		bar.SetTotal(done, true)
		delete(d.open, url)
	}
}

// ending is the end of an address, enough to tell one index from another.
func ending(url string) string {
	parts := strings.Split(url, "/")
	return strings.Join(parts[max(0, len(parts)-3):], "/")
}

// End clears the lines.
func (d *Downloads) End() {
	if d.bars == nil {
		return
	}
	for _, bar := range d.open {
		bar.Abort(true)
	}
	d.bars.Wait()
}
