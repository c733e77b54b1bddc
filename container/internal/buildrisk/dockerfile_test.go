// SPDX-License-Identifier: GPL-2.0-or-later

package buildrisk

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// debian12 has none of the fixes, fixed has all.
const (
	debian12 = "1.28.2"
	fixed    = "1.43.2"
)

func parse(t *testing.T, text string, args map[string]string) *File {
	t.Helper()
	f, err := Parse([]byte(text), args, nil)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return f
}

// TestRefused has what is refused with every builder. want is a part of the only problem, ""
// for none.
func TestRefused(t *testing.T) {
	const base = "FROM debian:12\n"
	tests := []struct{ name, text, want string }{
		{"plain", base + "RUN true\nLABEL maintainer=x org.lcitool.x=1", ""},
		{"stage like a transport, other case", "FROM a AS DIR:/x\nFROM b\nCOPY --from=dir:/x /a /b", `image "dir:/x"`},
		{"stage like a transport, itself", "FROM a AS dir:/x\nCOPY --from=dir:/x /a /b", `image "dir:/x"`},
		{"stage like a transport, twice", "FROM a AS oci:/x\nFROM b AS oci:/x\nRUN --mount=type=cache,from=oci:/x,target=/a true", `image "oci:/x"`},
		{"stages", "FROM a AS dir\nFROM b AS Oci\nFROM c\nCOPY --from=dir /a /b\nCOPY --from=oci /a /b\nCOPY --from=0 /a /b", ""},
		{"label", base + "LABEL lcitool.rest=x", `2: LABEL: label "lcitool.rest"`},
		{"label among others", base + "LABEL a=b lcitool.rest=x c=d", `2: LABEL: label "lcitool.rest"`},
		{"two labels quoted", base + `LABEL "a"="b" "lcitool.packages"="x y"`, "lcitool.packages"},
		{"single quotes", base + `LABEL 'lcitool.rest'='x'`, "lcitool.rest"},
		{"quotes inside", base + `LABEL lci"too"l.rest=x`, "lcitool.rest"},
		{"old form", base + "LABEL lcitool.rest some text", "lcitool.rest"},
		{"continued", base + "LABEL a=b \\\n  # comment\n\n  lcitool.rest=x", "lcitool.rest"},
		{"continued inside a word", base + "LABEL lcito\\\nol.rest=x", "lcitool.rest"},
		{"escaped", base + `LABEL lcitool\.rest=x`, "lcitool.rest"},
		{"lower case instruction", base + "label lcitool.rest=x", "LABEL"},
		{"mixed case name", base + "LABEL LCItool.Rest=x", "LCItool.Rest"},
		{"onbuild", base + "ONBUILD LABEL lcitool.rest=x", "lcitool.rest"},
		{"onbuild lower", base + "onbuild   label lcitool.rest=x", "lcitool.rest"},
		{"arg", base + "ARG N=lcitool\nLABEL $N.rest=x", "3: LABEL"},
		{"arg in parts", base + "ARG A=lci\nARG B=tool\nLABEL ${A}${B}.rest=x", "lcitool.rest"},
		{"arg of the head", "ARG N=lcitool\n" + base + "ARG N\nLABEL \"$N.rest\"=x", "lcitool.rest"},
		{"env", base + "ENV N lcitool\nLABEL ${N}.rest=x", "lcitool.rest"},
		{"env of an earlier stage", "FROM debian:12 AS a\nENV N=lcitool\nFROM a\nLABEL $N.rest=x", "lcitool.rest"},
		{"env over arg", base + "ENV N=lcitool\nARG N=other\nLABEL $N.rest=x", "lcitool.rest"},
		{"default", base + "LABEL ${N:-lcitool}.rest=x", "cannot tell"},
		{"alternative", base + "ARG N=1\nLABEL ${N:+lcitool}.rest=x", "lcitool.rest"},
		{"variable that nobody knows", base + "LABEL $N.rest=x", "cannot tell"},
		{"unset between", base + "LABEL lci${NONE}tool.rest=x", "cannot tell"},
		{"variable of another name", base + "ARG N=org.example\nLABEL $N.version=1", ""},
		{"variable in the value", base + "ARG V=lcitool.rest\nLABEL version=$V", ""},
		{"argument given", base + "ARG GIVEN=x\nLABEL $GIVEN.rest=x", "lcitool.rest"},
		{"escape directive", "# escape=`\nFROM debian:12\nLABEL a=b `\n lcitool.rest=x", "lcitool.rest"},
		{"syntax directive", "# syntax=docker/dockerfile:1\nFROM debian:12\nLABEL lcitool.rest=x", "lcitool.rest"},
		{"carriage returns", "FROM debian:12\r\nLABEL lcitool.rest=x\r\n", "lcitool.rest"},
		{"byte order mark", "\ufeffFROM debian:12\nLABEL lcitool.rest=x", "lcitool.rest"},
		{"earlier stage", "FROM debian:12 AS a\nLABEL lcitool.rest=x\nFROM debian:12", "lcitool.rest"},
		{"in a comment", base + "# LABEL lcitool.rest=x", ""},
		{"in a command", base + "RUN echo LABEL lcitool.rest=x", ""},
		{"here-document for old builders", base + "RUN cat <<X\nLABEL lcitool.rest=x\nX", "3: LABEL"},
		{"after a here-document", base + "RUN <<EOF\ntrue\nEOF\nLABEL lcitool.rest=x", "5: LABEL"},
		{"here-document that is a shell's", base + "RUN cat <<EOF >x && true", ""}, // without an end
		{"after one without an end", base + "RUN cat <<EOF >x && true\nLABEL lcitool.rest=x", "3: LABEL"},

		{"registry with a port", "FROM localhost:5000/x/y:1", ""},
		{"image called docker", "FROM docker:24-dind", ""},
		{"docker transport", "FROM docker://debian:12", ""},
		{"digest", "FROM debian@sha256:aaaa", ""},
		{"scratch", "FROM scratch", ""},
		{"archive", "FROM docker-archive:/etc/x.tar", "docker-archive"},
		{"daemon", "FROM docker-daemon:x:1", "docker-daemon"},
		{"directory", "FROM dir:/etc", "dir:/etc"},
		{"oci", "FROM oci:/x", "oci:"},
		{"oci archive", "FROM oci-archive:/x:y", "oci-archive"},
		{"store", "FROM containers-storage:[overlay@/x]y", "containers-storage"},
		{"sif", "FROM sif:/x", "sif:"},
		{"upper case", "FROM DIR:/etc", "DIR:"},
		{"quoted", `FROM "dir:/etc"`, "dir:/etc"},
		{"path", "FROM /etc/x", "/etc/x"},
		{"platform", "FROM --platform=linux/amd64 dir:/etc AS x", "dir:/etc"},
		{"earlier stage's base", "FROM dir:/etc AS x\nFROM debian:12", "1: FROM"},
		{"transport in an arg", "ARG B=dir:/etc\nFROM $B", "dir:/etc"},
		{"transport in parts", "ARG A=docker-\nARG B=archive:/x\nFROM ${A}${B}", "docker-archive:/x"},
		{"transport as a default", "FROM ${B:-dir:/etc}", "dir:/etc"},
		{"transport given", "ARG TRANSPORT\nFROM $TRANSPORT", "dir:/given"},
		{"default base", "FROM ${B:-debian:12}", ""},
		{"base with a modifier that only some builders know", "FROM ${B//x/dir:}", "cannot tell"},
		{"arg of a stage is not seen", "FROM debian:12\nARG B=dir:/x\nFROM debian:$B", ""},
		{"platform variable", "FROM debian-$TARGETARCH:12", ""},
		{"copy from a stage", "FROM debian:12 AS a\nFROM debian:12\nCOPY --from=a /x /y", ""},
		{"copy from a number", base + "COPY --from=0 /x /y", ""},
		{"copy from an image", base + "COPY --from=alpine:3 /x /y", ""},
		{"copy from an archive", base + "COPY --from=docker-archive:/x /x /y", "docker-archive"},
		{"copy from a variable", base + "ARG F=oci:/x\nCOPY --from=$F /x /y", "oci:/x"},
		{"copy from what nobody knows", base + "COPY --from=$F /x /y", "cannot tell"},
		{"copy on build", base + "ONBUILD COPY --from=dir:/x / /", "dir:/x"},
		{"mount from an archive", base + "RUN --mount=type=bind,from=dir:/x,target=/y true", "dir:/x"},

		{"working directory", base + "WORKDIR /proc/self/fd/8", "CVE-2024-21626"},
		{"working directory in steps", base + "WORKDIR /proc\nWORKDIR self/fd/8", "2: WORKDIR"},
		{"working directory in a variable", base + "ENV D=/proc/self/fd/8\nWORKDIR $D", "CVE-2024-21626"},
		{"other working directory", base + "WORKDIR /process\nWORKDIR ..\nWORKDIR srv", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := parse(t, test.text, map[string]string{"GIVEN": "lcitool", "TRANSPORT": "dir:/given"})
			got := fmt.Sprint(f.Refused())
			if test.want == "" && len(f.Refused()) > 0 || !strings.Contains(got, test.want) {
				t.Errorf("refused %s, want %q", got, test.want)
			}
		})
	}
}

// TestUnsafe has what is refused with some builders. want is a part of the problem with a
// builder without fixes, "" for none.
func TestUnsafe(t *testing.T) {
	const base = "FROM debian:12 AS link\nFROM debian:12\n"
	tests := []struct {
		name, text, want string
		always           bool // with any builder
	}{
		{"no flag", base + "RUN true --mount=type=bind", "", false},
		{"bind", base + "RUN --mount=type=bind,from=link,source=/h,target=/m,rw id", "CVE-2024-1753", false},
		{"default type", base + "RUN --mount=from=link,source=/h,target=/m id", "CVE-2024-1753", false},
		{"tmpfs", base + "RUN --mount=type=tmpfs,target=/m id", "CVE-2024-1753", false},
		{"secret", base + "RUN --mount=type=secret,id=x id", "CVE-2024-1753", false},
		{"lower case", base + "run --mount=type=bind,target=/m id", "CVE-2024-1753", false},
		{"quoted", base + `RUN --mount="type=bind,target=/m" id`, "CVE-2024-1753", false},
		{"escaped", base + `RUN --mount=type=\bind,target=/m id`, "CVE-2024-1753", false},
		{"continued", base + "RUN \\\n --mount=type=bind,target=/m \\\n id", "CVE-2024-1753", false},
		{"second one", base + "RUN --mount=type=cache,target=/var/cache/apt --mount=type=bind,target=/m id", "CVE-2024-1753", false},
		{"two types", base + "RUN --mount=type=cache,target=/m,type=bind id", "CVE-2024-1753", false},
		{"type in a variable", base + "ARG T=bind\nRUN --mount=type=$T,target=/m id", "CVE-2024-1753", false},
		{"mount in a variable", base + "ARG M=type=cache,target=/m\nRUN --mount=$M id", "", false},
		{"mount that nobody knows", base + "RUN --mount=$M id", "CVE-2024-1753", false},
		{"on build", base + "ONBUILD RUN --mount=type=bind,target=/m id", "CVE-2024-1753", false},
		{"json", base + `RUN --mount=type=bind,target=/m ["id"]`, "CVE-2024-1753", false},
		{"here-document", base + "RUN --mount=type=bind,target=/m <<EOF\nid\nEOF", "CVE-2024-1753", false},
		{"here-document for old builders", base + "RUN cat <<X\nRUN --mount=type=bind,target=/m id\nX", "4: RUN", false},
		{"here-document of a continued line", base + "RUN true <\\\n<'USER 0'\nRUN --mount=type=bind,target=/m id\nUSER 0", "5: RUN", false},
		{"here-document after a blank", base + "RUN cat << 'A \\'\nA \\\nRUN --mount=type=bind,target=/m id", "5: RUN", false},
		{"here-document after an expansion that only later builders know", base + "RUN echo ${!x} <<'A\\'\nA\\\nRUN --mount=type=bind,target=/m id", "5: RUN", false},
		{"here-document named by such an expansion", base + "RUN cat <<\"${x:#a}\\\"\n${x:#a}\\\nRUN --mount=type=bind,target=/m id", "5: RUN", false},
		{"here-document named by such an expansion, with tabs", base + "RUN cat <<-\"${x:#a}\\\"\n\t${x:#a}\\\nRUN --mount=type=bind,target=/m id", "5: RUN", false},
		{"here-document of two words after such an expansion", base + "RUN echo ${!x} <<'A \\'\nA \\\nRUN --mount=type=bind,target=/m id", "5: RUN", false},
		{"shift", base + "RUN echo $((1 << 2)) $((1 <<- x))\nRUN id", "", false},
		{"variable that grows", base + "ENV A=aaaa\n" + strings.Repeat("ENV A=$A$A\n", 60) + "RUN --mount=$A id", "CVE-2024-1753", false},
		{"cache", base + "RUN --mount=type=cache,target=/var/cache/apt,sharing=locked id", "", false},
		{"cache with a name", base + "RUN --mount=type=cache,id=apt,target=/var/cache/apt id", "", false},
		{"two caches", base + "RUN --mount=type=cache,target=/var/cache/apt --mount=type=cache,target=/var/lib/apt id", "", false},
		{"same cache twice", base + "RUN --mount=type=cache,target=/a id\nRUN --mount=type=cache,target=/a id", "", false},
		{"cache from a stage", base + "RUN --mount=type=cache,from=link,source=/h,target=/m id", "CVE-2024-1753", false},
		{"cache with propagation", base + "RUN --mount=type=cache,target=/m,bind-propagation=rw id", "CVE-2024-1753", false},
		{"cache that leaves", base + "RUN --mount=type=cache,id=../../etc,target=/m id", "CVE-2024-9675", false},
		{"cache that is all", base + "RUN --mount=type=cache,target=/ id", "CVE-2024-9675", false},
		{"cache that leaves by its target", base + "RUN --mount=type=cache,target=/m/../../x id", "CVE-2024-1753", false},
		{"cache in a cache", base + "RUN --mount=type=cache,id=var,target=/c ln -s / /c/x\nRUN --mount=type=cache,target=/var/x id", "CVE-2024-9675", false},
		{"host's network", base + "RUN --network=host id", "--network=host", true},
		{"no network", base + "RUN --network=none id", "", false},
		{"no sandbox", base + "RUN --security=insecure id", "--security=insecure", true},
		{"git repository", base + "ADD https://example.org/x.git#main:sub /x", "CVE-2026-44517", false},
		{"git address", base + "ADD git@example.org:x /x", "CVE-2026-44517", false},
		{"file of the web", base + "ADD https://example.org/x.tar /x", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := parse(t, test.text, nil)
			for _, version := range []string{debian12, "", "unknown", "1.33.6"} {
				got := fmt.Sprint(f.Unsafe(version))
				if test.want == "" && f.Risky() || !strings.Contains(got, test.want) {
					t.Errorf("buildah %q: %s, want %q", version, got, test.want)
				}
			}
			if got := f.Unsafe(fixed); (len(got) > 0) != test.always {
				t.Errorf("buildah %s: %s", fixed, got)
			}
		})
	}
}

func TestFixes(t *testing.T) {
	tests := []struct {
		buildah string
		known   []string
	}{
		{"", []string{"CVE-2024-11218", "CVE-2024-1753", "CVE-2024-9407", "CVE-2024-9675", "CVE-2026-44517"}},
		{"1.28.2", []string{"CVE-2024-11218", "CVE-2024-1753", "CVE-2024-9407", "CVE-2024-9675", "CVE-2026-44517"}},
		{"1.33.6", []string{"CVE-2024-11218", "CVE-2024-1753", "CVE-2024-9407", "CVE-2024-9675", "CVE-2026-44517"}},
		{"1.33.7", []string{"CVE-2024-11218", "CVE-2024-9407", "CVE-2024-9675", "CVE-2026-44517"}},
		{"1.33.12", []string{"CVE-2026-44517"}},
		{"1.34.9", []string{"CVE-2024-11218", "CVE-2024-1753", "CVE-2024-9407", "CVE-2024-9675", "CVE-2026-44517"}},
		{"1.35.1-dev", []string{"CVE-2024-11218", "CVE-2024-1753", "CVE-2024-9407", "CVE-2024-9675", "CVE-2026-44517"}},
		{"1.35.1", []string{"CVE-2024-11218", "CVE-2024-9407", "CVE-2024-9675", "CVE-2026-44517"}},
		{"1.37.4", []string{"CVE-2024-11218", "CVE-2024-9675", "CVE-2026-44517"}},
		{"1.38.0", []string{"CVE-2024-11218", "CVE-2026-44517"}},
		{"1.39.3", []string{"CVE-2026-44517"}},
		{"v1.43.2", nil},
		{"1.44.0", nil},
		{"2.0.0", nil},
	}
	for _, test := range tests {
		if got := Known(test.buildah); !slices.Equal(got, test.known) {
			t.Errorf("%q: %v, want %v", test.buildah, got, test.known)
		}
	}
}

func TestUnreadable(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "FROM x\nLABEL a=b c", strings.Repeat("#\n", maxSize), "FROM x\nRUN <<X " + strings.Repeat("x", maxWord) + "\nX",
		"FROM x\nRUN <<${x:#a b}\\ x\n${x:#a b}\\\nRUN --mount=type=bind,target=/m id",
		"FROM x\nRUN ${!x} <<${!x b}\\ x\n${!x b}\\\nRUN --mount=type=bind,target=/m id"} {
		if f, err := Parse([]byte(text), nil, nil); err == nil {
			t.Errorf("%.20q: %+v", text, f)
		}
	}
}

// TestBases has instructions of base images. want is a part of the only problem with a
// builder without fixes, "" for none.
func TestBases(t *testing.T) {
	bases := map[string]Base{
		"plain":  {Env: []string{"PATH=/bin"}, WorkDir: "/srv"},
		"env":    {Env: []string{"T=bind", "N=lcitool", "D=/proc/self/fd/8", "F=dir:/etc"}},
		"mount":  {OnBuild: []string{"ENV X=1", "RUN --mount=type=bind,target=/m id"}},
		"old":    {OnBuild: []string{"RUN cat <<X\nRUN --mount=type=bind,target=/m id\nX"}},
		"label":  {OnBuild: []string{"LABEL lcitool.rest=x"}},
		"copy":   {OnBuild: []string{"COPY --from=dir:/etc / /etc"}},
		"from":   {OnBuild: []string{"FROM other"}},
		"broken": {OnBuild: []string{"LABEL a=b c"}},
		"set":    {OnBuild: []string{"ENV T=bind"}},
		"cache":  {OnBuild: []string{"RUN --mount=type=cache,id=var,target=/c ln -s / /c/x"}},
		"caches": {OnBuild: []string{"RUN --mount=type=cache,id=var,target=/c true", "RUN --mount=type=cache,target=/var/x id"}},
		"proc":   {WorkDir: "/proc/self/fd/8"},
		"joined": {OnBuild: OneFile([]string{"RUN true \\", "&& true", "RUN \\", "--mount=type=bind,target=/m id"})},
		"doc":    {OnBuild: OneFile([]string{"RUN cat <<X", "LABEL a", "X", "LABEL lcitool.rest=x"})},
	}
	const cache = "\nARG T=cache\nRUN --mount=type=$T,target=/m id"
	tests := []struct{ name, text, want string }{
		{"nothing", "FROM plain" + cache, ""},
		{"not known", "FROM unknown" + cache, ""},
		{"variable over an argument", "FROM env" + cache, "3: RUN: --mount=type=bind,target=/m"},
		{"variable in a label", "FROM env\nARG N=org\nLABEL $N.rest=x", `label "lcitool.rest"`},
		{"variable in a source", "FROM env\nARG F=debian\nCOPY --from=$F /a /b", `image "dir:/etc"`},
		{"variable in a directory", "FROM env\nWORKDIR $D", "CVE-2024-21626"},
		{"set in the Dockerfile", "FROM env\nENV T=cache\nRUN --mount=type=$T,target=/m id", ""},
		{"through a stage", "FROM env AS a\nFROM a" + cache, "bind"},
		{"base of another stage", "FROM env\nRUN true\nFROM plain" + cache, ""},
		{"through an argument", "ARG B=env\nFROM $B" + cache, "bind"},
		{"stage of the same name", "FROM plain AS env\nFROM env" + cache, ""},
		{"stage in another case", "FROM plain AS Env\nFROM env" + cache, "bind"},
		{"instruction", "FROM plain\nFROM mount", "2: RUN: --mount=type=bind"},
		{"instruction for old builders", "FROM old", "1: RUN"},
		{"instruction with a label", "FROM label", "1: LABEL"},
		{"instruction that copies", "FROM copy", `image "dir:/etc"`},
		{"stage inside", "FROM from", "has a FROM"},
		{"unreadable", "FROM broken", `cannot read the base image's ONBUILD "LABEL a=b c"`},
		{"variable of an instruction", "FROM set" + cache, "3: RUN"},
		{"cache of an instruction", "FROM cache\nRUN --mount=type=cache,target=/var/x id", "CVE-2024-9675"},
		{"caches of instructions", "FROM caches", "CVE-2024-9675"},
		{"instruction over two texts", "FROM joined", "1: RUN: --mount=type=bind"},
		{"here-document over three texts", "FROM doc", "1: LABEL"},
		{"working directory", "FROM proc\nRUN id", "1: FROM: /proc/self/fd/8"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := Parse([]byte(test.text), nil, bases)
			if err != nil {
				t.Fatal(err)
			}
			got := slices.Concat(f.Refused(), f.Unsafe(debian12))
			if text := fmt.Sprint(got); test.want == "" && len(got) > 0 || !strings.Contains(text, test.want) {
				t.Errorf("got %s, want %q", text, test.want)
			}
		})
	}
}

func TestFroms(t *testing.T) {
	text := "ARG V=12\nFROM debian:$V AS a\nFROM scratch\nFROM a\nFROM A\nFROM --platform=linux/arm64 debian:12\nFROM debian:12\nCOPY --from=other / /"
	want := []From{{"debian:12", "", 2}, {"A", "", 5}, {"debian:12", "linux/arm64", 6}, {"debian:12", "", 7}}
	if got := parse(t, text, nil).Froms(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// FuzzParse looks for a Dockerfile in which a label of ours or a mount is missed.
func FuzzParse(f *testing.F) {
	f.Add("RUN true")
	f.Add("RUN <<EOF\nx\nEOF")
	f.Add("ENV A=b c=d")
	f.Add("ARG x\nLABEL $x=1")
	f.Fuzz(func(t *testing.T, middle string) {
		if strings.Contains(middle, "<<") || strings.HasSuffix(strings.TrimRight(middle, " \t\r"), `\`) {
			return // may swallow what comes after it
		}
		text := "FROM a\n" + middle + "\nLABEL lcitool.rest=x\nRUN --mount=type=bind,target=/m id\n"
		file, err := Parse([]byte(text), nil, nil)
		if err != nil {
			return
		}
		if len(file.Refused()) == 0 || len(file.Unsafe(debian12)) == 0 {
			t.Errorf("%q: refused %v, unsafe %v", text, file.Refused(), file.Unsafe(debian12))
		}
	})
}
