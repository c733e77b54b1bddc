// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration && emulator

package container

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
)

// unameProgram returns a static program for Linux on arm64 that prints uname's machine and
// exits with status 42.
func unameProgram() []byte {
	const address, headers = 0x400000, 64 + 56
	code := []uint32{
		0xD10803FF, // sub sp, sp, 512
		0x910003E0, // mov x0, sp
		0xD2801408, // mov x8, 160 (uname)
		0xD4000001, // svc 0
		0x910413E1, // add x1, sp, 260 (the machine)
		0xD28000E2, // mov x2, 7
		0xD2800020, // mov x0, 1
		0xD2800808, // mov x8, 64 (write)
		0xD4000001, // svc 0
		0xD2800540, // mov x0, 42
		0xD2800BA8, // mov x8, 93 (exit)
		0xD4000001, // svc 0
	}
	size := uint64(headers + 4*len(code))
	var out bytes.Buffer
	for _, part := range []any{
		[]byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
		[]uint16{2, 183}, uint32(1), []uint64{address + headers, 64, 0}, uint32(0), []uint16{64, 56, 1, 0, 0, 0}, // ET_EXEC, EM_AARCH64
		[]uint32{1, 5}, []uint64{0, address, address, size, size, 0x10000}, // PT_LOAD, readable and executable
		code,
	} {
		_ = binary.Write(&out, binary.LittleEndian, part)
	}
	return out.Bytes()
}

// emulate registers the emulator with binfmt_misc in the user namespace of this user's
// podman. That needs no privilege and changes nothing outside.
func emulate(t *testing.T, emulator string) {
	t.Helper()
	const magic = `\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`
	const mask = `\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`
	rule := ":qemu-aarch64:M::" + magic + ":" + mask + ":" + emulator + ":F"
	cmd := exec.Command("podman", "unshare", "sh", "-c",
		`mount -t binfmt_misc emulated "$1" && printf %s "$2" >"$1/register" && echo registered && exec cat`, "sh", t.TempDir(), rule)
	cmd.Env, cmd.Stderr = here.env, os.Stderr
	hold, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		hold.Close()
		_ = cmd.Wait()
	})
	var word string
	if _, err := fmt.Fscan(said, &word); err != nil || word != "registered" {
		t.Fatal("the emulator cannot be registered:", word, err)
	}
}

// TestEmulatedProgram builds an image for another architecture with a RUN step, and runs it.
// It is for an ordinary user of a machine booted by ci/test-machine --emulator.
func TestEmulatedProgram(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	emulate(t, "/usr/local/bin/qemu-aarch64-static")
	from, tag := "localhost/test-arm64:"+randomName(), "test.arm64-"+randomName()
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	program := unameProgram()
	if err := w.WriteHeader(&tar.Header{Name: "machine", Mode: 0o755, Size: int64(len(program))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(program); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Import(t.Context(), api.ImportOptions{Reference: from, Command: "/machine", Arch: "arm64"}, &layer); err != nil {
		t.Fatal(err)
	}
	removeLater(t, e, from)
	removeLater(t, e, tag)
	var log bytes.Buffer
	_, err := e.Build(t.Context(), api.BuildOptions{
		Tag: tag, Dockerfile: []byte("FROM " + from + "\nRUN [\"/machine\"]\n"), Platform: "linux/arm64", Network: api.NetworkNone, Log: &log,
	})
	if failed, ok := errors.AsType[*api.BuildError](err); !ok || failed.Code != 42 || !bytes.Contains(log.Bytes(), []byte("aarch64")) {
		t.Errorf("the step must end with status 42: %v\n%s", err, log.Bytes())
	}
	var out bytes.Buffer
	result, err := e.Run(t.Context(), api.RunOptions{ContainerOptions: api.ContainerOptions{Image: from, Network: api.NetworkNone}, Command: []string{"/machine"}, Stdout: &out})
	if result.Code != 42 || out.String() != "aarch64" {
		t.Errorf("got %q and status %d, want aarch64 and 42: %v", out.String(), result.Code, err)
	}
	_, err = e.Run(t.Context(), api.RunOptions{ContainerOptions: api.ContainerOptions{Image: from, Network: api.NetworkNone}, Command: []string{"/nosuch"}})
	if api.Status(err) != 127 {
		t.Errorf("a missing program: %v", err)
	}
}
