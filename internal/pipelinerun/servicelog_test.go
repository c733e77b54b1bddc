// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/redact"
)

func TestServiceLogs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := serviceLogs(dir, redact.New("swordfish"))
	if err := os.WriteFile(filepath.Join(dir, "job-service-db.log"), []byte("another's"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"the word is swordfish\n", "second\n"} {
		l, err := open("job", "db")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprint(l, text); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if l, err := open("../job", "../../db"); err != nil {
		t.Error(err)
	} else if err := l.Close(); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{
		"job-service-db.log": "another's", "job-service-db-2.log": "the word is [hidden]\n", "job-service-db-3.log": "second\n",
	} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 4 {
		t.Errorf("a log is elsewhere: %v, %v", list, err)
	}
}
