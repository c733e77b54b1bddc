// SPDX-License-Identifier: GPL-2.0-or-later

package workspace

import (
	"context"
	"errors"
	"runtime"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/targets"
)

// Arches are the architectures of a target.
type Arches struct {
	Host  string // "" for this machine's
	Cross string // "" for none
}

// Portable returns the flags that select the same architectures on any machine.
// It includes this machine's architecture unless it is x86_64, because packages
// depend on it.
func (a Arches) Portable() []string {
	host := a.Host
	if arch, err := HostArch(""); host == "" && err == nil && arch != "x86_64" {
		host = string(arch)
	}
	var args []string
	if host != "" {
		args = append(args, "--host-arch", host)
	}
	if a.Cross != "" {
		args = append(args, "--cross-arch", a.Cross)
	}
	return args
}

// AnyTarget accepts all targets, for outputs that are possible for all.
func AnyTarget(targets.Target) error { return nil }

// ResolvePattern is Resolve for the projects that a pattern list selects.
func (w *Workspace) ResolvePattern(ctx context.Context, arches Arches, target, pattern string, check func(targets.Target) error) (targets.Target, *targets.Packages, error) {
	list, err := w.Patterns(pattern)
	if err != nil {
		return targets.Target{}, nil, err
	}
	return w.Resolve(ctx, arches, target, list, check)
}

// Resolve returns the target and the packages that a list of projects and
// references needs on it. check reports whether the output is possible for the
// target; it is called before packages are resolved.
func (w *Workspace) Resolve(ctx context.Context, arches Arches, target string, list []string, check func(targets.Target) error) (targets.Target, *targets.Packages, error) {
	var none targets.Target
	t, err := w.Target(target, arches)
	var cross *targets.CrossError
	if err != nil && !errors.As(err, &cross) {
		return none, nil, err
	}
	if err := check(t); err != nil {
		return none, nil, err
	}
	if cross != nil {
		return none, nil, cross
	}
	set, names, err := w.Projects(ctx, list)
	if err != nil {
		return none, nil, err
	}
	packages, err := targets.Select(set, t, names)
	if err != nil {
		return none, nil, err
	}
	for _, mapping := range packages.Dropped {
		w.o.Log.Debug("no package", "mapping", mapping, "target", t.Name)
	}
	for _, p := range packages.Unavailable {
		w.o.Warnings.Add(diag.Errorf(p.Pos, "mapping %q: %s has no package %s for %s machines", p.Mapping, t.Name, p.Name, t.Host))
	}
	return t, packages, nil
}

// Target returns a target for the architectures. With a *targets.CrossError, the
// target is valid as well.
func (w *Workspace) Target(name string, arches Arches) (targets.Target, error) {
	catalogue, err := w.Catalogue()
	if err != nil {
		return targets.Target{}, err
	}
	release, err := catalogue.Release(name)
	if err != nil {
		return targets.Target{}, err
	}
	arch, err := HostArch(arches.Host)
	if err != nil {
		return targets.Target{}, err
	}
	return release.For(arch, targets.Arch(arches.Cross))
}

// HostArch returns the architecture called name, or that of this machine.
func HostArch(name string) (targets.Arch, error) {
	if name != "" {
		return targets.ParseArch(name)
	}
	return targets.ParseArch(kernelArch(runtime.GOARCH))
}

// kernelArch returns the kernel's name of a GOARCH, or "".
func kernelArch(goarch string) string {
	return map[string]string{
		"386": "i686", "amd64": "x86_64", "arm": "armv7l", "arm64": "aarch64", "mips": "mips",
		"mipsle": "mipsel", "mips64le": "mips64el", "ppc64le": "ppc64le", "riscv64": "riscv64", "s390x": "s390x",
	}[goarch]
}

// PackageNames returns the names of all packages of a target, by mapping.
func (w *Workspace) PackageNames(ctx context.Context, target string) (map[string]string, error) {
	_, packages, err := w.ResolvePattern(ctx, Arches{}, target, "all", AnyTarget)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for mapping, p := range packages.Resolved {
		names[mapping] = p.Name
	}
	return names, nil
}
