// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/mod/semver"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// component returns the content of a component: of this project at the current
// commit or another one, or of another project on the server.
func (in *includer) component(v *value, g *given) []*value {
	address, ok := in.expanded(v)
	if !ok {
		return nil
	}
	if in.scope == nil {
		in.deferred = true // the event determines the project
		return nil
	}
	e := in.scope.event
	missing := Missing{Kind: "component", Location: address, Pos: v.pos}
	long, version, _ := strings.Cut(address, "@")
	full, here := strings.CutPrefix(long, e.Host+"/")
	slash := strings.LastIndex(full, "/")
	if !here || slash < 0 || version == "" {
		if in.p.options.Elsewhere != nil {
			missing.Why = "expected " + e.Host + "/PROJECT/NAME@VERSION"
		}
		in.absent(missing, nil)
		return nil
	}
	at, name := place{project: full[:slash], ref: version}, full[slash+1:]
	g.component = map[string]string{"name": name, "version": version, "reference": version}
	if at.own = at.project == e.projectPath(); at.own && (version == e.Commit || version == e.ref()) {
		g.component["sha"] = e.Commit
		return in.ownComponent(v, name, g)
	}
	found, err := in.release(at.project, version)
	if err != nil {
		in.absent(missing, err)
		return nil
	}
	if found != nil {
		at.ref, g.component["version"], g.component["sha"] = found.Tag, found.Tag, found.Commit.ID
	}
	for _, file := range []string{"templates/" + name + ".yml", "templates/" + name + "/template.yml"} {
		path, err := in.read(at, file)
		if errors.Is(err, fs.ErrNotExist) {
			missing.Why = "there is no " + file
			continue
		}
		if err != nil {
			in.absent(missing, err)
			return nil
		}
		return in.within(at, path, v, g)
	}
	in.absent(missing, nil)
	return nil
}

func (in *includer) ownComponent(v *value, name string, g *given) []*value {
	for _, file := range []string{"templates/" + name + ".yml", "templates/" + name + "/template.yml"} {
		if !(&tree{fsys: in.p.fsys}).has(file) {
			continue
		}
		before := in.at
		in.at = nil
		defer func() { in.at = before }()
		if doc := in.file(file, v, g); doc != nil {
			return []*value{doc}
		}
		return nil
	}
	in.errorf(v.pos, "component %s: this project has neither templates/%s.yml nor templates/%s/template.yml", yamldoc.Quote(v.text), name, name)
	in.missing = append(in.missing, Missing{Kind: "component", Location: v.text, Pos: v.pos})
	return nil
}

// A release is a release of a project, as GitLab's API returns it.
type release struct {
	Tag    string `json:"tag_name"`
	Commit struct {
		ID string `json:"id"`
	} `json:"commit"`
}

// latest is the component version for the newest release.
const latest = "~latest"

// partial matches versions that select the newest release with this prefix.
var partial = lazyregexp.New(`^[0-9]+(?:\.[0-9]+)?$`)

// release returns the release that a component version selects, or nil if
// version is itself a tag, branch or commit. Like GitLab's catalog, it considers
// only semantic versions that are no pre-releases.
func (in *includer) release(project, version string) (*release, error) {
	if version != latest && !partial.MatchString(version) {
		return nil, nil
	}
	all, err := allOf[release](in, in.api(place{project: project})+"/releases?order_by=released_at")
	switch {
	case errors.Is(err, fs.ErrNotExist) && version != latest:
		return nil, nil
	case err != nil:
		return nil, err
	}
	var best *release
	for i := range all {
		r := &all[i]
		tag := "v" + r.Tag
		if strings.Count(r.Tag, ".") < 2 || !semver.IsValid(tag) || semver.Prerelease(tag) != "" ||
			version != latest && !strings.HasPrefix(r.Tag, version+".") {
			continue
		}
		if best == nil || semver.Compare(tag, "v"+best.Tag) > 0 {
			best = r
		}
	}
	if best == nil && version == latest {
		return nil, fmt.Errorf("project %s has no release with a semantic version", yamldoc.Quote(project))
	}
	return best, nil
}
