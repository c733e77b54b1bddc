// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"bufio"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// stateIn creates the FIFOs of a state directory.
func stateIn(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestEndFirst(t *testing.T) {
	dir := stateIn(t, "todo", "done")
	done, err := os.OpenFile(filepath.Join(dir, "done"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := done.WriteString("1 0\n"); err != nil { // of a stage that nobody waited for
		t.Fatal(err)
	}
	read := make(chan string, 1)
	go func() {
		todo, err := os.Open(filepath.Join(dir, "todo"))
		if err != nil {
			read <- err.Error()
			return
		}
		line, _ := bufio.NewReader(todo).ReadString('\n')
		read <- line
		_, _ = todo.Close(), done.Close()
	}()
	for { // as the goroutine may be slow to begin
		endFirst(t.Context(), &memoryContainer{mounted: dir})
		select {
		case line := <-read:
			if line != "0 end -\n" {
				t.Errorf("the first process reads %q", line)
			}
			return
		default:
		}
	}
}

// TestEndFirstOfUnusualFiles must neither wait nor write.
func TestEndFirstOfUnusualFiles(t *testing.T) {
	endFirst(t.Context(), &memoryContainer{})
	for name, dir := range map[string]string{"nobody reads": stateIn(t, "todo", "done"), "none": stateIn(t), "no FIFO to read": stateIn(t, "todo"), "no FIFO to write": stateIn(t, "done")} {
		t.Run(name, func(t *testing.T) {
			outside := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(outside, []byte("text"), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, fifo := range []string{"todo", "done"} {
				if err := os.Symlink(outside, filepath.Join(dir, fifo)); err != nil && !os.IsExist(err) {
					t.Fatal(err)
				}
			}
			endFirst(t.Context(), &memoryContainer{mounted: dir})
			if text, err := os.ReadFile(outside); string(text) != "text" || err != nil {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
}

// TestEndFirstOfAFullFIFO must not wait for a process that reads nothing.
func TestEndFirstOfAFullFIFO(t *testing.T) {
	dir := stateIn(t, "todo", "done")
	for _, name := range []string{"todo", "done"} {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|syscall.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := f.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = f.Write(make([]byte, 4096))
		}
	}
	endFirst(t.Context(), &memoryContainer{mounted: dir})
}
