// SPDX-License-Identifier: GPL-2.0-or-later

package progress

import (
	"io"
	"strings"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// Downloads shows progress bars of downloads on a terminal. The zero value shows
// nothing.
type Downloads struct {
	bars *mpb.Progress // nil when nobody watches
	open map[string]*mpb.Bar
}

func NewDownloads(terminal io.Writer) *Downloads {
	return &Downloads{
		bars: mpb.New(mpb.WithOutput(terminal), mpb.WithWidth(60)),
		open: map[string]*mpb.Bar{},
	}
}

// Show updates the state of one download, in bytes. total is at most 0 if it is
// unknown.
func (d *Downloads) Show(url string, done, total int64, ended bool) {
	if d.bars == nil {
		return
	}
	bar := d.open[url]
	if bar == nil {
		if ended {
			return // no data yet
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

// ending returns the last three elements of a URL, which are enough to tell
// package indexes apart.
func ending(url string) string {
	parts := strings.Split(url, "/")
	return strings.Join(parts[max(0, len(parts)-3):], "/")
}

// End removes the progress bars.
func (d *Downloads) End() {
	if d.bars == nil {
		return
	}
	for _, bar := range d.open {
		bar.Abort(true)
	}
	d.bars.Wait()
}
