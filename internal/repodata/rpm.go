// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

const (
	maxRepomd   = 1 << 20
	maxXMLToken = 1 << 20 // between two tokens: an attribute's or a text's length
	maxXMLDepth = 32
)

// rpmIndexes opens the primary.xml of each repository.
func (c *Client) rpmIndexes(ctx context.Context, s Source, r *Report) ([]index, error) {
	var files []indexFile
	var errs []error
	for _, base := range s.repoURLs() {
		f, err := c.primary(ctx, base, s, r)
		files, errs = append(files, f), append(errs, err)
	}
	if err := joinErrors(errs); err != nil {
		return nil, err
	}
	// A repository may hold packages of other architectures, such as i686
	// beside x86_64.
	return c.openLists(ctx, files, r, func(arch string) bool { return arch == s.Arch || arch == "noarch" })
}

// primary finds the list of packages in a repository's repomd.xml.
func (c *Client) primary(ctx context.Context, base string, s Source, r *Report) (indexFile, error) {
	url := join(base, "repodata/repomd.xml")
	doc, err := c.document(ctx, url, maxRepomd)
	if err != nil {
		return indexFile{}, err
	}
	r.stale(doc)
	sig, err := c.detachedSignature(ctx, url, url+".asc", doc.body, s.Keyring)
	if err != nil {
		return indexFile{}, err
	}
	r.Signatures = append(r.Signatures, sig)
	x, err := parseRepomd(base, doc.body)
	if err != nil {
		return indexFile{}, fmt.Errorf("%s: %w", redacted(url), err)
	}
	return x, nil
}

// xmlRepomd mirrors repomd.xml.
type xmlRepomd struct {
	XMLName xml.Name  `xml:"repomd"`
	Data    []xmlData `xml:"data"`
}

type xmlData struct {
	Type         string      `xml:"type,attr"`
	Checksum     xmlChecksum `xml:"checksum"`
	Location     xmlLocation `xml:"location"`
	Size         *int64      `xml:"size"`
	UnpackedSize *int64      `xml:"open-size"`
}

type xmlChecksum struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

type xmlLocation struct {
	Href string `xml:"href,attr"`
}

// parseRepomd finds the list of packages in the text of a repomd.xml.
func parseRepomd(base string, text []byte) (indexFile, error) {
	var repomd xmlRepomd
	if err := xml.NewDecoder(bytes.NewReader(text)).Decode(&repomd); err != nil {
		return indexFile{}, fmt.Errorf("cannot decode: %w", err)
	}
	for _, d := range repomd.Data {
		if d.Type != "primary" {
			continue
		}
		if !plainPath(d.Location.Href) {
			return indexFile{}, fmt.Errorf("%q is no place below the repository", d.Location.Href)
		}
		sum, err := newDigest(d.Checksum.Type, strings.TrimSpace(d.Checksum.Text))
		if err != nil {
			return indexFile{}, err
		}
		x := indexFile{
			// The name of the file has its digest; the key of the list must not change.
			url:  join(base, "repodata/primary"+path.Ext(d.Location.Href)),
			from: []string{join(base, d.Location.Href)}, digest: sum, size: -1, unpacked: -1, parse: parsePrimary,
		}
		if d.Size != nil {
			x.size = max(*d.Size, 0)
		}
		if d.UnpackedSize != nil {
			x.unpacked = max(*d.UnpackedSize, 0)
		}
		return x, nil
	}
	return indexFile{}, errors.New("lists no primary index")
}

// parsePrimary reads a primary.xml: names, architectures, what is provided,
// and the files it lists, which can be asked for by their path.
func parsePrimary(r io.Reader, each func(record) error) error {
	budget := &tokenBudget{r: r}
	in := bufio.NewReaderSize(budget, 4<<10)
	dec := xml.NewDecoder(in)
	p := primaryParser{each: each}
	for {
		budget.left = maxXMLToken
		tok, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			return p.end()
		}
		if err == nil {
			err = p.token(tok)
		}
		if err != nil {
			return fmt.Errorf("cannot decode: %w", err)
		}
	}
}

// A tokenBudget bounds what the decoder may read for one token, which it keeps
// in memory whole.
type tokenBudget struct {
	r    io.Reader
	left int
}

func (b *tokenBudget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("more than %d bytes in one element", maxXMLToken)
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}

// A primaryParser follows the elements of a primary.xml. Prefixes do not
// matter: no two elements of interest differ by them alone.
type primaryParser struct {
	each   func(record) error
	path   []string // open elements, outermost first
	closed bool     // the outermost has ended
	rec    record
	text   []byte // of the element that is open, if it is of interest
}

func (p *primaryParser) token(tok xml.Token) error {
	switch t := tok.(type) {
	case xml.StartElement:
		return p.start(t)
	case xml.EndElement:
		return p.stop(t)
	case xml.CharData:
		if p.wantsText() {
			p.text = append(p.text, t...)
			if len(p.text) > maxXMLToken {
				return fmt.Errorf("more than %d bytes in one element", maxXMLToken)
			}
		}
	case xml.Directive:
		return errors.New("a document type has no place here")
	}
	return nil
}

func (p *primaryParser) start(t xml.StartElement) error {
	if p.closed || len(p.path) >= maxXMLDepth {
		return fmt.Errorf("element %q out of place", t.Name.Local)
	}
	if len(p.path) == 0 && t.Name.Local != "metadata" {
		return fmt.Errorf("%q where metadata is expected", t.Name.Local)
	}
	p.path = append(p.path, t.Name.Local)
	p.text = p.text[:0]
	switch {
	case p.at("metadata", "package"):
		p.rec = record{provides: p.rec.provides[:0]}
	case p.at("metadata", "package", "format", "provides", "entry"):
		for _, a := range t.Attr {
			if a.Name.Local == "name" && a.Name.Space == "" {
				p.provide(a.Value)
			}
		}
	}
	return nil
}

func (p *primaryParser) stop(t xml.EndElement) error {
	if len(p.path) == 0 || p.path[len(p.path)-1] != t.Name.Local {
		return fmt.Errorf("end of %q, which is not open", t.Name.Local)
	}
	var err error
	switch {
	case p.at("metadata", "package", "name"):
		p.rec.name = string(p.text)
	case p.at("metadata", "package", "arch"):
		p.rec.arch = string(p.text)
	case p.at("metadata", "package", "format", "file"):
		p.provide(string(p.text))
	case p.at("metadata", "package"):
		if p.rec.name == "" {
			return errors.New("a package without a name")
		}
		err = p.each(p.rec)
	}
	p.path = p.path[:len(p.path)-1]
	p.text = p.text[:0]
	p.closed = len(p.path) == 0
	return err
}

// maxProvides bounds the list of one package; the largest real ones have about
// ten thousand.
const maxProvides = 200_000

func (p *primaryParser) provide(name string) {
	if len(name) > maxNameLength { // it is left out and counted; the whole of it need not stay in memory
		name = strings.Clone(name[:maxNameLength+1])
	}
	if len(p.rec.provides) < maxProvides {
		p.rec.provides = append(p.rec.provides, name)
	}
}

func (p *primaryParser) wantsText() bool {
	return p.at("metadata", "package", "name") || p.at("metadata", "package", "arch") ||
		p.at("metadata", "package", "format", "file")
}

// at reports whether the open elements are these.
func (p *primaryParser) at(path ...string) bool {
	if len(p.path) != len(path) {
		return false
	}
	for i := len(path) - 1; i >= 0; i-- { // the last differs most
		if p.path[i] != path[i] {
			return false
		}
	}
	return true
}

func (p *primaryParser) end() error {
	if !p.closed {
		return errors.New("ends in the middle")
	}
	return nil
}
