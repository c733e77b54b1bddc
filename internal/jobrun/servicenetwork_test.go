// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
)

// hexOf formats an address as /proc/net does on this machine.
func hexOf(t *testing.T, address string) string {
	t.Helper()
	const digits = "0123456789ABCDEF"
	text := ""
	for _, b := range netip.MustParseAddr(address).AsSlice() {
		text += string([]byte{digits[b>>4], digits[b&15]})
	}
	if kernelAddress("0100007F").IsLoopback() { // little endian
		swapped := ""
		for i := 0; i < len(text); i += 8 {
			swapped += text[i+6:i+8] + text[i+4:i+6] + text[i+2:i+4] + text[i:i+2]
		}
		return swapped
	}
	return text
}

func TestListeningPorts(t *testing.T) {
	t.Parallel()
	all, all6 := hexOf(t, "0.0.0.0"), hexOf(t, "::")
	text := "  sl  local_address rem_address   st tx_queue rx_queue\n" +
		"   0: " + all + ":1F90 00000000:0000 0A 00000000:00000000\n" +
		"   1: " + hexOf(t, "127.0.0.1") + ":1F91 " + hexOf(t, "127.0.0.1") + ":1F90 01 00000000:00000000\n" +
		"   2: " + hexOf(t, "127.0.0.1") + ":1F90 00000000:0000 0A\n" +
		"   2: " + hexOf(t, "127.0.0.1") + ":1F92 " + hexOf(t, "10.1.2.127") + ":0050 01\n" + // one end is elsewhere
		"   2: " + hexOf(t, "10.1.2.127") + ":1F93 " + hexOf(t, "127.0.0.1") + ":0050 01\n" +
		"   2: " + hexOf(t, "127.0.0.1") + ":1F94 " + hexOf(t, "127.0.0.1") + ":10050 01\n" +
		"   3: " + hexOf(t, "127.0.1.1") + ":1538 00000000:0000 0A\n" +
		"   4: " + hexOf(t, "10.1.2.127") + ":0016 00000000:0000 0A\n" +
		"  sl  local_address                         remote_address\n" +
		"   0: " + all6 + ":1F90 " + all6 + ":0000 0A\n" +
		"   1: " + hexOf(t, "::1") + ":18EB " + all6 + ":0000 0A\n" +
		"   2: " + hexOf(t, "::ffff:127.0.0.1") + ":18EC " + all6 + ":0000 0A\n" +
		"   3: " + hexOf(t, "fd00::1") + ":0050 " + all6 + ":0000 0A\n" +
		"   2: nonsense 0 0A\n   3: x:zz y 0A\n"
	open, local := listeningPorts(text)
	if want := []int{22, 80, 8080}; !slices.Equal(open, want) {
		t.Errorf("open %v, want %v", open, want)
	}
	if want := []int{5432, 6379, 6380}; !slices.Equal(local, want) {
		t.Errorf("local %v, want %v", local, want)
	}
	if got := slices.Collect(maps.Values(localConnections(text))); !slices.Equal(got, [][2]int{{8081, 8080}}) {
		t.Errorf("connections %v", got)
	}
}

const oneAddress = `Main:
  +-- 10.0.2.0/24 2 0 1
     |-- 10.0.2.0
        /24 link UNICAST
     |-- 10.0.2.100
        /32 host LOCAL
     |-- 10.0.2.255
        /32 link BROADCAST
     |-- 127.0.0.1
        /32 host LOCAL
`

func TestNetworkAddress(t *testing.T) {
	t.Parallel()
	const several = `     |-- 10.88.0.1
        /32 host LOCAL
     |-- 127.0.0.1
        /32 host LOCAL
     |-- 192.0.2.7
        /32 host LOCAL
`
	routes := "Iface Destination Gateway Flags\neth0 " + hexOf(t, "10.88.0.0") + " 00000000 0001\neth0 00000000 " + hexOf(t, "192.0.2.1") + " 0003\n"
	for _, test := range []struct{ name, trie, routes, want string }{
		{"one", oneAddress, "", "10.0.2.100"},
		{"at the gateway", several, routes, "192.0.2.7"},
		{"no gateway", several, "", "10.88.0.1"},
		{"loopback only", "     |-- 127.0.0.1\n        /32 host LOCAL\n", routes, "invalid IP"},
		{"no file", "", "", "invalid IP"},
		{"not addresses", "|-- x\n/32 host LOCAL\n", "a 00000000 zz 1\n", "invalid IP"},
	} {
		if got := networkAddress(test.trie, test.routes).String(); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// A netContainer has files of a network, and stores a new /etc/hosts.
type netContainer struct {
	Container
	files map[string]string
	write api.ExecOptions
	code  int
}

func (c *netContainer) Exec(_ context.Context, o api.ExecOptions) (api.RunResult, error) {
	if strings.Contains(o.Command[2], "> "+fileHosts) {
		c.write = o
		return api.RunResult{Code: c.code}, nil
	}
	if c.files == nil {
		return api.RunResult{}, errors.New("it has ended")
	}
	for _, name := range o.Command[4:] {
		if _, err := io.WriteString(o.Stdout, "== "+name+"\n"+c.files[name]); err != nil {
			return api.RunResult{}, err
		}
	}
	return api.RunResult{}, nil
}

// TestServicesAreElsewhere: the services' names do not resolve to 127.0.0.1 if the network
// has another address, and connections to localhost are reported.
func TestServicesAreElsewhere(t *testing.T) {
	t.Parallel()
	hosts := "# db\n127.0.0.1\tlocalhost\n127.0.0.1\tdb\n127.0.0.1 cache other\n10.0.2.100\tjob\n"
	open := " 0: " + hexOf(t, "0.0.0.0") + ":0016 0 0A\n 1: " + hexOf(t, "127.0.0.1") + ":8888 " + hexOf(t, "127.0.0.1") + ":1538 06\n"
	talk := " 0: " + hexOf(t, "127.0.0.1") + ":9999 " + hexOf(t, "127.0.0.1") + ":1538 06\n"
	var warnings []string
	c := &netContainer{files: map[string]string{fileHosts: hosts, fileLocal: oneAddress, fileTCP: open}}
	w := &serviceWait{
		job: c, warn: func(what string) { warnings = append(warnings, what) },
		services: []*service{{ports: []int{5432}, aliases: []string{"postgres", "db"}}, {ports: []int{6379}, aliases: []string{"cache"}}},
	}
	if err := w.look(t.Context(), []string{"db", "cache", "localhost"}); err != nil || !slices.Equal(w.before, []int{22}) {
		t.Fatalf("%v, ports %v", err, w.before)
	}
	want := "# db\n127.0.0.1\tlocalhost\n127.0.0.1\tother\n10.0.2.100\tjob\n10.0.2.100\tdb\n10.0.2.100\tcache\n"
	if got := c.write; got.User != "0" || len(got.Command) != 5 || got.Command[4] != want {
		t.Errorf("user %q, command %q, want %q", got.User, got.Command, want)
	}
	if w.tellLocal(t.Context()); len(warnings) > 0 {
		t.Errorf("warnings %q", warnings)
	}
	c.files[fileTCP] += talk
	w.tellLocal(t.Context())
	if want := `something connected to service "db" at localhost:5432; on GitLab the service only has the name postgres or db`; !slices.Equal(warnings, []string{want}) {
		t.Errorf("warnings %q", warnings)
	}

	warnings, c.code = nil, 1
	if err := w.look(t.Context(), []string{"db"}); err != nil || len(warnings) != 1 {
		t.Errorf("a file that cannot be written: %v, warnings %q", err, warnings)
	}
	w.tellLocal(t.Context())
	c.files[fileLocal], c.code, c.write = "", 0, api.ExecOptions{}
	if err := w.look(t.Context(), []string{"db"}); err != nil || len(warnings) != 1 || c.write.Command != nil {
		t.Errorf("only 127.0.0.1: %v, warnings %q, command %q", err, warnings, c.write.Command)
	}
	w.tellLocal(t.Context())
	if c.files = nil; w.look(t.Context(), nil) == nil || len(warnings) != 1 {
		t.Errorf("a container that has ended: %q", warnings)
	}
}
