// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import "testing"

func TestRole(t *testing.T) {
	v := func(pairs ...string) []Variable {
		var list []Variable
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, Variable{Name: pairs[i], Value: pairs[i+1]})
		}
		return list
	}
	for _, c := range []struct {
		name      string
		variables []Variable
		want      Role
	}{
		{"x86_64-debian-12", v("NAME", "debian-12", "TARGET_BASE_IMAGE", "debian:12"), Role{Native, "debian-12", "x86_64"}},
		{"x86_64-debian-12-clang", v("NAME", "debian-12", "TARGET_BASE_IMAGE", "debian:12"), Role{Native, "debian-12", "x86_64"}},
		{"x86_64-debian-12-local-env", v("NAME", "debian-12", "IMAGE", "docker.io/library/debian:12-slim"), Role{Native, "debian-12", "x86_64"}},
		{"x86_64-debian-12-prebuilt-env", v("NAME", "debian-12"), Role{Native, "debian-12", "x86_64"}},
		{"x86_64-debian-12-clang-prebuilt-env", v("NAME", "debian-12"), Role{Native, "debian-12", "x86_64"}},
		{"aarch64-debian-12-local-env", v("NAME", "debian-12"), Role{Native, "debian-12", "aarch64"}},
		{"s390x-debian-12-local-env", v("NAME", "debian-12", "CROSS", "s390x"), Role{Cross, "debian-12", "s390x"}},
		{"x86_64-alpine-316", v("NAME", "alpine-316"), Role{Native, "alpine-316", "x86_64"}},
		{"x86_64-debian-12-container", v("NAME", "debian-12"), Role{Container, "debian-12", "x86_64"}},
		{"s390x-debian-12-container", v("NAME", "debian-12-cross-s390x"), Role{Container, "debian-12", "s390x"}},
		{"x86_64-freebsd-14", v("NAME", "freebsd-14", "CIRRUS_VM_INSTANCE_TYPE", "freebsd_instance"), Role{Cirrus, "freebsd-14", "x86_64"}},
		{"check-cargo-fmt", v("NAME", "cargo-fmt"), Role{Kind: Other}},
		{"cargo-fmt", v("NAME", "cargo-fmt"), Role{Kind: Other}},
		{"x86_64-debian-123", v("NAME", "debian-12"), Role{Kind: Other}},
		{"x86_64-debian-12", nil, Role{Kind: Other}},
	} {
		job := Job{Base: c.name, Variables: NewVariableSet(c.variables...)}
		if got := job.Role(); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}
