// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// Keys of Record.Extra in an image's record.
const (
	extraDigest   = "digest"
	extraRest     = "rest"
	extraPackages = "packages"
	extraDeltas   = "deltas"
)

// An origin says what an image was built from. It is stored in the image's
// record, because labels with the same content could come from any Dockerfile or
// base image.
type origin struct {
	digest   string   // of its input
	rest     string   // as rest has it; "" if no delta may stand on it
	packages []string // as Delta has them
	deltas   int      // that it consists of, one on another; 0 if made as a whole
}

// originOf returns the origin of the image that o describes.
func originOf(o api.BuildOptions, digest string, deltas int) origin {
	from := origin{digest: digest, deltas: deltas}
	if o.Delta != nil {
		from.rest, from.packages = restDigest(o), o.Delta.Packages
	}
	return from
}

// recordImage stores the record of an image. Build reads it to decide whether
// the image is up to date, and Build and Pull to decide whether lcitool may
// remove the image.
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

// originOf returns the origin of an image. It is the zero value if this user's
// lcitool did not build the image.
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

// madeImage reports whether this user's lcitool has built or pulled an image.
// Any other image may be the user's only copy and is kept when it loses its
// name.
func (e *Engine) madeImage(id string) bool {
	if id == "" {
		return false
	}
	r, err := e.records.Get(records.Image, id)
	return err == nil && r.ID == id
}

func (e *Engine) forgetImage(id string) {
	if _, err := e.records.Get(records.Image, id); err == nil {
		e.forget(records.Record{Kind: records.Image, Name: id})
	}
}
