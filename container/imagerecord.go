// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// Extra fields of an image's record.
const (
	extraDigest   = "digest"
	extraRest     = "rest"
	extraPackages = "packages"
	extraDeltas   = "deltas"
)

// An origin is what is recorded of an image that Build made. The labels of
// the image say the same, but anybody's Dockerfile or base image can set those:
// nothing is decided by them.
type origin struct {
	digest   string   // of its input
	rest     string   // as rest has it; "" if no delta may stand on it
	packages []string // as Delta has them
	deltas   int      // that it consists of, one on another; 0 if made as a whole
}

// origin is what is to be recorded of the image once it is made.
func (o BuildOptions) origin(digest string, deltas int) origin {
	from := origin{digest: digest, deltas: deltas}
	if o.Delta != nil {
		from.rest, from.packages = o.rest(), o.Delta.Packages
	}
	return from
}

// recordImage notes where an image comes from.
func (e *Engine) recordImage(id string, from origin) error {
	r := e.newRecord(records.Image, id)
	r.ID = id
	r.Extra = map[string]string{
		extraDigest: from.digest, extraRest: from.rest,
		extraPackages: strings.Join(from.packages, " "), extraDeltas: strconv.Itoa(from.deltas),
	}
	maps.DeleteFunc(r.Extra, func(_, value string) bool { return value == "" })
	return e.records.Put(r)
}

// originOf returns what is recorded of an image, the zero value for one that
// this user's lcitool did not make.
func (e *Engine) originOf(id string) origin {
	r, err := e.records.Get(records.Image, id)
	if err != nil || r.ID != id {
		return origin{}
	}
	deltas, err := strconv.Atoi(r.Extra[extraDeltas])
	if err != nil || deltas < 0 {
		return origin{}
	}
	return origin{
		digest: r.Extra[extraDigest], rest: r.Extra[extraRest], deltas: deltas,
		packages: slices.Clip(strings.Fields(r.Extra[extraPackages])),
	}
}

// madeImage reports whether an image is one that this user's lcitool has built or
// pulled. Any other may be all that the user has of it.
func (e *Engine) madeImage(id string) bool {
	if id == "" {
		return false
	}
	r, err := e.records.Get(records.Image, id)
	return err == nil && r.ID == id
}

// forgetImage drops the record of an image that is gone.
func (e *Engine) forgetImage(id string) {
	if _, err := e.records.Get(records.Image, id); err == nil {
		e.forget(records.Record{Kind: records.Image, Name: id})
	}
}
