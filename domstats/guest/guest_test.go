// SPDX-License-Identifier: GPL-2.0-or-later

package guest

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"libvirt.org/go/libvirtxml"
)

func assemble(t *testing.T, source, origin string, flags ...string) []byte {
	t.Helper()
	for _, tool := range []string{"as", "ld"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("the assembler is not installed, ci/host-setup test installs it: %v", err)
		}
	}
	dir := t.TempDir()
	object, out := filepath.Join(dir, "o"), filepath.Join(dir, "bin")
	for _, cmd := range []*exec.Cmd{
		exec.Command("as", append(flags, "--32", "-o", object, source)...),
		exec.Command("ld", "-m", "elf_i386", "-Ttext", origin, "--oformat", "binary", "-o", out, object),
	} {
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", cmd, err, text)
		}
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestImageIsItsSource(t *testing.T) {
	if !bytes.Equal(assemble(t, filepath.Join("asm", "script.s"), "0x7c00"), Image()) {
		t.Error("script.bin is not what script.s assembles to")
	}
}

func TestROMIsItsSource(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("asm", "rom.s"))
	if err != nil {
		t.Fatal(err)
	}
	bin, err := filepath.Abs("script.bin")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rom.s")
	text := strings.Replace(string(source), ".incbin GUEST", `.incbin "`+bin+`"`, 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(assemble(t, path, "0", "--defsym", "BUSY=0x7c69"), ROM()) {
		t.Error("ROM differs from what rom.s assembles to")
	}
}

func TestImageIsBootable(t *testing.T) {
	if i := Image(); len(i) != imageSize || i[510] != 0x55 || i[511] != 0xaa {
		t.Errorf("%d bytes, signature %x", len(i), i[510:512])
	}
	if len(ROM()) != romSize {
		t.Errorf("%d bytes", len(ROM()))
	}
}

func TestSpecXML(t *testing.T) {
	s := Spec{Name: "n&<>", KVM: true, VCPUs: 2, MaxVCPUs: 4, Serial: "/s", Monitor: "/m", Emulator: "/q", S3: true, Panic: true, OnReboot: "destroy", Watchdog: true, Period: 3, DirtyRing: 1024, SCSI: true, FileMemory: true,
		Disks: []Disk{{Target: "vda", File: "/d", Boot: 1}, {Target: "hdc", Device: "cdrom"}, {Target: "sda", Bus: "usb", NBD: "/nbd", Pauses: true},
			{Target: "vdb", File: "/gone", Optional: true, Format: "qcow2"}},
		NICs:      []NIC{{User: true, Model: "e1000", MAC: "52:54:00:00:00:01"}, {Model: "rtl8139", MAC: "52:54:00:00:00:02", Down: true}},
		IOThreads: []IOThread{{ID: 4}, {ID: 7, Poll: &Poll{Max: 1, Grow: 2, Shrink: 3}}},
	}
	text, err := s.XML()
	if err != nil {
		t.Fatal(err)
	}
	var d libvirtxml.Domain
	if err := d.Unmarshal(text); err != nil {
		t.Fatal(err)
	}
	if d.Name != s.Name || d.Type != "kvm" || d.VCPU.Current != 2 || d.VCPU.Value != 4 || d.Memory.Value != 65536 || d.OnCrash != "preserve" || d.OnReboot != "destroy" || d.OnPoweroff != "" || d.Devices.Watchdogs[0].Action != "pause" || d.Devices.MemBalloon.Stats.Period != 3 || d.Devices.Emulator != "/q" {
		t.Errorf("got %s", text)
	}
	disks := d.Devices.Disks
	if disks[0].Target.Bus != "virtio" || disks[1].Target.Bus != "ide" || strings.Contains(text, `<source file=""`) || disks[2].Source.Network.Hosts[0].Socket != "/nbd" ||
		disks[3].Source.StartupPolicy != "optional" || disks[3].Driver.Type != "qcow2" || disks[2].Driver.RErrorPolicy != "stop" || disks[3].Driver.ErrorPolicy != "" {
		t.Errorf("disks: %s", text)
	}
	if d.Devices.Interfaces[0].Source.User == nil || d.Devices.Interfaces[1].Source.Ethernet == nil || d.Devices.Interfaces[1].Link.State != "down" {
		t.Errorf("interfaces: %s", text)
	}
	if *d.IOThreadIDs.IOThreads[1].Poll.Shrink != 3 || d.Features.KVM.DirtyRing.Size != 1024 || len(d.QEMUCommandline.Args) != 2 || d.MemoryBacking.MemorySource.Type != "file" {
		t.Errorf("got %s", text)
	}
}

func TestOnlineVCPUs(t *testing.T) {
	text, err := Spec{Name: "n", MaxVCPUs: 4, Online: []uint{0, 2}}.XML()
	if err != nil {
		t.Fatal(err)
	}
	var d libvirtxml.Domain
	if err := d.Unmarshal(text); err != nil {
		t.Fatal(err)
	}
	if d.VCPU.Value != 4 || d.VCPU.Current != 2 || len(d.VCPUs.VCPU) != 4 {
		t.Fatalf("got %s", text)
	}
	for n, v := range d.VCPUs.VCPU {
		if *v.Id != uint(n) || v.Enabled != map[bool]string{true: "yes", false: "no"}[n%2 == 0] || v.Hotpluggable != map[bool]string{true: "yes", false: "no"}[n > 0] {
			t.Errorf("vCPU %d: got %+v", n, v)
		}
	}
}

func TestSlot(t *testing.T) {
	const pci = `<address type='pci' domain='0x0000' bus='0x00' slot='0x07' function='0x0'/>`
	doc := `<domain><devices><disk><target dev='vdb' bus='virtio'/>` + pci + `</disk><disk><target dev='sda' bus='usb'/></disk>` +
		`<interface type='ethernet'><mac address='52:54:00:00:00:02'/>` + pci + `</interface></devices></domain>`
	for _, name := range []string{"vdb", "52:54:00:00:00:02"} {
		if slot, err := Slot(doc, name); err != nil || slot != 7 {
			t.Errorf("%s: got %d, %v", name, slot, err)
		}
	}
	for name, doc := range map[string]string{"sda": doc, "vdz": doc, "vda": "<domain/>", "x": "<domain"} {
		if slot, err := Slot(doc, name); err == nil {
			t.Errorf("%s: got %d", name, slot)
		}
	}
}

func TestQCOW2IsReadByQEMU(t *testing.T) {
	if _, err := exec.LookPath("qemu-img"); err != nil {
		t.Fatalf("qemu-img is not installed, ci/host-setup test installs it: %v", err)
	}
	dir := t.TempDir()
	base, top := filepath.Join(dir, "base"), filepath.Join(dir, "top")
	// The base comes first, because checking the top opens it.
	for _, path := range []string{base, top} {
		img := QCOW2(DiskSize, "", "")
		if path == top {
			img = QCOW2(DiskSize, base, "qcow2")
		}
		if err := os.WriteFile(path, img, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("qemu-img", "check", path).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
	out, err := exec.Command("qemu-img", "info", "--backing-chain", top).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "backing file: "+base) || !strings.Contains(string(out), "backing file format: qcow2") {
		t.Errorf("%v: %s", err, out)
	}
}

// fake answers like the guest's program: script maps each byte to its answer.
func fake(t *testing.T, early string, script map[byte]string) *Port {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	go func() {
		for answer, b := early, [1]byte{}; ; answer = script[b[0]] {
			// Writing an empty string would wait for a reader.
			if answer != "" {
				if _, err := far.Write([]byte(answer)); err != nil {
					return
				}
			}
			if _, err := far.Read(b[:]); err != nil {
				return
			}
		}
	}()
	return NewPort(near)
}

func TestPort(t *testing.T) {
	answers := map[byte]string{'r': ".", 'b': "E", '~': "?", 'h': ""}
	for _, tc := range []struct{ name, early, command, wantErr string }{
		{"done", "K", "r", ""},
		{"greeting lost", "", "r", ""},
		{"refused", "K", "b", `answered 'E'`},
		{"mute", "K", "h", "deadline exceeded"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := fake(t, tc.early, answers)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := p.Ready(ctx); err != nil {
				t.Fatal(err)
			}
			if tc.name == "mute" {
				ctx, cancel = context.WithTimeout(ctx, 500*time.Millisecond)
				defer cancel()
			}
			err := p.Do(ctx, tc.command)
			if tc.wantErr == "" && err != nil || tc.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tc.wantErr)) {
				t.Errorf("got %v, want %q", err, tc.wantErr)
			}
		})
	}
}

// A command that the guest did not receive is sent again.
func TestLostCommands(t *testing.T) {
	for _, tc := range []struct {
		lost    int
		wantErr string
	}{{0, ""}, {1, ""}, {2, ""}, {3, "sent 3 times"}} {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			seen := make(chan int, 1)
			go func() {
				n, b := 0, [1]byte{}
				for {
					if _, err := far.Read(b[:]); err != nil {
						seen <- n
						return
					}
					if n++; n > tc.lost {
						// The reader may have ended already.
						_, _ = far.Write([]byte{Done})
					}
				}
			}()
			p := NewPort(near)
			err := p.DoUntilAnswered(t.Context(), "P")
			if tc.wantErr == "" && err != nil || tc.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tc.wantErr)) {
				t.Errorf("%d lost: got %v, want %q", tc.lost, err, tc.wantErr)
			}
			near.Close()
			if n := <-seen; n != min(tc.lost+1, 3) {
				t.Errorf("%d lost: sent %d times", tc.lost, n)
			}
		})
	}
}

func TestConnectGivesUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Connect(ctx, filepath.Join(t.TempDir(), "nothing")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
