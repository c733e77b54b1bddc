// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/report"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// A statsRoom runs the statistics suite in an engineRoom that has the base images.
type statsRoom struct {
	*engineRoom
	program string // lcitool as it is released: static, so that it runs in any container
}

// testStatistics runs the suite on two stacks at once, and then with other daemons, devices
// and privileges.
func testStatistics(t *testing.T, room *engineRoom) {
	s := statsRoom{room, room.path("lcitool")}
	goBuild(t, "build", "-o", s.program, ".")
	t.Run("suite", s.whole)
	t.Run("killed", s.killed)
	t.Run("less", func(t *testing.T) {
		t.Run("wire", s.wire)
		t.Run("emulated", s.emulated)
		t.Run("session", s.session)
		t.Run("privileged", s.privileged)
		t.Run("testdriver", s.testDriver)
	})
}

// goBuild builds a static program with the tags that lcitool needs.
func goBuild(t *testing.T, args ...string) {
	t.Helper()
	const tags = "remote containers_image_openpgp exclude_graphdriver_btrfs exclude_graphdriver_devicemapper libvirt"
	args = slices.Insert(args, 1, "-trimpath", "-ldflags", "-s -w", "-tags", tags)
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (s statsRoom) run(t *testing.T, limit time.Duration, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), s.env()...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it tidies up then
	cmd.WaitDelay = time.Minute
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

func (s statsRoom) inContainer(t *testing.T, limit time.Duration, target string, options []string, command ...string) (string, error) {
	t.Helper()
	args := slices.Concat([]string{"run", "--rm", "--init", "--network", "none", "--volume", s.dir + ":" + s.dir}, options,
		[]string{"lcitool.stats." + target}, command)
	return s.run(t, limit, "podman", args...)
}

// missing returns the devices that this machine lacks, with the reasons that cases report.
func missing(t *testing.T) []string {
	t.Helper()
	var reasons []string
	for device, reason := range map[string]string{"/dev/kvm": "kvm|KVM", "/dev/net/tun": "/dev/net/tun"} {
		f, err := os.OpenFile(device, os.O_RDWR, 0)
		if err != nil {
			t.Logf("this machine has no %s: %v", device, err)
			reasons = append(reasons, reason)
			continue
		}
		f.Close()
	}
	return reasons
}

// verdicts reads a run and checks that each result is an expected one.
func verdicts(t *testing.T, file string, cases int, reasons ...string) *report.Run {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := report.ReadJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s on Linux %s: %s of %d cases in %.0f s", r.Where.Stack(), r.Where.Kernel, r.Totals(), len(r.Results), r.Where.Seconds)
	if len(r.Results) != cases {
		t.Errorf("%d results of %d cases", len(r.Results), cases)
	}
	reasons = append(reasons, "^needs libvirt ", "^the host has no (cache|memory bandwidth) monitors$", "^cannot count a performance event: ",
		// Without --privileged there are neither device nodes nor control groups.
		"^cannot make /dev/tap", "^QEMU has no descriptor of a vCPU's statistics open", "^libvirt keeps its domains in no control groups here$", "^nothing moved: ")
	may := regexp.MustCompile(strings.Join(reasons, "|"))
	for _, x := range r.Results {
		switch x.Status {
		case suite.Fail:
			t.Errorf("%s: %s: %s", x.ID, x.Title, strings.Join(x.Messages, "; "))
		case suite.Skip:
			if t.Logf("%s: %s", x.ID, x.Verdict()); !may.MatchString(x.Reason) {
				t.Errorf("%s is skipped, though nothing is missing: %q", x.ID, x.Reason)
			}
		case suite.Known:
			t.Logf("%s: %s: %s", x.ID, x.Verdict(), strings.Join(x.Messages, "; "))
			for _, id := range x.KDs {
				if !inCatalogue(id, r.Where) {
					t.Errorf("%s: no deviation %s of %s is known", x.ID, id, r.Where.Stack())
				}
			}
		}
	}
	return r
}

func inCatalogue(id string, w report.Where) bool {
	return slices.ContainsFunc(suite.Deviations(), func(d suite.Deviation) bool {
		return d.ID == id && d.Applies(release(w.Libvirt), release(w.QEMU))
	})
}

func release(s string) domstats.Version {
	var n [3]uint64
	for i, part := range strings.SplitN(s, ".", 3) {
		for _, digit := range part {
			n[i] = 10*n[i] + uint64(digit-'0')
		}
	}
	return domstats.MakeVersion(n[0], n[1], n[2])
}

func (s statsRoom) whole(t *testing.T) {
	reasons := missing(t)
	reports := s.path("reports")
	started := time.Now()
	out, err := s.run(t, time.Hour, s.program, "stats", "run", "-t", "debian-12", "-t", "debian-13", "--bootstrap", "--reports", reports)
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("both stacks together, building the images included: %s", time.Since(started).Round(time.Second))
	for _, target := range []string{"debian-12", "debian-13"} {
		r := verdicts(t, filepath.Join(reports, target+".json"), len(suite.Cases()), reasons...)
		if len(reasons) == 0 && r.Count(suite.Pass) < 160 {
			t.Errorf("%s: %s", target, r.Totals())
		}
		if len(r.Coverage) == 0 || len(r.Observations) == 0 || len(r.Unknown) > 0 {
			t.Errorf("%s: %d rows of coverage, %d observations, unknown: %q", target, len(r.Coverage), len(r.Observations), r.Unknown)
		}
	}
	out, err = s.run(t, 10*time.Minute, s.program, "stats", "diff", filepath.Join(reports, "debian-12.json"), filepath.Join(reports, "debian-13.json"))
	if err != nil || !strings.Contains(out, "libvirt: 9.0.0 -> 11.3.0") {
		t.Errorf("stats diff: %v\n%s", err, out)
	}
	if left, err := s.run(t, 10*time.Minute, "podman", "ps", "--all", "--quiet"); err != nil || left != "" {
		t.Errorf("containers are left: %q, %v", left, err)
	}
}

// killed kills a run; prune must list and remove its container and directories.
func (s statsRoom) killed(t *testing.T) {
	cmd := exec.Command(s.program, "stats", "run", "-t", "debian-13", "--bootstrap", "--run", "CON-02")
	cmd.Env = append(os.Environ(), s.env()...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	const ps = `podman ps --format '{{.Names}}' 2>/dev/null | grep ^lcitool-stats-debian-13-` // without warnings
	name := ""
	for deadline := time.Now().Add(30 * time.Minute); name == "" && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		out, _ := s.run(t, time.Minute, "sh", "-c", ps) // grep fails until it is there
		name = strings.TrimSpace(out)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // it was killed
	if name == "" {
		t.Fatal("the container does not appear")
	}
	listed, err := s.run(t, 10*time.Minute, s.program, "container", "prune", "--dry-run")
	if err != nil || !strings.Contains(listed, "would remove container "+name) {
		t.Errorf("prune does not list the container %s: %v\n%s", name, err, listed)
	}
	dirs := regexp.MustCompile(`(?m)^would remove directory (.*/lcitool-(?:stats|run)-.*)$`).FindAllStringSubmatch(listed, -1)
	if len(dirs) != 2 {
		t.Errorf("prune lists the directories %q\n%s", dirs, listed)
	}
	if out, err := s.run(t, 10*time.Minute, s.program, "container", "prune"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for _, d := range dirs {
		if _, err := os.Stat(d[1]); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", d[1], err)
		}
	}
	if left, err := s.run(t, 10*time.Minute, "sh", "-c", "podman ps --all --quiet 2>/dev/null"); err != nil || left != "" {
		t.Errorf("containers are left: %q, %v", left, err)
	}
}

// wire runs the tests that need a daemon: changed answers, a recording, leftovers.
// the wire, a recording taken, nothing left behind.
func (s statsRoom) wire(t *testing.T) {
	t.Parallel()
	program := s.path("live.test")
	goBuild(t, "test", "-c", "-o", program, "gitlab.com/lcitool/lcitool/domstats/live")
	var devices []string
	if len(missing(t)) == 0 {
		devices = []string{"--device", "/dev/kvm", "--device", "/dev/net/tun", "--cap-add", "NET_ADMIN,NET_RAW"}
	}
	out, err := s.inContainer(t, 30*time.Minute, "debian-13", devices, program, "-test.v", "-test.parallel", "3", "-start-daemon", "-dir", "/var/tmp")
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if score := regexp.MustCompile(`mutation score over the wire: .*`).FindString(out); score == "" {
		t.Errorf("no mutation score:\n%s", out)
	} else {
		t.Log(score)
	}
}

// check runs cases in a container of debian-12. command is a shell command that gets the
// arguments for lcitool.
func (s statsRoom) check(t *testing.T, options []string, command string, patterns []string, reasons ...string) *report.Run {
	t.Helper()
	cases, err := suite.Select(suite.Cases(), patterns...)
	if err != nil {
		t.Fatal(err)
	}
	dir := s.path(filepath.Base(t.Name()))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{s.dir, dir} { // for the user of the session
		if err := os.Chmod(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "json")
	args := []string{"sh", "-ec", command, s.program, "stats", "check", "--dir", "/var/tmp", "--json", file}
	for _, p := range patterns {
		args = append(args, "--run", p)
	}
	out, err := s.inContainer(t, 30*time.Minute, "debian-12", options, args...)
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return verdicts(t, file, len(cases), reasons...)
}

// emulated has neither KVM nor tap devices.
func (s statsRoom) emulated(t *testing.T) {
	t.Parallel()
	patterns := []string{"MAP-*", "VM-*", "CPU-0[56]", "VCP-0[1-6]", "VCP-1[2-4]", "NET-0[123]", "BLK-0[123]", "DRT-0[345]"}
	r := s.check(t, nil, `"$0" "$@" --start-daemon`, patterns, "^open /dev/(kvm|net/tun): no such file or directory$")
	kvm := []string{"MAP-12", "MAP-13", "CPU-06", "VCP-01", "VCP-02", "VCP-03", "VCP-04", "NET-01", "NET-02", "BLK-01", "BLK-02", "BLK-03", "DRT-04"}
	for _, x := range r.Results {
		if x.Status == suite.Skip == slices.Contains(kvm, x.ID) {
			t.Errorf("%s is %s without KVM", x.ID, x.Verdict())
		}
	}
}

// privileged has control groups, which libvirt also finds again after a restart.
func (s statsRoom) privileged(t *testing.T) {
	t.Parallel()
	reports := s.path("privileged")
	args := []string{"stats", "run", "-t", "debian-13", "--bootstrap", "--privileged", "--reports", reports}
	patterns := []string{"CPU-10", "LIF-07", "LIF-09"}
	for _, p := range patterns {
		args = append(args, "--run", p)
	}
	out, err := s.run(t, time.Hour, s.program, args...)
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	r := verdicts(t, filepath.Join(reports, "debian-13.json"), len(patterns), missing(t)...)
	if r.Count(suite.Pass) < 2 {
		t.Errorf("%s", r.Totals())
	}
}

// session uses the session daemon of an ordinary user, which needs no configuration.
func (s statsRoom) session(t *testing.T) {
	t.Parallel()
	var options []string
	reasons := missing(t)
	if len(reasons) == 0 {
		options = []string{"--device", "/dev/kvm"}
	}
	const command = `useradd --create-home tester
for d in /dev/kvm; do [ ! -e $d ] || chmod 666 $d; done
export XDG_RUNTIME_DIR=/home/tester/run
cat > /start << 'END'
mkdir -m 700 $XDG_RUNTIME_DIR
libvirtd --daemon
until [ -S $XDG_RUNTIME_DIR/libvirt/libvirt-sock ]; do sleep 0.1; done
exec "$@" --connect qemu:///session
END
exec setpriv --reuid tester --regid tester --init-groups env HOME=/home/tester sh -e /start "$0" "$@"
`
	patterns := []string{"API-1[5-9]", "API-20", "MAP-0[1289]", "STA-0*", "VCP-0[1-4]", "BAL-0[1-6]", "NET-0[123]", "BLK-0*", "VM-0[1-4]", "CON-0[145]", "TDR-*"}
	r := s.check(t, options, command, patterns, append(reasons, "^a session daemon (has no read-only socket|makes no tap devices)$")...)
	if len(reasons) == 0 && r.Count(suite.Pass) < 40 {
		t.Errorf("%s", r.Totals())
	}
}

// testDriver has a daemon and no usable QEMU.
func (s statsRoom) testDriver(t *testing.T) {
	t.Parallel()
	const no = "test:///default has no QEMU driver"
	r := s.check(t, nil, `"$0" "$@" --start-daemon --connect test:///default`, nil, "^"+no+"$")
	for _, x := range r.Results {
		if strings.HasPrefix(x.ID, "TDR-") != (x.Status == suite.Pass) {
			t.Errorf("%s is %s", x.ID, x.Verdict())
		}
	}
}
