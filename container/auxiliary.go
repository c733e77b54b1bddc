// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// extraLifetime is the key of Record.Extra with the lifetime of an auxiliary
// image. Its record has the name of the image, and as extraBefore the ID of the image
// that has the name until the new one is tagged.
const extraLifetime = "lifetime"

// recordAuxiliary stores that Prune may remove an image, and the one that it
// replaces or "", unless its lifetime is that of the user's images.
func (e *Engine) recordAuxiliary(id, before string, o api.BuildOptions) error {
	if o.Lifetime == api.UntilRemoved {
		return nil
	}
	r := e.newRecord(records.Auxiliary, o.Tag)
	r.ID = id
	r.Extra = map[string]string{extraLifetime: string(o.Lifetime)}
	if e.madeImage(before) {
		r.Extra[extraBefore] = before
	}
	return e.records.Put(r)
}

// reuse returns an unchanged image. If it is an auxiliary image, it is this process's
// from now on, before what other processes left is removed.
func (e *Engine) reuse(ctx context.Context, id string, o api.BuildOptions) (api.BuildResult, error) {
	if err := e.recordAuxiliary(id, "", o); err != nil {
		return api.BuildResult{}, &api.EngineError{Op: "record image " + o.Tag, Code: 125, Err: err}
	}
	e.sweepAfterKill(ctx)
	return api.BuildResult{ID: id, Cached: true}, nil
}

// abandoned reports whether an auxiliary image can be removed without --caches.
func (p proofs) abandoned(r records.Record) bool {
	return r.Extra[extraLifetime] == string(api.UntilExit) && p.processes.Dead(r.Owner)
}

// deadAuxiliaries returns auxiliary images whose time is over and that no
// container uses.
func (e *Engine) deadAuxiliaries(c context.Context, p proofs, o api.PruneOptions) ([]leftover, error) {
	if len(p.auxiliaries) == 0 {
		return nil, nil
	}
	unlock, free := e.lockImages()
	if !free {
		return nil, nil // a running build may use them
	}
	defer unlock()
	var dead []leftover
	for _, r := range p.auxiliaries {
		if r.Engine != e.service.URL() || !p.abandoned(r) && !(o.Caches && p.processes.Dead(r.Owner)) {
			continue
		}
		id, err := e.auxiliaryID(c, r)
		if err != nil {
			return dead, err
		}
		if id != "" && !imageInUse(c, id) {
			dead = append(dead, leftover{Leftover: api.Leftover{Kind: "image", Name: r.Name, Run: r.Owner.Run}, record: r})
		}
	}
	return dead, nil
}

// auxiliaryID returns the ID of the image with the recorded name if it is the recorded
// image or the one before it, otherwise "".
func (e *Engine) auxiliaryID(c context.Context, r records.Record) (string, error) {
	image, err := e.inspect(c, api.WithTag(r.Name))
	if errors.Is(err, api.ErrNoImage) {
		return "", nil
	}
	if err != nil || image.ID != r.ID && image.ID != r.Extra[extraBefore] {
		return "", err
	}
	return image.ID, nil
}

// discardAuxiliary removes the name of an auxiliary image, and the image if it
// has no other one. Since it was found, another process may have removed it, or may
// use it again.
func (e *Engine) discardAuxiliary(c context.Context, l leftover) error {
	unlock, free := e.lockImages()
	if !free {
		return errors.New("an image is being built")
	}
	defer unlock()
	if r, err := e.records.Get(l.record.Kind, l.record.Name); err != nil || r.Token != l.record.Token {
		return nil
	}
	if id, err := e.auxiliaryID(c, l.record); err != nil || id == "" {
		return err
	}
	if err := e.removeImage(c, api.WithTag(l.Name), false); err != nil {
		return err
	}
	e.forget(l.record)
	return nil
}

// forgetAuxiliaries removes records of auxiliary images that do not exist any
// more, or whose engine is not used any more.
func (e *Engine) forgetAuxiliaries(c context.Context, p proofs, gone func(records.Record) bool) error {
	for _, r := range p.auxiliaries {
		if !gone(r) {
			continue
		}
		if r.Engine != e.service.URL() {
			e.forget(r)
			continue
		}
		id, err := e.auxiliaryID(c, r)
		if err != nil {
			return err
		}
		if id == "" {
			e.forget(r)
		}
	}
	return nil
}
