// SPDX-License-Identifier: GPL-2.0-or-later

package containerjob

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// job returns a job with the variables of a fork's pipeline.
func job(script ...string) *gitlabci.Job {
	var variables []gitlabci.Variable
	for name, value := range map[string]string{
		"CI_PROJECT_DIR": "/builds/fork/p", "CI_REGISTRY_IMAGE": "reg.example/fork/p", "CI_REGISTRY": "reg.example",
		"NAME": "debian-13", "CI_COMMIT_SHA": "c0ffee", "BUILD_ARGS": "--build-arg A=1 --build-arg B=2", "EMPTY": "",
	} {
		variables = append(variables, gitlabci.Variable{Name: name, Value: value})
	}
	return &gitlabci.Job{Name: "image", Script: script, Variables: gitlabci.NewVariableSet(variables...)}
}

func text(b Build) string {
	out := fmt.Sprintf("%s <- %s in %s", strings.Join(b.Tags, " "), strings.Join(b.Dockerfiles, "|"), b.Context)
	for _, name := range slices.Sorted(maps.Keys(b.Args)) {
		out += " " + name + "=" + b.Args[name]
	}
	if b.Stage != "" {
		out += " stage " + b.Stage
	}
	return out
}

func TestOf(t *testing.T) {
	tests := []struct {
		name   string
		script string
		want   string // builds, "; " between them; then "! " and why others are left out
	}{
		{"docker", `docker build -t x .`, "x:latest <- Dockerfile in ."},
		{"lcitool's own", "export TAG=\"$CI_REGISTRY_IMAGE/ci-$NAME:latest\"\ndocker build --tag \"$TAG\" --cache-from \"$TAG\" --file \"ci/containers/$NAME.Dockerfile\" ci/containers\ndocker push \"$TAG\"",
			"reg.example/fork/p/ci-debian-13:latest <- ci/containers/debian-13.Dockerfile in ci/containers"},
		{"default of a variable", `docker build -t x -f "d/${DOCKERFILE:-$NAME}.docker" "."`, "x:latest <- d/debian-13.docker in ."},
		{"arguments in a variable", `docker build -t x $BUILD_ARGS $EMPTY d`, "x:latest <- d/Dockerfile in d A=1 B=2"},
		{"quoted variable is one word", `docker build -t x "$BUILD_ARGS"`, ""},
		{"two tags", `docker build --cache-from a:b --tag $CI_REGISTRY_IMAGE:$CI_COMMIT_SHA --tag $CI_REGISTRY_IMAGE:y dir/sub`,
			"reg.example/fork/p:c0ffee reg.example/fork/p:y <- dir/sub/Dockerfile in dir/sub"},
		{"tagged later", "docker build -t local d\ndocker tag local reg.example/a\ndocker tag reg.example/a reg.example/b:1\ndocker push reg.example/b:1",
			"local:latest reg.example/a:latest reg.example/b:1 <- d/Dockerfile in d"},
		{"pushed under another name", "buildah bud -t a d\nbuildah push a docker://reg.example/c:2", "a:latest reg.example/c:2 <- d/Containerfile|d/Dockerfile in d"},
		{"copied by skopeo", "podman build -t a d && skopeo copy containers-storage:a docker://reg.example/c:2", "a:latest reg.example/c:2 <- d/Containerfile|d/Dockerfile in d"},
		{"podman", `podman --log-level debug build -f sub/D -t x d`, "x:latest <- sub/D|d/sub/D in d"},
		{"podman in the current directory", `podman build -t x`, "x:latest <- Containerfile|Dockerfile in ."},
		{"docker without a context", `docker build -t x`, ""},
		{"buildah", `buildah build-using-dockerfile --layers --format docker -t x -f D .`, "x:latest <- D in ."},
		{"buildx", `docker buildx build --platform linux/amd64 --push -t x .`, "x:latest <- Dockerfile in ."},
		{"image build", `docker image build -qt x --rm --pull .`, "x:latest <- Dockerfile in ."},
		{"value in the same word", `docker build --tag=x --file=D --target=two -m2g .`, "x:latest <- D in . stage two"},
		{"through sudo", `DOCKER_BUILDKIT=1 sudo -E docker build -t x .`, "x:latest <- Dockerfile in ."},
		{"through env and timeout", `env A=b timeout 30m docker build -t x .`, "x:latest <- Dockerfile in ."},
		{"by path", `/usr/bin/docker build -t x .`, "x:latest <- Dockerfile in ."},
		{"kaniko", `/kaniko/executor --context "$CI_PROJECT_DIR/d" --dockerfile "$CI_PROJECT_DIR/d/D" --destination "$CI_REGISTRY_IMAGE/x:1"`, "reg.example/fork/p/x:1 <- d/D in d"},
		{"script around docker", `./tests/docker.py --engine docker build -t "q/$NAME" -f "d/$NAME.docker" -r reg` + "\n" + `docker tag "q/$NAME" "$CI_REGISTRY_IMAGE/$NAME"`,
			"q/debian-13:latest reg.example/fork/p/debian-13:latest <- d/debian-13.docker in ."},
		{"in another directory", "cd ci/images\ndocker build -t x -f D ..", "x:latest <- ci/images/D in ci"},
		{"in a subshell", "(cd a && docker build -t x .)\ndocker build -t y .", "x:latest <- a/Dockerfile in a; y:latest <- Dockerfile in ."},
		{"absolute", `docker build -t x -f "$(pwd)/D" "$PWD/c"`, "x:latest <- D in c"},
		{"loop", `for n in a b; do docker build -t "reg/$n" -f "$n.D" .; done`, "reg/a:latest <- a.D in .; reg/b:latest <- b.D in ."},
		{"names of variables", `unset NAME; NAME_B=1; for n in ${!NAME*} ${!BUILD_A@}; do docker build -t "reg/$n" .; done`, "reg/NAME_B:latest <- Dockerfile in .; reg/BUILD_ARGS:latest <- Dockerfile in ."},
		{"function", "b() {\n docker build -t \"$1\" \"$2\"\n}\nb x d", "x:latest <- d/Dockerfile in d"},
		{"condition that is met", `if [ -n "$NAME" ]; then T=a; else T=b; fi; docker build -t $T .`, "a:latest <- Dockerfile in ."},
		{"condition that is not", `test "$NAME" = other && docker build -t x .`, ""},
		{"double brackets", `if [[ $NAME == debian-* ]]; then docker build -t x .; fi`, "x:latest <- Dockerfile in ."},
		{"case", `case "$NAME" in fedora*) T=f;; debian-*) T=d;; esac; docker build -t $T .`, "d:latest <- Dockerfile in ."},
		{"until docker is there", "until docker info; do sleep 1; done\ndocker pull x || true\ndocker build -t x . || exit 1", "x:latest <- Dockerfile in ."},
		{"sh -c", `sh -c "docker build -t x ."`, "x:latest <- Dockerfile in ."},
		{"echo in a substitution", `T=$(echo $NAME); docker build -t $T .`, "debian-13:latest <- Dockerfile in ."},
		{"items that are one command", "if true\nthen\ndocker build -t x .\nfi", "x:latest <- Dockerfile in ."},
		{"an item that cannot be read", "echo )(\ndocker build -t x .", "x:latest <- Dockerfile in ."},

		{"unknown tag", `docker build -t "x:$(git describe)" .`, "! an image: its name depends on"},
		{"one of two tags", `docker build -t "x:$(git describe)" -t y .`, "y:latest <- Dockerfile in ."},
		{"unknown branch", `if git diff --quiet; then F=a; else F=b; fi; docker build -t x -f $F .`, "! image x: its Dockerfile or context depends on"},
		{"unknown branch, other variable", `if git diff --quiet; then G=a; fi; docker build -t x .`, "x:latest <- Dockerfile in ."},
		{"read", `read T; docker build -t $T .`, "! an image: its name"},
		{"from git", `docker build -t x https://example.org/x.git`, "! image x: its context is not in the tree"},
		{"standard input", `docker build -t x - < D`, "! image x: its Dockerfile or context is the standard input"},
		{"outside", `docker build -t x ../..`, "! image x: its Dockerfile or context is outside the tree"},
		{"absolute outside", `docker build -t x -f /etc/D .`, "! image x: its Dockerfile or context is outside the tree"},
		{"printed", `echo docker build -t x .`, ""},
		{"other commands", "docker run x build -t y .\ndocker-compose build\nmake docker-build", ""},
		{"in quotes", `printf 'docker build -t x .'`, ""},
		{"home", `docker build -t x ~/d`, "! image x: its Dockerfile or context depends"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			builds, unknown := Of(job(strings.Split(test.script, "\n")...))
			var got []string
			for _, b := range builds {
				got = append(got, text(b))
			}
			all := strings.Join(got, "; ")
			if len(unknown) > 0 {
				all = strings.TrimSpace(all + " ! " + strings.Join(unknown, "; "))
			}
			if all != test.want && !(strings.HasPrefix(test.want, "! ") && strings.HasPrefix(all, test.want)) {
				t.Errorf("got  %s\nwant %s", all, test.want)
			}
		})
	}
}

// TestWithoutBuilder: a job without a program that builds images builds none.
func TestWithoutBuilder(t *testing.T) {
	for _, test := range []struct {
		script, tool string
		want         bool
	}{
		{"make build", "", false},
		{"$TOOL build -t x .", "make", false},
		{"$TOOL build -t x .", "/usr/bin/podman", true},
		{"T=buildah; $T bud -t x .", "", true},
		{"nerdctl build -t x .", "", true},
		{"img build -t x .", "", true},
		{"/kaniko/executor --destination x --dockerfile D", "", true},
	} {
		j := job(test.script)
		j.Variables = gitlabci.NewVariableSet(append(slices.Collect(j.Variables.All()), gitlabci.Variable{Name: "TOOL", Value: test.tool},
			gitlabci.Variable{Name: "CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX", Value: "docker.io", From: gitlabci.FromGitLab})...)
		builds, unknown := Of(j)
		if got := len(builds) > 0; got != test.want || len(unknown) > 0 {
			t.Errorf("%q with %q: %v %v", test.script, test.tool, builds, unknown)
		}
		if got := namesBuilder(j.Script, j.Variables); got != test.want {
			t.Errorf("%q with %q: a builder is named: %v", test.script, test.tool, got)
		}
	}
}

// TestBounds has scripts whose evaluation would never end, or use all memory.
func TestBounds(t *testing.T) {
	for _, script := range []string{
		"A=xxxxxxxxxxxxxxxx\n" + strings.Repeat("A=$A$A$A$A\n", 200),
		"f() { f; f; }; f",
		"for a in {1..999999999}; do docker build -t $a .; done",
		strings.Repeat("for a in 1 2 3 4 5 6 7 8 9 0; do ", 20) + "docker build -t x ." + strings.Repeat("; done", 20),
		"while true; do while true; do docker build -t x .; done; done",
		"eval 'eval \"eval $A\"'; f() { eval f; }; f",
		strings.Repeat("x", maxScript) + "y",
		"cat <(docker build -t x .) > >(tee x)",
		"echo ${A[@]} ${#A} $((1/0)) $((2**70)) ${!A} ${A?no} ${A//x/y} $[1+1]",
	} {
		done := make(chan struct{})
		go func() { defer close(done); Of(job(script, ": docker")) }()
		select {
		case <-done:
		case <-time.After(5 * time.Minute):
			t.Fatalf("%.60q does not end", script)
		}
	}
}

func TestIndex(t *testing.T) {
	make := func(name, when, script string) gitlabci.Job {
		j := *job(script)
		j.Name, j.When = name, when
		return j
	}
	e := &gitlabci.Evaluation{Jobs: []gitlabci.Job{
		make("absent", gitlabci.Never, "docker build -t reg/a one"),
		make("present", gitlabci.OnSuccess, "docker build -t reg/a:latest two"),
		make("needed", gitlabci.Never, "docker build -t reg/a three"),
		make("only", gitlabci.Never, "docker build -t reg/b four"),
	}}
	x := NewIndex(e)
	for _, test := range []struct {
		image string
		needs []gitlabci.Need
		want  string
	}{
		{"reg/a", nil, "present two"}, {"reg/a:latest", []gitlabci.Need{{Job: "needed"}}, "needed three"}, {"reg/b", nil, "only four"},
		{"reg/a:other", nil, " "}, {"", nil, " "},
	} {
		by, b, ok := x.For(&gitlabci.Job{Image: &gitlabci.Image{Name: test.image}, Needs: test.needs})
		if got := by + " " + b.Context; got != test.want || ok != (test.want != " ") {
			t.Errorf("%s: %s, want %s", test.image, got, test.want)
		}
	}
	child := NewIndex(&gitlabci.Evaluation{Jobs: []gitlabci.Job{make("own", gitlabci.OnSuccess, "docker build -t reg/b five")}})
	child.Parent = x
	for image, want := range map[string]string{"reg/a": "two", "reg/b": "five"} {
		if _, b, _ := child.For(&gitlabci.Job{Image: &gitlabci.Image{Name: image}}); b.Context != want {
			t.Errorf("%s in a child: %s, want %s", image, b.Context, want)
		}
	}
	if len(child.All()) != 5 {
		t.Errorf("%v", child.All())
	}
	if builds, _ := x.By("only"); len(builds) != 1 {
		t.Errorf("%v", builds)
	}
}

func FuzzOf(f *testing.F) {
	f.Add("docker build -t x .")
	f.Add("for i in $X; do podman build -t ${X:-y} \"$(pwd)\"; done")
	f.Add("case $A in [a-z]*) docker tag a b;; esac; [[ $A =~ x && ! -z $B ]]")
	f.Fuzz(func(_ *testing.T, script string) { Of(job(script)) })
}
