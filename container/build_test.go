// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/explain"
)

func TestBuildLogFollowsSteps(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	for _, c := range []struct {
		name, in, id string
		step, steps  int
	}{
		{"nothing", "", "", 0, 0},
		{"whole", "STEP 1/2: FROM x\nSTEP 2/2: RUN y\noutput\nCOMMIT z\n" + id + "\n", id, 2, 2},
		{"no newline at the end", "STEP 1/1: FROM x\n" + id, id, 1, 1},
		{"stages", "[1/2] STEP 3/6: RUN x\n", "", 3, 6},
		{"cached", "STEP 1/1: FROM x\n--> Using cache " + id + "\n--> " + id[:11] + "\n", "", 1, 1},
		{"short id", id[:12] + "\n", "", 0, 0},
		{"id among words", "sha256 " + id + "\n", "", 0, 0},
		{"upper case", strings.ToUpper(id) + "\n", "", 0, 0},
		{"not a step", "echo STEP 9/9: RUN x\nSTEP x/y: RUN\n", "", 0, 0},
		{"number too large", "STEP 99999999999999999999/1: RUN x\n", "", 0, 0},
		{"long line", strings.Repeat("x", 100_000) + "\nSTEP 1/3: FROM x\n", "", 1, 3},
		{"carriage return", "STEP 2/3: RUN x\r\n", "", 2, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1, 7, 1 << 20} {
				var out bytes.Buffer
				log := newBuildLog(&out)
				for rest := c.in; rest != ""; {
					n := min(size, len(rest))
					if wrote, err := log.Write([]byte(rest[:n])); wrote != n || err != nil {
						t.Fatal(wrote, err)
					}
					rest = rest[n:]
				}
				log.flush()
				if log.id != c.id || log.step != c.step || log.steps != c.steps || out.String() != c.in {
					t.Errorf("in pieces of %d: id %q, step %d of %d, %d bytes passed on", size, log.id, log.step, log.steps, out.Len())
				}
			}
		})
	}
}

func TestBuildErrorSaysOneLine(t *testing.T) {
	log := &buildLog{step: 4, steps: 7, instruction: "RUN make"}
	o := api.BuildOptions{Tag: "lcitool.debian-13", Dockerfile: []byte("FROM debian:13\n")}
	for _, c := range []struct{ text, want string }{
		{`building at STEP "RUN make": while running runtime: exit status 100`, "cannot build image lcitool.debian-13: step 4 of 7: command exited with status 100"},
		{`error building at STEP "RUN echo ': exit status 7'": while running runtime: exit status 9`, "cannot build image lcitool.debian-13: step 4 of 7: command exited with status 9"},
		{"Build error: Unknown instruction: \"RUNN\" &{dump\nof a struct}", `cannot build image lcitool.debian-13: step 4 of 7: Build error: Unknown instruction: "RUNN" &{dump`},
		{"initializing source docker://x: pinging container registry: no such host", "cannot build image lcitool.debian-13: base image debian:13 is not here and cannot be pulled: pinging container registry: no such host"},
		{"committing container for step: no space left on device", "cannot build image lcitool.debian-13: step 4 of 7: committing container for step: no space left on device"},
	} {
		err := buildError(o, log, errors.New(c.text))
		if err.Error() != c.want {
			t.Errorf("got  %s\nwant %s", err, c.want)
		}
		b, ok := errors.AsType[*api.BuildError](err)
		if !ok || b.Text != c.text {
			t.Errorf("the text is not whole: %+v", b)
		}
	}
	if api.Hint(buildError(o, log, errors.New("x: no space left on device"))) != explain.HintDisk {
		t.Error("no hint")
	}
}

func TestPrepareAppendsOneLabelLine(t *testing.T) {
	o := api.BuildOptions{Tag: "t", Dockerfile: []byte("FROM x\nRUN y\n\n"), Labels: map[string]string{"a": `q"$HOME\`}}
	text, digest, err := prepare(o, "T")
	want := "FROM x\nRUN y\nLABEL a=\"q\\\"\\$HOME\\\\\" lcitool.build=\"T\" lcitool.digest=\"" + digest + "\"\n"
	if err != nil || string(text) != want {
		t.Errorf("got\n%s%v\nwant\n%s", text, err, want)
	}
	for _, label := range []string{labelRun, labelPID, labelStart, labelBoot, labelPIDs, labelMachine} {
		if strings.Contains(string(text), label) {
			t.Errorf("the image says whose it is: %s", label)
		}
	}
	if o.Labels["lcitool.build"] != "" {
		t.Error("the caller's labels were changed")
	}
}

func TestPrepareRefuses(t *testing.T) {
	good := []byte("FROM x\n")
	for want, o := range map[string]api.BuildOptions{
		`"" is not a tag`:             {Dockerfile: good},
		`"a b" is not a tag`:          {Tag: "a b", Dockerfile: good},
		`"a@sha256:0" is not a tag`:   {Tag: "a@sha256:0", Dockerfile: good},
		"has no FROM line":            {Tag: "t", Dockerfile: []byte("RUN x\n# FROM y\n")},
		`"a b" cannot be a label`:     {Tag: "t", Dockerfile: good, Labels: map[string]string{"a b": ""}},
		`"" cannot be a label`:        {Tag: "t", Dockerfile: good, Labels: map[string]string{"": ""}},
		"label a: control character":  {Tag: "t", Dockerfile: good, Labels: map[string]string{"a": "x\nRUN evil"}},
		"label b: control character ": {Tag: "t", Dockerfile: good, Labels: map[string]string{"b": "\x00"}},
	} {
		if _, _, err := prepare(o, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestDigestDiffersWithItsInputs(t *testing.T) {
	o := api.BuildOptions{Tag: "t", Dockerfile: []byte("FROM x\n")}
	same := o
	same.Tag, same.Force, same.Pull, same.Network = "u", true, api.PullAlways, api.NetworkHost
	if inputDigest(o) != inputDigest(same) {
		t.Error("tag, force, pull policy or network changed the digest")
	}
	seen := map[string]string{inputDigest(o): "plain"}
	for name, change := range map[string]func(*api.BuildOptions){
		"text":          func(o *api.BuildOptions) { o.Dockerfile = []byte("FROM y\n") },
		"label":         func(o *api.BuildOptions) { o.Labels = map[string]string{"a": "b"} },
		"another label": func(o *api.BuildOptions) { o.Labels = map[string]string{"a": "b", "c": "d"} },
		"arg":           func(o *api.BuildOptions) { o.Args = map[string]string{"a": "b"} },
		"odd arg":       func(o *api.BuildOptions) { o.Args = map[string]string{"a": "b\"\nc=\"d"} },
	} {
		changed := o
		change(&changed)
		if before, there := seen[inputDigest(changed)]; there {
			t.Errorf("%s has the digest of %s", name, before)
		}
		seen[inputDigest(changed)] = name
	}
}

func TestBase(t *testing.T) {
	for text, want := range map[string]string{
		"FROM docker.io/library/debian:12-slim\n":        "docker.io/library/debian:12-slim",
		"from x as y\nRUN z\n":                           "x",
		"FROM a AS b\nFROM --platform=linux/arm64 c:1\n": "c:1",
		"# FROM no\nRUN x":                               "",
		"":                                               "",
		"FROM":                                           "",
	} {
		if got := baseImage(api.BuildOptions{Dockerfile: []byte(text)}); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// FuzzLabelLine: the line stays one line and its quotes are closed.
func FuzzLabelLine(f *testing.F) {
	for _, seed := range []string{"", "plain", `"`, `\`, `\"`, "$HOME", "a\nb", "é", "'"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		line, err := labelLine(map[string]string{"a": value})
		if err != nil {
			return
		}
		body, begins := strings.CutPrefix(line, `LABEL a="`)
		body, ends := strings.CutSuffix(body, "\"\n")
		if !begins || !ends {
			t.Fatalf("%q", line)
		}
		var back strings.Builder
		for i := 0; i < len(body); i++ {
			switch body[i] {
			case '\\':
				i++
				if i == len(body) {
					t.Fatalf("%q ends inside an escape", line)
				}
			case '"', '$', '\n':
				t.Fatalf("%q has a bare %q", line, body[i])
			}
			back.WriteByte(body[i])
		}
		if back.String() != value {
			t.Fatalf("%q came back as %q", value, back.String())
		}
	})
}
