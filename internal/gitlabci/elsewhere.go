// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// Elsewhere returns files that are not in the project's tree. If a file does not
// exist, the error is fs.ErrNotExist; if fetching was not permitted, it is
// ErrNotAsked.
type Elsewhere struct {
	// URL returns the file at an https URL.
	URL func(url string) ([]byte, error)
	// Revision returns a file of the project at another commit, branch or tag.
	Revision func(ref, file string) ([]byte, error)
	// Files lists the files of the project at another commit, branch or tag.
	Files func(ref string) ([]string, error)
}

// ErrNotAsked reports that a file was not fetched because the user has not
// permitted it.
var ErrNotAsked = errors.New("not asked for")

// A place is the origin of a file that is not in the project's tree. Local
// includes of the file are read from the same place. The zero value is for a
// file given by its URL, which cannot have local includes.
type place struct {
	host    string // of the server; "" for that of the event
	own     bool   // another commit of the project itself
	project string // path of the project; "" for a file by its URL
	ref     string
}

// fetched returns the content of a file from elsewhere and caches it.
func (p *Pipeline) fetched(key string, get func() ([]byte, error)) ([]byte, error) {
	if f, ok := p.elsewhere[key]; ok {
		return f.data, f.err
	}
	var f fetchedFile
	if f.err = ErrNotAsked; p.options.Elsewhere != nil {
		f.data, f.err = get()
	}
	if f.err == nil {
		f.err = yamldoc.CheckText(key, f.data, 0)
	}
	p.elsewhere[key] = f
	return f.data, f.err
}

type fetchedFile struct {
	data []byte
	err  error
}

// fileOf returns the name of a file in messages.
func (at place) fileOf(file string) string { return at.project + "@" + at.ref + ":" + file }

// read fetches a file of a place. Later reads use name.
func (in *includer) read(at place, file string) (name string, err error) {
	name = at.fileOf(file)
	_, err = in.p.fetched(name, func() ([]byte, error) {
		if at.own {
			return in.p.options.Elsewhere.Revision(at.ref, file)
		}
		return in.p.options.Elsewhere.URL(in.api(at) + "/repository/files/" + url.PathEscape(file) + "/raw?ref=" + url.QueryEscape(at.ref))
	})
	return name, err
}

func (in *includer) api(at place) string {
	host := at.host
	if host == "" {
		host = in.scope.event.Host
	}
	return "https://" + host + "/api/v4/projects/" + url.PathEscape(at.project)
}

func (in *includer) fetchJSON(address string, into any) error {
	data, err := in.p.fetched(address, func() ([]byte, error) { return in.p.options.Elsewhere.URL(address) })
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("the answer of %s is not what GitLab's API gives", yamldoc.OneLine(address))
	}
	return nil
}

// allOf fetches and decodes all pages of a list in GitLab's API.
func allOf[T any](in *includer, address string) ([]T, error) {
	var out []T
	for page := 1; page <= maxPages; page++ {
		var some []T
		if err := in.fetchJSON(fmt.Sprintf("%s&per_page=%d&page=%d", address, pageSize, page), &some); err != nil {
			return nil, err
		}
		if len(some) > pageSize {
			return nil, fmt.Errorf("the answer of %s has more than the %d entries that were asked for", yamldoc.OneLine(address), pageSize)
		}
		if out = append(out, some...); len(some) < pageSize {
			break
		}
	}
	return out, nil
}

// Limits for lists in GitLab's API.
const (
	pageSize = 100
	maxPages = 20
)

// matching returns the files of a place that match the pattern of an include,
// sorted.
func (in *includer) matching(at place, pattern string) ([]string, error) {
	matcher, start := includePattern(pattern)
	names, err := in.filesOf(at, start)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(names, func(name string) bool { return matcher == nil || !matcher.MatchString(name) }), nil
}

// filesOf lists the files of a place, sorted: at least those below a directory.
func (in *includer) filesOf(at place, start string) ([]string, error) {
	var names []string
	if at.own {
		if in.p.options.Elsewhere == nil {
			return nil, ErrNotAsked
		}
		all, err := in.p.options.Elsewhere.Files(at.ref)
		if err != nil {
			return nil, err
		}
		names = slices.Clone(all)
	} else {
		address := in.api(at) + "/repository/tree?recursive=true&ref=" + url.QueryEscape(at.ref)
		if start != "." {
			address += "&path=" + url.QueryEscape(start)
		}
		entries, err := allOf[struct{ Path, Type string }](in, address)
		if err != nil {
			return nil, err
		}
		if len(entries) == maxPages*pageSize {
			return nil, fmt.Errorf("project %s has more than %d files", yamldoc.OneLine(at.project), len(entries))
		}
		for _, e := range entries {
			if e.Type == "blob" {
				names = append(names, e.Path)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// scopeOfRules returns the input of the rules of an include: as on GitLab, exists
// looks for files of the project that the include is in.
func (in *includer) scopeOfRules() *scope {
	if in.at == nil {
		return in.scope
	}
	at, s := *in.at, *in.scope
	s.tree = &tree{names: func() ([]string, error) {
		if at.bare() {
			return nil, nil
		}
		return in.filesOf(at, ".")
	}}
	return &s
}

// templates returns the place of the files for include:template.
func templates() place { return place{host: "gitlab.com", project: "gitlab-org/gitlab", ref: "HEAD"} }

// bare reports whether GitLab reads the includes of a place's files without a
// project and without variables.
func (at place) bare() bool { return at.project == "" || at == templates() }

func (in *includer) template(v *value, g *given) []*value {
	name, ok := in.expanded(v)
	if !ok {
		return nil
	}
	missing := Missing{Kind: "template", Location: name, Pos: v.pos}
	if in.checkAddress("template", name, v); !strings.HasSuffix(name, ".gitlab-ci.yml") {
		in.missing = append(in.missing, missing)
		return nil
	}
	file, err := in.read(templates(), "lib/gitlab/ci/templates/"+name)
	if err != nil {
		in.absent(missing, err)
		return nil
	}
	return in.within(templates(), file, v, g)
}

// within reads a file of a place with its includes.
func (in *includer) within(at place, name string, from *value, g *given) []*value {
	before, scope := in.at, in.scope
	in.at = &at
	defer func() { in.at, in.scope = before, scope }()
	if scope != nil && at.bare() {
		in.scope = scope.with(nil)
	}
	if doc := in.file(name, from, g); doc != nil {
		return []*value{doc}
	}
	return nil
}

// absent records an include that is not available.
func (in *includer) absent(m Missing, err error) {
	if err != nil && !errors.Is(err, ErrNotAsked) {
		m.Why = yamldoc.OneLine(err.Error())
	}
	in.missing = append(in.missing, m)
}

// expanded expands variables in the address of an include. ok is false if that
// requires an event and there is none.
func (in *includer) expanded(v *value) (text string, ok bool) {
	if !strings.Contains(v.text, "$") {
		return v.text, true
	}
	if in.scope == nil {
		in.deferred = true
		return "", false
	}
	return in.scope.vars.existing(v.text), true
}

func (in *includer) remote(v, integrity *value, g *given) []*value {
	if name, ok := in.remoteFile(v, integrity); ok {
		return in.within(place{}, name, v, g)
	}
	return nil
}

// remoteFile fetches the file at a URL. Later reads use name.
func (in *includer) remoteFile(v, integrity *value) (name string, ok bool) {
	address, ok := in.expanded(v)
	if !ok {
		return "", false
	}
	missing := Missing{Kind: "remote", Location: address, Pos: v.pos}
	in.checkAddress("remote", address, v)
	if integrity != nil && !digest.MatchString(integrity.text) {
		in.errorf(integrity.pos, "include: integrity takes sha256- and a digest in base64, got %s", yamldoc.Quote(integrity.text))
	}
	if !strings.HasPrefix(address, "https://") {
		if in.p.options.Elsewhere != nil {
			missing.Why = "only files by https are fetched"
		}
		in.absent(missing, nil)
		return "", false
	}
	data, err := in.p.fetched(address, func() ([]byte, error) { return in.p.options.Elsewhere.URL(address) })
	if err != nil {
		in.absent(missing, err)
		return "", false
	}
	if integrity != nil && !in.intact(address, integrity, data) {
		in.absent(missing, nil)
		return "", false
	}
	return address, true
}

// digest matches the value of include:integrity.
var digest = lazyregexp.New(`^sha256-(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$`)

// checkAddress validates the address of an included file. Addresses with unknown
// variables are not checked.
func (in *includer) checkAddress(kind, address string, v *value) {
	scheme, _, isURL := strings.Cut(address, "://")
	switch {
	case strings.Contains(address, "$"):
	case kind == "remote" && (!isURL || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https")):
		in.errorf(v.pos, "remote include %s: expected a URL by http or https", yamldoc.Quote(address))
	case kind == "template" && !strings.HasSuffix(address, ".gitlab-ci.yml"):
		in.errorf(v.pos, "template include %s: expected a name that ends in .gitlab-ci.yml", yamldoc.Quote(address))
	case !isYAML(address):
		in.errorf(v.pos, "%s include %s: expected a file whose name ends in .yml or .yaml", kind, yamldoc.Quote(address))
	}
}

// intact verifies include:integrity.
func (in *includer) intact(address string, integrity *value, data []byte) bool {
	sum := sha256.Sum256(data)
	got := "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	if integrity.text != got {
		in.errorf(integrity.pos, "remote include %s: its integrity is %s, not %s", yamldoc.Quote(address), got, yamldoc.Quote(integrity.text))
	}
	return integrity.text == got
}

func (in *includer) project(v *value, g *given) []*value {
	var out []*value
	at, names := in.projectFiles(v)
	for _, name := range names {
		out = append(out, in.within(at, name, v, g)...)
	}
	return out
}

// projectFiles fetches files of another project. Later reads use the returned
// names.
func (in *includer) projectFiles(v *value) (at place, out []string) {
	if in.scope == nil {
		in.deferred = true // the event says on which server
		return at, nil
	}
	names := looseTexts(v.get("project"))
	if len(names) == 0 {
		in.errorf(v.pos, "include: project has no name")
		return at, nil
	}
	at = place{project: strings.ToLower(in.scope.vars.existing(names[0])), ref: "HEAD"}
	if ref := v.get("ref"); ref != nil {
		at.ref = in.scope.vars.existing(ref.text)
	}
	files := v.get("file")
	if files == nil {
		in.errorf(v.pos, "include: project needs file")
		return at, nil
	}
	e := in.scope.event
	at.own = at.project == strings.ToLower(e.projectPath())
	for _, file := range looseTexts(files) {
		file = strings.TrimLeft(in.scope.vars.existing(file), "/")
		in.checkAddress("project", file, files)
		name, err := in.read(at, file)
		if err != nil {
			in.absent(Missing{Kind: "project", Location: at.project + ": " + file, Pos: v.pos}, err)
			continue
		}
		out = append(out, name)
	}
	return at, out
}

// localElsewhere returns the content of a local include in a file that is not in
// the tree.
func (in *includer) localElsewhere(v *value, file string, g *given) []*value {
	at := *in.at
	missing := Missing{Kind: "local", Location: at.fileOf(file), Pos: v.pos}
	if at.project == "" {
		in.errorf(v.pos, "local include %s: a file by its URL has no other files beside it", yamldoc.Quote(v.text))
		in.absent(missing, nil)
		return nil
	}
	files, isPattern := []string{file}, strings.Contains(file, "*")
	if isPattern {
		var err error
		if files, err = in.matching(at, file); err != nil {
			in.absent(missing, err)
			return nil
		}
	}
	var out []*value
	for _, file := range files {
		name, err := in.read(at, file)
		if err != nil {
			in.absent(Missing{Kind: "local", Location: at.fileOf(file), Pos: v.pos}, err)
			continue
		}
		if isPattern && name == v.pos.File { // a file does not include itself by a pattern
			continue
		}
		out = append(out, in.within(at, name, v, g)...)
	}
	return out
}

// because returns the reason for a missing include as a suffix for messages.
func (m Missing) because() string {
	if m.Why == "" {
		return ""
	}
	return ": " + m.Why
}

// headerFiles returns the names of the files for one entry of spec:include.
func (in *includer) headerFiles(v *value) []string {
	if v.kind == text {
		v = &value{kind: mapping, pos: v.pos, fields: []field{{key: "local", value: v}}}
	}
	switch {
	case v.get("local") != nil:
		if file, ok := in.expanded(v.get("local")); ok {
			return []string{strings.TrimLeft(file, "/")}
		}
	case v.get("remote") != nil:
		if name, _ := in.remoteFile(v.get("remote"), v.get("integrity")); name != "" {
			return []string{name}
		}
	case v.get("project") != nil:
		_, names := in.projectFiles(v)
		return names
	default:
		in.errorf(v.pos, "spec: include names none of local, remote, project")
	}
	return nil
}
