// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"gopkg.in/yaml.v3"
)

// withTemplates copies this project's components into a script's directory.
func withTemplates(e *testscript.Env) error {
	return os.CopyFS(e.WorkDir+"/tree/templates", os.DirFS("../../templates"))
}

// TestComponents resolves the pipelines of projects that include this project's components.
func TestComponents(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Files:               []string{"testdata/component/resolve.txtar"},
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir+"/home")
			return withTemplates(e)
		},
	})
}

// TestCheckComponent: with a shell executor, the job of the component "check" uses a directory
// of its own, because others could write to one with a known name, and removes it.
func TestCheckComponent(t *testing.T) {
	script := componentScript(t, "../../templates/check.yml")
	const wget = `#!/bin/sh
case $4 in
*/SHA256SUMS) (cd "$(dirname "$3")" && sha256sum lcitool-* >"$3") ;;
*) printf '#!/bin/sh\necho program "$@" in "$(dirname "$0")"\n' >"$3" ;;
esac
`
	for _, c := range []struct{ name, wget, want string }{
		{"a release", wget, "program --strict manifest --check --base-dir sub in "},
		{"a wrong sum", strings.Replace(wget, "sha256sum lcitool-*", `printf '%064d  %s\n' 0 lcitool-*`, 1), "FAILED"},
		{"no release", "#!/bin/sh\nexit 1\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, scratch := t.TempDir(), t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "wget"), []byte(c.wget), 0o755); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("bash", "-c", `set -eo pipefail; : | eval "$1"; exit 0`, "bash", script)
			cmd.Env = []string{"PATH=" + dir + ":/usr/bin:/bin", "TMPDIR=" + scratch, "CHECK_VERSION=v1", "CHECK_DIRECTORY=sub", "CHECK_RELEASES=http://h"}
			out, err := cmd.CombinedOutput()
			if passed := err == nil; passed != strings.HasPrefix(c.want, "program") || !strings.Contains(string(out), c.want) {
				t.Errorf("%v, want %q\n%s", err, c.want, out)
			}
			if _, at, ok := strings.Cut(string(out), " in "); ok && !strings.HasPrefix(at, scratch+"/") {
				t.Errorf("the program is in %s", at)
			}
			if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// componentScript returns the commands of a component's only job as lines.
func componentScript(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, jobs, _ := bytes.Cut(data, []byte("\n---\n"))
	var parsed map[string]struct{ Script []string }
	if err := yaml.Unmarshal(bytes.ReplaceAll(jobs, []byte("$[[ inputs.job ]]"), []byte("job")), &parsed); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", file, err))
	}
	return strings.Join(parsed["job"].Script, "\n")
}
