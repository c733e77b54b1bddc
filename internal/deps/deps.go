//go:build deps

// Package deps holds requirements while the first code is being written.
package deps

import (
	_ "github.com/ProtonMail/go-crypto/openpgp"
	_ "github.com/agnivade/levenshtein"
	_ "github.com/bmatcuk/doublestar/v4"
	_ "github.com/containers/podman/v4/pkg/bindings"
	_ "github.com/containers/podman/v4/pkg/bindings/containers"
	_ "github.com/containers/podman/v4/pkg/bindings/images"
	_ "github.com/containers/podman/v4/pkg/bindings/system"
	_ "github.com/containers/podman/v4/pkg/bindings/volumes"
	_ "github.com/containers/podman/v4/pkg/specgen"
	_ "github.com/digitalocean/go-libvirt"
	_ "github.com/gofrs/flock"
	_ "github.com/google/renameio/v2"
	_ "github.com/klauspost/compress/zstd"
	_ "github.com/pmezard/go-difflib/difflib"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/santhosh-tekuri/jsonschema/v6"
	_ "github.com/spf13/cobra"
	_ "github.com/spf13/cobra/doc"
	_ "github.com/therootcompany/xz"
	_ "github.com/ulikunitz/xz"
	_ "github.com/vbauerster/mpb/v8"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/term"
	_ "gopkg.in/yaml.v3"
	_ "libvirt.org/go/libvirtxml"
	_ "mvdan.cc/sh/v3/syntax"
	_ "pault.ag/go/debian/control"
	_ "pault.ag/go/debian/version"
)
