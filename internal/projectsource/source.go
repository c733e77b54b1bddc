// SPDX-License-Identifier: GPL-2.0-or-later

package projectsource

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// parallel bounds the requests under way at a time.
const parallel = 4

// Options say how a Source works. The zero value asks the network, keeps
// nothing, accepts any text as a project.
type Options struct {
	// Read checks the text of a project file and lists the packages in it. Its
	// error is handed on as it is. What it refuses is not kept. nil takes
	// anything for a project without packages.
	Read func(Reference, []byte) (packages []string, err error)

	CacheDir string // directory for what was fetched, made when first needed; "" for none
	Lock     *Lock  // what files must hold; nil for nothing in particular
	Offline  bool   // ask nobody: what the cache lacks is an OfflineError

	ConnectTimeout time.Duration  // until a connection stands; 0 means 10 seconds
	Timeout        time.Duration  // for one file as a whole; 0 means 60 seconds
	Total          time.Duration  // for all files together, from the first request on; 0 means 2 minutes
	MaxSize        int64          // of one file, in bytes; 0 means 1 MiB
	RootCAs        *x509.CertPool // trusted certificates; nil means the system's

	Warn func(message string) // told in one line what we went on without; nil means nobody listens
	Log  *slog.Logger         // nil for none
}

// A File is what a reference names.
type File struct {
	Reference
	Data   []byte
	Digest string // SHA-256 of Data, in lower-case hexadecimal digits
}

// A Source fetches files, each once. It may be used from several goroutines.
type Source struct {
	opts  Options
	http  *http.Client
	cache cache

	mu       sync.Mutex
	files    map[string]*pending // by location
	deadline time.Time           // of all requests; zero before the first one
}

// A pending file is fetched by the first who takes its lock.
type pending struct {
	mu   sync.Mutex
	done bool
	data []byte
	err  error
}

// New makes a source. It touches neither network nor disk.
func New(o Options) *Source {
	if o.Read == nil {
		o.Read = func(Reference, []byte) ([]string, error) { return nil, nil }
	}
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.ConnectTimeout <= 0 {
		o.ConnectTimeout = 10 * time.Second
	}
	if o.Timeout <= 0 {
		o.Timeout = 60 * time.Second
	}
	if o.Total <= 0 {
		o.Total = 2 * time.Minute
	}
	if o.MaxSize <= 0 {
		o.MaxSize = 1 << 20
	}
	s := &Source{opts: o, http: newClient(o), files: map[string]*pending{}}
	if o.CacheDir != "" {
		s.cache = cache{dir: filepath.Join(o.CacheDir, "projects"), limit: o.MaxSize}
	}
	return s
}

// Fetch returns the files in the order of their references. The error joins
// those of all of them: an *UnreadableError for a local file, a *StatusError,
// an *OfflineError or a *ChangedError, or what Options.Read said.
func (s *Source) Fetch(ctx context.Context, refs ...Reference) ([]File, error) {
	files := make([]File, len(refs))
	errs := make([]error, len(refs))
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, ref := range refs {
		group.Go(func() error {
			files[i], errs[i] = s.fetch(ctx, ref)
			return nil
		})
	}
	_ = group.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return files, nil
}

func (s *Source) fetch(ctx context.Context, ref Reference) (File, error) {
	location := ref.Location()
	s.mu.Lock()
	p, ok := s.files[location]
	if !ok {
		p = &pending{}
		s.files[location] = p
	}
	s.mu.Unlock()

	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.done {
		p.data, p.err = s.read(ctx, ref)
		p.done = ctx.Err() == nil // who gives up does so for himself
	}
	if p.err != nil {
		return File{}, p.err
	}
	file := File{Reference: ref, Data: p.data, Digest: digest(p.data)}
	return file, s.Compare(file, s.opts.Lock.Digest(ref))
}

// read returns the text of a file from the disk, the network or the cache.
func (s *Source) read(ctx context.Context, ref Reference) ([]byte, error) {
	if ref.remote() {
		return s.remote(ctx, ref)
	}
	data, err := readFile(ref.path, s.opts.MaxSize)
	if err != nil {
		return nil, &UnreadableError{ref, err}
	}
	_, err = s.opts.Read(ref, data)
	return data, err
}

// remote returns the text of a file that has to be fetched.
func (s *Source) remote(ctx context.Context, ref Reference) ([]byte, error) {
	last, _ := s.cache.load(ref)
	if s.opts.Offline {
		return s.offline(ref, last)
	}
	got, err := s.get(ctx, ref, last)
	if err != nil {
		if data, ok := s.kept(ref, last); ok && away(err) {
			s.opts.Warn(err.Error() + "; using the copy in the cache")
			_, err = s.opts.Read(ref, data)
			return data, err
		}
		return nil, err
	}
	if _, err := s.opts.Read(ref, got.data); err != nil {
		return nil, err
	}
	if err := s.cache.store(ref, got); err != nil {
		s.opts.Warn(fmt.Sprintf("%v; %s will have to be fetched again", err, ref.Location()))
	}
	return got.data, nil
}

// offline returns the text of a file without a request.
func (s *Source) offline(ref Reference, last record) ([]byte, error) {
	data, ok := s.kept(ref, last)
	if !ok {
		return nil, &OfflineError{URL: ref.Location()}
	}
	s.opts.Log.Debug("project file taken from the cache", "url", ref.Location())
	_, err := s.opts.Read(ref, data)
	return data, err
}

// kept is the copy to use when there is no network: the one that the lock
// names if there is a lock, the last one fetched if there is none.
func (s *Source) kept(ref Reference, last record) (data []byte, ok bool) {
	want := s.opts.Lock.Digest(ref)
	if want == "" || want == last.SHA256 {
		return last.data, last.data != nil
	}
	data, err := s.cache.blob(want)
	return data, err == nil
}

// Keep puts a file into the cache under its digest, so that a later version
// can be compared with it.
func (s *Source) Keep(f File) {
	if err := s.cache.keep(f.Digest, f.Data); err != nil {
		s.opts.Warn(fmt.Sprintf("%v; what changes in %s cannot be shown later", err, f.Location()))
	}
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
