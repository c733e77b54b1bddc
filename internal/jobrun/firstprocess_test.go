// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFirstProcess has the first process of a container run stages, with real shells. In none
// of them, break and continue outside of a loop end a script.
func TestFirstProcess(t *testing.T) {
	type run struct {
		stage, status, want string
		code                int
	}
	stages := map[string][]string{
		"pre_get_sources_script": {"continue", "false"},
		"script":                 {`left=1; echo "$CI_JOB_STATUS"`, "for i in 1 2; do break; done; break", "continue 2", "echo on; echo error >&2", "(exit 3)", "echo never"},
		"after_script":           {`echo "$CI_JOB_STATUS${left-}"`, "break", "set -x; : traced; set +x", "printf '<%s>' a \\"},
	}
	runs := []run{
		{"pre_get_sources_script", "running", "\n$ false\n", 1},
		{"script", "running", "\non\nerror\n$ (exit 3)\n", 3},
		{"after_script", "failed", "\nfailed\n$ break\n", 0},
		{"after_script", "success", "\nsuccess\n$ break\n", 0},
	}
	for _, shell := range scriptShells() {
		state := stateIn(t, "todo", "done")
		localize := func(text string) string { return strings.ReplaceAll(text, stateDir, state) }
		texts := map[string]string{"kill": ""} // killScript would end all processes of this machine
		for name, commands := range stages {
			texts[name] = stage{dir: t.TempDir(), commands: commands, name: name, status: name == "after_script"}.script()
		}
		for name, text := range texts {
			if err := os.WriteFile(filepath.Join(state, name), []byte(localize(text)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var said bytes.Buffer
		first := exec.CommandContext(t.Context(), shell[0], append(shell[1:], "-c", localize(firstProcess()), shell[0])...)
		first.Stdout = &said
		if err := first.Start(); err != nil {
			t.Fatal(err)
		}
		for _, r := range runs {
			command := runStage(r.stage, r.status)
			c := exec.CommandContext(t.Context(), command[0], command[1], localize(command[2]))
			out, _ := c.CombinedOutput()
			if got := c.ProcessState.ExitCode(); got != r.code || !strings.Contains("\n"+string(out), r.want) {
				t.Errorf("%s, %s: status %d, %q; want %d, %q", shell[0], r.stage, got, out, r.code, r.want)
			}
			trace := "\n+ : traced\n"
			if filepath.Base(shell[0]) == "bash" {
				trace = "\n++ : traced\n" // one more for each eval: GitLab Runner has one
			}
			if r.stage == "after_script" && !strings.Contains(string(out), trace) {
				t.Errorf("%s, %s: %q, want %q", shell[0], r.stage, out, trace)
			}
		}
		todo, err := os.OpenFile(filepath.Join(state, "todo"), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := todo.WriteString("0 " + endStage + " -\n"); err != nil {
			t.Fatal(err)
		}
		todo.Close()
		_ = first.Wait()
		if code := first.ProcessState.ExitCode(); code != 1 || said.String() != readyLine+"\n" {
			t.Errorf("%s: status %d, said %q", shell[0], code, said.String())
		}
	}
}

// TestKillScript: SIGTERM is sent to the processes that are there, and not to those that a trap then
// starts. SIGKILL leaves none.
func TestKillScript(t *testing.T) {
	for _, shell := range scriptShells() {
		for signal, want := range map[string]string{"15": "-15 5000050\n-15 5000051\n", "9": "-9 5000050\n-9 5000051\n-9 5000060\n"} {
			dir := made(t, "proc/1/", "proc/5000050/", "proc/5000051/", "proc/self/") // no process has such numbers, also not the shell
			if err := os.WriteFile(filepath.Join(dir, "spare"), []byte("7 1\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			local := strings.NewReplacer("/proc/", dir+"/proc/", stateDir+"/", dir+"/").Replace
			text := "kill() { echo \"$@\"; mkdir -p " + dir + "/proc/5000060; }\n" + local(killScript)
			out, err := exec.CommandContext(t.Context(), shell[0], append(shell[1:], "-c", text, "sh", signal)...).Output()
			if err != nil || string(out) != want {
				t.Errorf("%s, %s: %q, %v", shell, signal, out, err)
			}
		}
	}
}
