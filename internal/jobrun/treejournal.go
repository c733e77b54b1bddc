// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// journalFile, in the container, says what updates of the tree did. Only they
// change it, but the job can write to it: it must not decide about anything
// outside of the container.
const journalFile = stateDir + "/tree-update"

// maxJournal limits the size of the journal, in bytes.
const maxJournal = 64 << 20

// A treeJournal has the files that updates of the tree changed.
type treeJournal map[string]journalEntry

// A journalEntry says in which states a file is as updates left it.
type journalEntry struct {
	states  []fingerprint
	pending bool // the update did not end
}

func (e journalEntry) has(f fingerprint) bool { return slices.Contains(e.states, f) }

func (j treeJournal) pending() bool {
	for _, e := range j {
		if e.pending {
			return true
		}
	}
	return false
}

// made returns the directories that updates could have created.
func (j treeJournal) made() map[string]bool {
	dirs := map[string]bool{}
	for name := range j {
		for dir := range parents(name) {
			dirs[dir] = true
		}
	}
	return dirs
}

// A journalRecord is an entry in the file. Names need not be UTF-8.
type journalRecord struct {
	Name    []byte
	Pending bool `json:",omitempty"`
	States  []stateRecord
}

type stateRecord struct {
	Kind byte   `json:",omitempty"`
	Exec bool   `json:",omitempty"`
	Sum  []byte `json:",omitempty"`
}

// script returns the commands that write the journal, completely or not at all.
func (j treeJournal) script() (string, error) {
	var list []journalRecord
	for _, name := range slices.Sorted(maps.Keys(j)) {
		record := journalRecord{Name: []byte(name), Pending: j[name].pending}
		for _, f := range j[name].states {
			record.States = append(record.States, stateRecord{f.kind, f.exec, []byte(f.sum)})
		}
		list = append(list, record)
	}
	data, err := json.Marshal(list)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("printf %%s %s > %[2]s.new\nmv -f %[2]s.new %[2]s\n", Quote(string(data)), journalFile), nil
}

// readJournal returns the journal in a container, an empty one if there is none.
func readJournal(ctx context.Context, c Container) (treeJournal, error) {
	j := treeJournal{}
	text, err := readFile(ctx, c, journalFile, maxJournal)
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	var list []journalRecord
	if err == nil {
		err = json.Unmarshal([]byte(text), &list)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s in the container, which says how far an earlier update of the tree got: %w", journalFile, err)
	}
	for _, record := range list {
		name := string(record.Name)
		if path.Clean("/"+name) != "/"+name || name == "" || slices.Contains(strings.Split(name, "/"), ".git") {
			return nil, fmt.Errorf("%s in the container has an invalid name %q", journalFile, name)
		}
		e := journalEntry{pending: record.Pending}
		for _, s := range record.States {
			e.states = append(e.states, fingerprint{s.Kind, s.Exec, string(s.Sum)})
		}
		j[name] = e
	}
	return j, nil
}
