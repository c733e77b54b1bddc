// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"os"
	"strings"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"gitlab.com/lcitool/lcitool/internal/repodata"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// downloads shows on a terminal how downloads get on, a line each while it
// runs. The zero value shows nothing.
type downloads struct {
	bars *mpb.Progress // nil when nobody watches
	open map[string]*mpb.Bar
}

// downloads starts showing, if stderr is a terminal that can.
func (a *app) downloads() *downloads {
	f, ok := a.stderr.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || a.getenv("TERM") == "dumb" || a.getenv("CI") != "" {
		return &downloads{}
	}
	return &downloads{
		bars: mpb.New(mpb.WithOutput(f), mpb.WithWidth(60)),
		open: map[string]*mpb.Bar{},
	}
}

// show takes the state of one download.
func (d *downloads) show(p repodata.Progress) {
	if d.bars == nil {
		return
	}
	bar := d.open[p.URL]
	if bar == nil {
		if p.Ended {
			return // nothing came: nothing to show
		}
		bar = d.bars.AddBar(max(p.Total, 0), mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(termtext.Line(ending(p.URL)), decor.WCSyncSpaceR)),
			mpb.AppendDecorators(decor.CountersKibiByte("% .1f / % .1f")))
		d.open[p.URL] = bar
	}
	bar.SetCurrent(p.Done)
	if p.Ended {
		bar.SetTotal(p.Done, true)
		delete(d.open, p.URL)
	}
}

// ending is the end of an address, enough to tell one index from another.
func ending(url string) string {
	parts := strings.Split(url, "/")
	return strings.Join(parts[max(0, len(parts)-3):], "/")
}

// end clears the lines.
func (d *downloads) end() {
	if d.bars == nil {
		return
	}
	for _, bar := range d.open {
		bar.Abort(true)
	}
	d.bars.Wait()
}
