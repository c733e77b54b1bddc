// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseLine(t *testing.T) {
	for _, test := range []struct {
		line   string
		format Format
		want   entry
	}{
		{"libc6_2.36-9+deb12u10_amd64", Deb, entry{"libc6", "2.36-9+deb12u10", "amd64"}},
		{"git_1:2.39.5-0+deb12u2_amd64", Deb, entry{"git", "1:2.39.5-0+deb12u2", "amd64"}},
		{"g++-12_12.2.0-14_amd64", Deb, entry{"g++-12", "12.2.0-14", "amd64"}},
		{"tzdata_2025b-0+deb12u1_all", Deb, entry{"tzdata", "2025b-0+deb12u1", "all"}},
		{"bash-5.2.37-1.fc44.x86_64", RPM, entry{"bash", "5.2.37-1.fc44", "x86_64"}},
		{"java-21-openjdk-devel-21.0.5.0.11-1.fc42.x86_64", RPM, entry{"java-21-openjdk-devel", "21.0.5.0.11-1.fc42", "x86_64"}},
		{"perl-IO-1.50-500.fc40.noarch", RPM, entry{"perl-IO", "1.50-500.fc40", "noarch"}},
		{"libstdc++-14.2.1-3.fc41~bootstrap.x86_64", RPM, entry{"libstdc++", "14.2.1-3.fc41~bootstrap", "x86_64"}},
		{"gpg-pubkey-a15b79cc-63d04c2c", RPM, entry{"gpg-pubkey", "a15b79cc-63d04c2c", "noarch"}},
		{"musl-1.2.5-r0 x86_64 {musl} (MIT) [installed]", APK, entry{"musl", "1.2.5-r0", "x86_64"}},
		{"py3-setuptools-70.3.0-r0 x86_64 {py3-setuptools} (MIT) [installed]", APK, entry{"py3-setuptools", "70.3.0-r0", "x86_64"}},
		{"so:libc-dev-0.7.2-r5 noarch {libc-dev} (BSD-2-Clause AND BSD-3-Clause) [installed]", APK, entry{"so:libc-dev", "0.7.2-r5", "noarch"}},
		{"", "", entry{}},
		{"libc6", "", entry{}},
		{"WARNING: opening /etc/apk/cache: No such file", "", entry{}},
		{"a_b_c_d", "", entry{}},
		{"-1-2.x", "", entry{}},
	} {
		if format, got := parseLine(test.line); format != test.format || got != test.want {
			t.Errorf("%q: %s %+v, want %s %+v", test.line, format, got, test.format, test.want)
		}
	}
}

func (p *Packages) text() string {
	var out []string
	for _, c := range p.Changed {
		out = append(out, fmt.Sprintf("%s:%s>%s:%d", c.Name, c.Left, c.Right, c.Order))
	}
	for _, c := range p.OnlyLeft {
		out = append(out, "-"+c.Name)
	}
	for _, c := range p.OnlyRight {
		out = append(out, "+"+c.Name)
	}
	return fmt.Sprintf("%s %s %s =%d", p.Left, p.Right, strings.Join(out, " "), p.Same)
}

func TestComparePackages(t *testing.T) {
	for _, test := range []struct {
		name        string
		left, right string
		want        string
	}{
		{"same", "a_1_amd64 b_2_all", "b_2_all a_1_amd64", "deb deb  =2"},
		{"none", "", "", "   =0"},
		{"one side", "a_1_amd64", "", "deb  -a =0"},
		{"newer", "a_1.9-1_amd64", "a_1.10-1_amd64", "deb deb a:1.9-1>1.10-1:-1 =0"},
		{"older", "a_1.0-1_amd64", "a_1.0~rc1-1_amd64", "deb deb a:1.0-1>1.0~rc1-1:1 =0"},
		{"epoch", "a_1:1.0_amd64", "a_9.0_amd64", "deb deb a:1:1.0>9.0:1 =0"},
		{"no version", "a_x_amd64", "a_1_amd64", "deb deb a:x>1:0 =0"},
		{"only one has it", "a_1_amd64 b_1_amd64", "a_1_amd64 c_1_amd64", "deb deb -b +c =1"},
		{"another host", "a_1_amd64", "a_1_arm64", "deb deb  =1"},
		{"cross", "a_1_amd64 b_1_amd64 b_1_s390x", "a_1_amd64 b_1_amd64", "deb deb -b:s390x =2"},
		{"several versions", "kernel-6.1-1.x86_64 kernel-6.2-1.x86_64", "kernel-6.2-1.x86_64", "rpm rpm kernel:6.1-1, 6.2-1>6.2-1:0 =0"},
		{"lines of another kind", "x a_1_amd64 bash-5.2-1.x86_64 b_1_amd64", "a_1_amd64 b_1_amd64", "deb deb  =2"},
	} {
		p := ComparePackages(strings.Fields(test.left), strings.Fields(test.right))
		if got := p.text(); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestComparable does not compare packages of two formats.
func TestComparable(t *testing.T) {
	deb, rpm := []string{"bash_5.2-1_amd64"}, []string{"bash-5.2-1.x86_64"}
	for _, test := range []struct {
		left, right []string
		want        bool
	}{{deb, deb, true}, {rpm, rpm, true}, {deb, rpm, false}, {deb, nil, false}, {nil, nil, false}} {
		if p := ComparePackages(test.left, test.right); p.Comparable() != test.want {
			t.Errorf("%v and %v: comparable %v", test.left, test.right, !test.want)
		}
	}
}

func TestCompareGeneric(t *testing.T) {
	left := []string{"zlib1g-dev_1:1.2.13.dfsg-1_amd64", "gcc_4:12.2.0-3_amd64", "libglib2.0-dev_2.74.6-2+deb12u5_amd64"}
	right := []string{"zlib-devel-1.2.13-5.fc44.x86_64", "gcc-15.1.1-2.fc44.x86_64", "make-4.4-1.fc44.x86_64"}
	p := CompareGeneric(left, right,
		map[string]string{"zlib": "zlib1g-dev", "gcc": "gcc", "glib2": "libglib2.0-dev", "gone": "gone"},
		map[string]string{"zlib": "zlib-devel", "gcc": "gcc", "glib2": "glib2-devel", "make": "make"})
	if got, want := p.text(), "deb rpm gcc:gcc 4:12.2.0-3>gcc 15.1.1-2.fc44:0 =1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	p = CompareGeneric(left, right, nil, nil)
	if got := p.text(); got != "deb rpm  =0" {
		t.Errorf("without names: %q", got)
	}
}

func TestUpstream(t *testing.T) {
	for v, want := range map[string]string{
		"1.2.3": "1.2.3", "1:1.2.3-4": "1.2.3", "1.2.13.dfsg-1": "1.2.13", "1.2+ds1-1": "1.2", "2.74.6-2+deb12u5": "2.74.6",
		"1.2.5-r0": "1.2.5", "5.2.37-1.fc44": "5.2.37", "0.0~git20250101-1": "0.0", "": "", "a:b": "a:b",
	} {
		if got := upstream(v); got != want {
			t.Errorf("%q: %q, want %q", v, got, want)
		}
	}
}

func TestCompareEnvironment(t *testing.T) {
	left := []string{"A=1", "CC=gcc", "ONLY=", "CI_JOB_ID=7", "CI_JOB_IMAGE=a", "API_TOKEN=abc", "SAME_TOKEN=x", "CI_PIPELINE_URL=u"}
	right := []string{"A=1", "CC=clang=2", "CI_JOB_ID=8", "CI_JOB_IMAGE=b", "API_TOKEN=def", "SAME_TOKEN=x", "NEW=n"}
	var got []string
	for _, c := range CompareEnvironment(left, right) {
		got = append(got, c.Name+" "+value(c.Left)+" "+value(c.Right))
	}
	want := `API_TOKEN "[masked]" "[masked]"; CC "gcc" "clang=2"; CI_JOB_IMAGE "a" "b"; NEW - "n"; ONLY "" -`
	if strings.Join(got, "; ") != want {
		t.Errorf("%s, want %s", strings.Join(got, "; "), want)
	}
	if got := CompareEnvironment(nil, nil); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}
