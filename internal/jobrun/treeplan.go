// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"maps"
	"os"
	"slices"
	"strings"
)

// A treePlan is what to do with the files that changed between two trees of the
// host, in a container whose job may have changed them as well.
type treePlan struct {
	before, now view
	journal     treeJournal
	made        map[string]bool // directories that earlier updates could have created
	changes     map[string]treeChange
	there       treeState

	update
	dirs  []string // to remove if they are empty, children first
	freed map[string]bool
	left  []string // of the journal, as the update wants them
}

// A treeChange says what a name is in the two trees.
type treeChange struct {
	was, is fingerprint
	dir     bool // is a directory in the new tree, which is no file
}

// compare looks at the changed names, and at those that earlier updates changed.
func (p *treePlan) compare(changed []string) error {
	p.changes, p.made = map[string]treeChange{}, p.journal.made()
	for _, name := range slices.AppendSeq(changed, maps.Keys(p.journal)) {
		was, err := fileOf(p.before.file(name))
		if err != nil {
			return err
		}
		is, err := fileOf(p.now.file(name))
		switch {
		case err != nil:
			return err
		case is.kind == '?' || was.kind == '?':
		case is.kind == 'd':
			p.changes[name] = treeChange{was: was, dir: true}
		default:
			p.changes[name] = treeChange{was: was, is: is}
		}
	}
	return nil
}

// names returns the names to decide about, directories before what they contain.
func (p *treePlan) names() []string { return slices.Sorted(maps.Keys(p.changes)) }

// dirNames returns the directories that files may replace.
func (p *treePlan) dirNames() (dirs []string) {
	for _, name := range p.names() {
		if p.changes[name].is.kind != 0 && p.hadDir(name) {
			dirs = append(dirs, name)
		}
	}
	return dirs
}

// hadDir reports whether a directory, if it is one, is not the job's.
func (p *treePlan) hadDir(name string) bool {
	return isDirectory(p.before.file(name)) || p.made[name]
}

func isDirectory(file string) bool {
	if file == "" {
		return false
	}
	info, err := os.Lstat(file)
	return err == nil && info.IsDir()
}

func (p *treePlan) empty() bool {
	return len(p.replaced)+len(p.removed)+len(p.dirs) == 0 && !p.journal.pending()
}

// decide fills the lists of the plan.
func (p *treePlan) decide() {
	p.freed = map[string]bool{}
	var emptied, overDirs []string
	for _, name := range p.names() {
		change := p.changes[name]
		have, above := p.there.file(name)
		if p.freed[above] {
			above = ""
		}
		switch {
		case above != "" && change.is.kind != 0:
			p.keep(name)
		case have == change.is:
			p.left = append(p.left, name)
			if have.kind == 0 && p.journal[name].pending {
				emptied = append(emptied, name)
			}
		case have.kind == 'd' && (change.dir || change.is.kind == 0 && p.hadDir(name)):
		case have.kind == 'd' && change.is.kind != 0 && p.hadDir(name):
			overDirs = append(overDirs, name)
		case have.kind == 'd' || have != change.was && !p.journal[name].has(have):
			p.keep(name)
		case change.is.kind == 0:
			p.removed, p.freed[name] = append(p.removed, name), true
		default:
			p.replaced = append(p.replaced, name)
		}
	}
	p.empties(slices.Concat(p.removed, emptied))
	for _, name := range overDirs {
		if p.replaceable(name) {
			p.replaced = append(p.replaced, name)
		} else {
			p.keep(name)
		}
	}
	slices.Sort(p.replaced)
	slices.Sort(p.kept)
	p.dirs = slices.Compact(slices.Sorted(slices.Values(p.dirs)))
	slices.Reverse(p.dirs)
}

// keep leaves a file as the job made it. That is worth a line in the log if the
// trees differ.
func (p *treePlan) keep(name string) {
	change := p.changes[name]
	differs := change.was != change.is
	if change.dir { // its files have lines of their own
		differs = change.was.kind != 0 && change.was.kind != 'd'
	}
	if differs {
		p.kept = append(p.kept, name)
	}
}

// empties plans to remove the directories of removed files, as git does. The new
// tree has no directories without files.
func (p *treePlan) empties(removed []string) {
	seen := map[string]bool{}
	for _, name := range removed {
		for dir := range parents(name) {
			if !seen[dir] && !isDirectory(p.now.file(dir)) {
				p.dirs = append(p.dirs, dir)
			}
			seen[dir] = true
		}
	}
}

// replaceable reports whether a directory has nothing of the job after files were
// removed, and plans to remove it.
func (p *treePlan) replaceable(name string) bool {
	dirs := []string{name}
	for _, entry := range p.there.below[name] {
		dir, isDir := strings.CutSuffix(entry, "/")
		if isDir && !p.hadDir(dir) || !isDir && !p.freed[entry] {
			return false
		}
		if isDir {
			dirs = append(dirs, dir)
		}
	}
	p.dirs = append(p.dirs, dirs...)
	return true
}

// newDirs returns the directories to create for the new files, sorted.
func (p *treePlan) newDirs() []string {
	dirs := map[string]bool{}
	for _, name := range p.replaced {
		for dir := range parents(name) {
			if have, _ := p.there.file(dir); have.kind != 'd' {
				dirs[dir] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(dirs))
}

// begun returns the journal before the first change.
func (p *treePlan) begun() treeJournal {
	j := maps.Clone(p.journal)
	for _, name := range slices.Concat(p.replaced, p.removed) {
		have, _ := p.there.file(name)
		j[name] = journalEntry{states: []fingerprint{have, p.changes[name].is, {}}, pending: true}
	}
	return j
}

// done returns the journal after the last change. What the job has changed since
// an earlier update is not in it.
func (p *treePlan) done() treeJournal {
	j := treeJournal{}
	for _, name := range slices.Concat(p.replaced, p.removed) {
		j[name] = journalEntry{states: []fingerprint{p.changes[name].is}}
	}
	for _, name := range p.left {
		if _, ok := p.journal[name]; ok {
			j[name] = journalEntry{states: []fingerprint{p.changes[name].is}}
		}
	}
	return j
}
