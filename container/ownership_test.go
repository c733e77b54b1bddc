// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/containers/podman/v4/pkg/domain/entities"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

func recorder(t *testing.T) *Engine {
	t.Helper()
	store, err := records.Open(filepath.Join(t.TempDir(), "records"))
	if err != nil {
		t.Fatal(err)
	}
	self, err := records.Self()
	if err != nil {
		t.Fatal(err)
	}
	e := &Engine{records: store, owner: self, log: slog.New(slog.DiscardHandler)}
	e.service = podman.NewService("unix:///nowhere", "", nil)
	return e
}

// killed is another run of this user, whose process has ended.
func (e *Engine) killed() *Engine {
	dead := &Engine{records: e.records, owner: e.owner, log: e.log, service: e.service}
	dead.owner.Start, dead.owner.Run = "1", "gone"
	return dead
}

// TestOnlyARecordProvesAContainer tries everything that somebody could copy from one of our
// containers.
func TestOnlyARecordProvesAContainer(t *testing.T) {
	e := recorder(t)
	known, early, kept := e.newRecord(records.Container, "lcitool-known"), e.newRecord(records.Container, "lcitool-early"), e.newRecord(records.Container, "lcitool-kept-1")
	known.ID, kept.ID = strings.Repeat("a", 64), strings.Repeat("b", 64)
	for _, r := range []records.Record{known, early, kept} {
		if err := e.records.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	p, err := e.proofs()
	if err != nil {
		t.Fatal(err)
	}
	labels := func(r records.Record) map[string]string {
		all := ownerLabels(r.Owner)
		all[labelToken] = r.Token
		return all
	}
	for name, c := range map[string]struct {
		item entities.ListContainer
		want bool
	}{
		"by id":                     {entities.ListContainer{ID: known.ID, Names: []string{known.Name}}, true},
		"id unknown, token":         {entities.ListContainer{ID: "c", Names: []string{early.Name}, Labels: labels(early)}, true},
		"labels of an image":        {entities.ListContainer{ID: "c", Names: []string{"web"}, Labels: labels(known)}, false},
		"labels and a name like it": {entities.ListContainer{ID: "c", Names: []string{"lcitool-0123456789"}, Labels: labels(known)}, false},
		"the name used again":       {entities.ListContainer{ID: "c", Names: []string{known.Name}, Labels: labels(known)}, false},
		"the id under another name": {entities.ListContainer{ID: known.ID, Names: []string{"mine"}, Labels: labels(known)}, false},
		"early name, another token": {entities.ListContainer{ID: "c", Names: []string{early.Name}, Labels: labels(known)}, false},
		"early name, owner labels":  {entities.ListContainer{ID: "c", Names: []string{early.Name}, Labels: ownerLabels(early.Owner)}, false},
		"kept by name":              {entities.ListContainer{ID: "c", Names: []string{kept.Name}, Labels: labels(kept)}, false},
		"early, not podman's yet":   {entities.ListContainer{ID: "c", Names: []string{early.Name}, State: "storage"}, true},
		"known, not podman's":       {entities.ListContainer{ID: "c", Names: []string{known.Name}, State: "storage"}, false},
		"another, not podman's":     {entities.ListContainer{ID: "c", Names: []string{"debian-working-container"}, State: "storage"}, false},
		"no name":                   {entities.ListContainer{ID: known.ID, Labels: labels(known)}, false},
		"two names":                 {entities.ListContainer{ID: known.ID, Names: []string{known.Name, "x"}}, false},
		"empty token on both sides": {entities.ListContainer{ID: "", Names: []string{"x"}}, false},
	} {
		if _, ours := p.container(c.item); ours != c.want {
			t.Errorf("%s: ours %v, want %v", name, ours, c.want)
		}
	}
}

// A run that was killed while it renamed a container to keep leaves two records: the conmon
// of that container is not a leftover.
func TestDeadIDsLeaveKeptContainersAlone(t *testing.T) {
	e := recorder(t)
	gone := e.killed()
	for name, id := range map[string]string{"lcitool-job-1": "a", "lcitool-kept-1": "a", "lcitool-job-2": "b", "lcitool-kept-3": "c", "lcitool-job-4": ""} {
		r := gone.newRecord(records.Container, name)
		r.ID, r.Extra = id, map[string]string{}
		if strings.Contains(name, "kept") {
			r.Extra[extraKept] = "yes"
		}
		if err := e.records.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	alive := e.newRecord(records.Container, "lcitool-job-5")
	alive.ID = "d"
	if err := e.records.Put(alive); err != nil {
		t.Fatal(err)
	}
	p, err := e.proofs()
	if err != nil {
		t.Fatal(err)
	}
	if ids := p.deadIDs(); len(ids) != 1 || ids["b"].Name != "lcitool-job-2" {
		t.Errorf("got %v", ids)
	}
}

func TestOnlyARecordProvesAVolume(t *testing.T) {
	e := recorder(t)
	r := e.newRecord(records.Volume, "lcitool-x-layers")
	cache := e.newRecord(records.Volume, api.CacheVolume("0123"))
	cache.Extra = map[string]string{extraCache: "yes"}
	if err := errors.Join(e.records.Put(r), e.records.Put(cache)); err != nil {
		t.Fatal(err)
	}
	p, err := e.proofs()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		labels map[string]string
		want   bool
	}{
		{r.Name, map[string]string{labelToken: r.Token}, true},
		{r.Name, ownerLabels(r.Owner), false},
		{r.Name, nil, false},
		{"lcitool-y-layers", map[string]string{labelToken: r.Token}, false},
		{cache.Name, nil, true},
		{api.CacheVolume("4567"), nil, false},
	} {
		if _, ours := p.volume(c.name, c.labels); ours != c.want {
			t.Errorf("%s %v: ours %v, want %v", c.name, c.labels, ours, c.want)
		}
	}
}

func TestDeadDirs(t *testing.T) {
	parent := t.TempDir()
	e := recorder(t)
	live, _, err1 := e.TempDirIn(t.Context(), parent, "run")
	dead, _, err2 := e.killed().TempDirIn(t.Context(), parent, "run")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	early := e.killed().newRecord(records.Directory, "lcitool-run-gone-early") // killed before it was made
	early.Extra = map[string]string{extraPath: filepath.Join(parent, early.Name)}
	lying := e.killed().newRecord(records.Directory, "lcitool-run-gone-lying")
	lying.Extra = map[string]string{extraPath: parent}
	linked := e.killed().newRecord(records.Directory, "lcitool-run-gone-link")
	linked.Extra = map[string]string{extraPath: filepath.Join(parent, linked.Name)}
	if err := errors.Join(e.records.Put(early), e.records.Put(lying), e.records.Put(linked), os.Symlink(parent, linked.Extra[extraPath])); err != nil {
		t.Fatal(err)
	}
	p, err := e.proofs()
	if err != nil {
		t.Fatal(err)
	}
	got := e.recordedDirs(p)
	if len(got) != 1 || got[0].Name != dead || got[0].Run != "gone" {
		t.Errorf("got %v, want %s only", got, dead)
	}
	if _, err := e.records.Get(records.Directory, early.Name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the record of nothing stays: %v", err)
	}
	if info, err := os.Stat(live); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	if err := e.discardDir(t.Context(), got[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dead); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestLegacyDirs(t *testing.T) {
	parent := t.TempDir()
	e := recorder(t)
	owners := map[string]string{"lcitool-run-a-0": must(json.Marshal(ownerLabels(e.killed().owner))), "lcitool-run-a-5": must(json.Marshal(ownerLabels(e.owner)))}
	for name, text := range map[string]string{
		"lcitool-run-a-1": "", "lcitool-run-a-2": "{}", "lcitool-run-a-3": "[", "other-run-a-4": owners["lcitool-run-a-0"],
		"lcitool-run-a-0": owners["lcitool-run-a-0"], "lcitool-run-a-5": owners["lcitool-run-a-5"],
	} {
		dir := filepath.Join(parent, name)
		if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, ownerFile), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(parent, "lcitool-run-a-0"), filepath.Join(parent, "lcitool-run-gone-link")); err != nil {
		t.Fatal(err)
	}
	got := legacyDirs(records.HostProcesses(), parent)
	if len(got) != 1 || got[0].Name != filepath.Join(parent, "lcitool-run-a-0") {
		t.Errorf("got %v", got)
	}
}

func TestScratchesOf(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"buildah1/config.json": "", "buildah-cache/x": "", "other/config.json": "",
		sandboxesFile: "buildah4\nbuildah1\n../x\nbuildah5 x\n\n",
	} {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprint(scratchesOf(dir)); got != "[buildah1 buildah4]" {
		t.Errorf("got %s", got)
	}
}

// TestWorkerToken reads the token from buildah's metadata of a working container.
func TestWorkerToken(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		`{"CommonBuildOpts":{"Secrets":["id=lcitool-abc,type=env"]}}`:                  "abc",
		`{"CommonBuildOpts":{"Secrets":["id=mine,src=/x","type=env,id=lcitool-abc"]}}`: "abc",
		`{"CommonBuildOpts":{"Secrets":["id=mine,src=/lcitool-abc"]}}`:                 "",
		`{"CommonBuildOpts":{"Secrets":[]},"annotations":{"lcitool.build":"abc"}}`:     "",
		`{"CommonBuildOpts":null,"container-name":"debian-working-container"}`:         "",
		`{`: "",
		``:  "",
	} {
		file := filepath.Join(dir, buildahFile)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := workerToken(file); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	if got := workerToken(filepath.Join(dir, "none")); got != "" {
		t.Errorf("no file: %q", got)
	}
	if token := buildSecret("abc"); token != "id=lcitool-abc,type=env" {
		t.Error(token)
	}
}

func TestDeadBuilds(t *testing.T) {
	e := recorder(t)
	live, dead := e.newBuildRecord(), e.killed().newBuildRecord()
	if err := errors.Join(e.recordBuild(live), e.recordBuild(dead)); err != nil {
		t.Fatal(err)
	}
	e.endBuild(live)
	p, err := e.proofs()
	if err != nil {
		t.Fatal(err)
	}
	builds := p.deadBuilds()
	if _, there := builds[dead.Token]; !there || len(builds) != 1 {
		t.Errorf("got %v", builds)
	}
	if i := slices.IndexFunc(p.builds, func(r records.Record) bool { return r.Token == live.Token }); i < 0 || p.builds[i].Extra[extraEnded] == "" {
		t.Errorf("the end of a build was not noted: %v", p.builds)
	}
}

// TestUnfinishedWorkerOfTheFuture: if the clock was set back, nothing waits until it is
// where it was.
func TestUnfinishedWorkerOfTheFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		builds := map[string]records.Record{"token": {Name: "b", Time: begun, Extra: map[string]string{extraBases: "base"}}}
		item := entities.ListContainer{ImageID: "base", Names: []string{"x" + workerName}, State: "storage", Created: begun.Add(1000 * time.Hour)}
		r, ours := unfinishedWorker(t.Context(), item, filepath.Join(t.TempDir(), buildahFile), builds)
		if waited := time.Since(begun); !ours || r.Name != "b" || waited > unfinishedAge {
			t.Errorf("%+v, %v, waited %v", r, ours, waited)
		}
	})
}

func TestImagesLock(t *testing.T) {
	e := recorder(t)
	first, err1 := e.useImages(t.Context())
	second, err2 := e.useImages(t.Context())
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	first()
	if _, free := e.lockImages(); free {
		t.Error("free while a build runs")
	}
	second()
	unlock, free := e.lockImages()
	if !free {
		t.Fatal("not free after the builds")
	}
	unlock()
}

func must(data []byte, err error) string {
	if err != nil {
		panic(err)
	}
	return string(data)
}

func TestMountsIn(t *testing.T) {
	info := "1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:1 / /tmp/a rw - tmpfs t rw\n3 2 0:2 / /tmp/a/b\\040c rw - tmpfs t rw\n4 1 0:3 / /tmp/ab rw - tmpfs t rw\nshort\n"
	for dir, want := range map[string][]string{
		"/tmp/a": {"/tmp/a", "/tmp/a/b c"}, "/tmp/ab": {"/tmp/ab"}, "/tmp/a/b c": {"/tmp/a/b c"}, "/tmp/x": nil, "/tmp/a/b": nil,
	} {
		if got := mountsIn(info, dir); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", dir, got, want)
		}
	}
}

// TestDamagedRecords: records that a crash has cut off fail nothing, and go.
func TestDamagedRecords(t *testing.T) {
	e := recorder(t)
	file := filepath.Join(e.records.Dir(), "container@lcitool-x.json")
	if err := errors.Join(e.records.Put(e.newRecord(records.Container, "lcitool-y")), os.WriteFile(file, []byte(`{"kind":`), 0o600), os.Chtimes(file, time.Time{}, time.Now().Add(-24*time.Hour))); err != nil {
		t.Fatal(err)
	}
	for _, dryRun := range []bool{true, false} {
		if p, err := e.proofs(); err != nil || len(p.containers) != 1 {
			t.Errorf("%v, %v", p.containers, err)
		}
		done, err := e.pruneDamaged(dryRun)
		if err != nil || len(done) != 1 || done[0] != (api.Leftover{Kind: "record", Name: file}) {
			t.Errorf("dry run %v: %v, %v", dryRun, done, err)
		}
		if _, err := os.Lstat(file); (err == nil) != dryRun {
			t.Errorf("dry run %v: %v", dryRun, err)
		}
	}
}

func TestKilled(t *testing.T) {
	for name, c := range map[string]struct {
		kind   records.Kind
		kept   bool
		killed bool // the process of the record has ended
		want   bool
	}{
		"running":        {records.Container, false, false, false},
		"container":      {records.Container, false, true, true},
		"kept container": {records.Container, true, true, false},
		"directory":      {records.Directory, false, true, true},
	} {
		e := recorder(t)
		owner := e
		if c.killed {
			owner = e.killed()
		}
		r := owner.newRecord(c.kind, "lcitool-run-a-0")
		if c.kept {
			r.Extra = map[string]string{extraKept: "1"}
		}
		if err := e.records.Put(r); err != nil {
			t.Fatal(err)
		}
		if p, err := e.proofs(); err != nil || p.killed() != c.want {
			t.Errorf("%s: %v, %v", name, p.killed(), err)
		}
	}
}

func TestAbsentContainersAreNotLookedFor(t *testing.T) {
	e := recorder(t)
	absent, here := e.killed().newRecord(records.Container, "lcitool-absent"), e.killed().newRecord(records.Container, "lcitool-here")
	absent.Engine, absent.Extra = "unix:///elsewhere", map[string]string{extraAbsent: e.service.URL() + " unix:///other"}
	if err := errors.Join(e.records.Put(absent), e.records.Put(here)); err != nil {
		t.Fatal(err)
	}
	p, err := e.proofs()
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]int{e.service.URL(): 1, "unix:///other": 1, "unix:///elsewhere": 2, "": 2} {
		left := p.without(url).dead()
		if len(left) != want || !slices.ContainsFunc(left, func(r records.Record) bool { return r.Name == here.Name }) {
			t.Errorf("%q: %v", url, left)
		}
	}
	e.forget(here)
	if p, err := e.proofs(); err != nil || p.without(e.service.URL()).killed() || !p.killed() {
		t.Errorf("%v, %v", p.containers, err)
	}
}

// TestBuildsOfOtherEngines: a build that ended, or was killed long ago, is looked for
// once through each engine. Its record goes only if this engine was asked to build.
func TestBuildsOfOtherEngines(t *testing.T) {
	const elsewhere = "unix:///elsewhere"
	for name, c := range map[string]struct {
		engine string
		age    time.Duration
		extra  map[string]string
		used   bool   // a container needs an image of it
		want   string // "gone", "absent", or "" for a record that stays as it is
	}{
		"ended here":                 {"", 0, map[string]string{extraEnded: "yes"}, false, "gone"},
		"killed here":                {"", time.Minute, nil, false, ""},
		"killed here long ago":       {"", 2 * lateLimit, nil, false, "gone"},
		"ended elsewhere":            {elsewhere, 0, map[string]string{extraEnded: "yes"}, false, "absent"},
		"killed elsewhere":           {elsewhere, time.Minute, nil, false, ""},
		"killed elsewhere long ago":  {elsewhere, 2 * lateLimit, nil, false, "absent"},
		"killed elsewhere last year": {elsewhere, 2 * recordAge, nil, false, "gone"},
		"in use":                     {elsewhere, 2 * lateLimit, nil, true, ""},
		"absent from many": {elsewhere, 2 * lateLimit,
			map[string]string{extraAbsent: strings.Repeat("unix:///other ", maxAbsent), extraBases: "base"}, false, "absent"},
	} {
		e := recorder(t)
		r := e.killed().newBuildRecord()
		r.Time, r.Extra = time.Now().Add(-c.age).UTC(), c.extra
		if c.engine != "" {
			r.Engine = c.engine
		}
		if err := e.recordBuild(r); err != nil {
			t.Fatal(err)
		}
		p, err := e.proofs()
		if err != nil || !p.without(e.service.URL()).killed() {
			t.Fatalf("%s: %v, %v", name, p.builds, err)
		}
		p.inUse[r.Name] = c.used
		if err := e.forgetGone(t.Context(), p); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		after, err := e.proofs()
		if err != nil {
			t.Fatal(err)
		}
		if gone := len(after.builds) == 0; gone != (c.want == "gone") {
			t.Errorf("%s: gone is %v", name, gone)
		} else if gone {
			continue
		}
		if looks := len(after.without(e.service.URL()).deadBuilds()) > 0; looks != (c.want == "") || looks != after.without(e.service.URL()).killed() {
			t.Errorf("%s: the next run looks for it again: %v", name, looks)
		}
		if len(after.without("unix:///third").deadBuilds()) != 1 {
			t.Errorf("%s: another engine does not look for it", name)
		}
		kept := after.builds[0]
		if kept.Time != r.Time || kept.Extra[extraBases] != c.extra[extraBases] || kept.Extra[extraEnded] != c.extra[extraEnded] || len(strings.Fields(kept.Extra[extraAbsent])) > maxAbsent {
			t.Errorf("%s: %+v", name, kept)
		}
	}
}
