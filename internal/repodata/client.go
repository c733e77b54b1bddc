// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// Options say how a [Client] works. Only CacheDir is required.
type Options struct {
	CacheDir string // directory for what was fetched; made when first needed

	// Offline sends no request: a file that the cache lacks is an [*OfflineError].
	// Mirrors at file:// are still read.
	Offline bool

	Timeout     time.Duration // for one request with its whole body; 0 means 10 minutes
	IdleTimeout time.Duration // for a mirror that sends nothing; 0 means 30 seconds
	MaxDownload int64         // bytes of one file as it is fetched; 0 means 256 MiB
	MaxUnpacked int64         // bytes of one index unpacked; 0 means 1 GiB
	Parallel    int           // requests at the same time; 0 means 4

	Progress  func(Progress)    // called by one goroutine at a time; may be nil
	Transport http.RoundTripper // nil means the standard one, with its proxy variables
	Now       func() time.Time  // compared with dates of documents; nil means time.Now
}

// Progress is the state of one download.
type Progress struct {
	URL   string // what is fetched, without credentials; for an index its lasting address
	Done  int64  // bytes so far
	Total int64  // bytes in all; -1 when the mirror does not say
	Ended bool   // the last update for this URL, after success or failure
}

// A Client reads indexes through one cache. It downloads a file once, so that the
// architectures of one release share its Release file.
type Client struct {
	opts   Options
	http   *http.Client
	cache  cache
	slots  *semaphore.Weighted // requests under way
	unpack *semaphore.Weighted // indexes being unpacked: each holds its dictionary

	mu        sync.Mutex
	documents map[string]*pendingDocument // by URL
	progress  sync.Mutex
}

// NewClient fills in the defaults. It uses neither network nor disk.
func NewClient(o Options) (*Client, error) {
	if o.CacheDir == "" {
		return nil, errors.New("no cache directory given")
	}
	o.Timeout = orDefault(o.Timeout, 10*time.Minute)
	o.IdleTimeout = orDefault(o.IdleTimeout, 30*time.Second)
	o.MaxDownload = orDefault(o.MaxDownload, 256<<20)
	o.MaxUnpacked = orDefault(o.MaxUnpacked, 1<<30)
	o.Parallel = orDefault(o.Parallel, 4)
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Client{
		opts:      o,
		http:      newHTTPClient(o),
		cache:     cache{dir: o.CacheDir},
		slots:     semaphore.NewWeighted(int64(o.Parallel)),
		unpack:    semaphore.NewWeighted(int64(max(1, min(2, runtime.NumCPU())))),
		documents: map[string]*pendingDocument{},
	}, nil
}

func orDefault[T int | int64 | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

// An OfflineError lists files that are not in the cache of an offline client.
type OfflineError struct {
	URLs []string // sorted
}

func (e *OfflineError) Error() string {
	return "offline, and not in the cache: " + strings.Join(e.URLs, ", ")
}

// joinErrors joins errors of several downloads, so that all files that the
// cache lacks are named at once.
func joinErrors(errs []error) error {
	var missing []string
	var others []error
	for _, err := range errs {
		var off *OfflineError
		switch {
		case err == nil:
		case errors.As(err, &off):
			missing = append(missing, off.URLs...)
		default:
			others = append(others, err)
		}
	}
	if len(others) > 0 {
		return errors.Join(others...)
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return &OfflineError{URLs: slices.Compact(missing)}
	}
	return nil
}

// A pendingDocument is fetched by the first goroutine that asks for it.
type pendingDocument struct {
	done chan struct{}
	doc  document
	err  error

	abandoned bool // by a caller whose context ended: others ask again
}

// once runs fetch for the first caller with this URL and returns its result to
// all later ones.
func (c *Client) once(ctx context.Context, url string, fetch func() (document, error)) (document, error) {
	c.mu.Lock()
	p, running := c.documents[url]
	if !running {
		p = &pendingDocument{done: make(chan struct{})}
		c.documents[url] = p
	}
	c.mu.Unlock()
	if !running {
		p.doc, p.err = fetch()
		if ctx.Err() != nil { // only this caller gives up
			p.abandoned = true
			c.mu.Lock()
			delete(c.documents, url)
			c.mu.Unlock()
		}
		close(p.done)
		return p.doc, p.err
	}
	select {
	case <-p.done:
		if p.abandoned && ctx.Err() == nil {
			return c.once(ctx, url, fetch)
		}
		return p.doc, p.err
	case <-ctx.Done():
		return document{}, fmt.Errorf("cannot fetch %s: %w", url, context.Cause(ctx))
	}
}
