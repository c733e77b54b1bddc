// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/container/api"
)

// Files that describe the network of a process.
const (
	fileTCP    = "/proc/net/tcp"
	fileTCP6   = "/proc/net/tcp6"
	fileLocal  = "/proc/net/fib_trie"
	fileRoutes = "/proc/net/route"
	fileHosts  = "/etc/hosts"
)

// Limits on what the shell of an image prints, in bytes.
const (
	maxNetworkFiles = 8 << 20
	maxMessage      = 64 << 10
)

// files returns the text of files in the job's container, each with a newline
// at its end.
func (w *serviceWait) files(ctx context.Context, names ...string) (map[string]string, error) {
	const show = `for f; do echo "== $f"; [ ! -r "$f" ] || while IFS= read -r line || [ -n "$line" ]; do printf '%s\n' "$line"; done < "$f"; done`
	var out bytes.Buffer
	_, err := w.job.Exec(ctx, api.ExecOptions{
		Command: append([]string{"sh", "-c", show, "sh"}, names...), WorkDir: "/", Stdout: &limited{&out, maxNetworkFiles}, Grace: grace,
	})
	text := map[string]string{}
	name := ""
	for line := range strings.Lines(out.String()) {
		if next, ok := strings.CutPrefix(line, "== /"); ok {
			name = "/" + strings.TrimSpace(next)
			continue
		}
		text[name] += line
	}
	return text, err
}

// look finds out which ports are in use before the services start, and gives the
// services' names the address of the network. Servers such as PostgreSQL and
// Redis trust connections from 127.0.0.1, and jobs on GitLab never connect from
// there.
func (w *serviceWait) look(ctx context.Context, aliases []string) error {
	text, err := w.files(ctx, fileTCP, fileTCP6, fileLocal, fileRoutes, fileHosts)
	if err != nil {
		return err
	}
	open, local := listeningPorts(text[fileTCP] + text[fileTCP6])
	w.before, w.known = slices.Concat(open, local), localConnections(text[fileTCP]+text[fileTCP6])
	address := networkAddress(text[fileLocal], text[fileRoutes])
	if !address.IsValid() {
		return nil
	}
	var message bytes.Buffer
	out, err := w.job.Exec(ctx, api.ExecOptions{
		Command: []string{"sh", "-c", `printf %s "$1" > ` + fileHosts, "sh", hostsWith(text[fileHosts], aliases, address)},
		User:    "0", WorkDir: "/", Stderr: &limited{&message, maxMessage}, Grace: grace,
	})
	if err == nil && out.Code != 0 {
		err = errors.New(strings.TrimSpace(message.String()))
	}
	if w.apart = err == nil; err != nil {
		w.warn(fmt.Sprintf("cannot give the services the address %s, their names stand for 127.0.0.1: %v", address, err))
	}
	return nil
}

// tellLocal warns if there were connections to services at 127.0.0.1. The kernel
// lists those that have ended for a minute.
func (w *serviceWait) tellLocal(ctx context.Context) {
	if !w.apart || ctx.Err() != nil {
		return
	}
	text, err := w.files(ctx, fileTCP, fileTCP6)
	if err != nil {
		return // the container has ended
	}
	ports := map[int]bool{}
	for ends, both := range localConnections(text[fileTCP] + text[fileTCP6]) {
		if _, before := w.known[ends]; !before { // in the host's network, perhaps of an earlier job
			ports[both[0]], ports[both[1]] = true, true
		}
	}
	for _, s := range w.services {
		for _, port := range s.ports {
			if ports[port] {
				w.warn(fmt.Sprintf("something connected to service %q at localhost:%d; on GitLab the service only has the name %s", s.name(), port, strings.Join(s.aliases, " or ")))
			}
		}
	}
}

// localConnections returns the two ports of each connection between loopback
// addresses, by its ends.
func localConnections(text string) map[string][2]int {
	list := map[string][2]int{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[3] == "0A" {
			continue
		}
		var ports [2]int
		local := true
		for i, end := range fields[1:3] {
			address, port, _ := strings.Cut(end, ":")
			n, err := strconv.ParseUint(port, 16, 16)
			local = local && err == nil && kernelAddress(address).IsLoopback()
			ports[i] = int(n)
		}
		if local {
			list[fields[1]+" "+fields[2]] = ports
		}
	}
	return list
}

// hostsWith returns the text of /etc/hosts with an address for aliases.
func hostsWith(hosts string, aliases []string, address netip.Addr) string {
	aliases = slices.DeleteFunc(slices.Clone(aliases), func(alias string) bool { return alias == "localhost" })
	var b strings.Builder
	for line := range strings.Lines(hosts) {
		fields := strings.Fields(line)
		if len(fields) < 2 || strings.HasPrefix(fields[0], "#") || !slices.ContainsFunc(fields[1:], func(name string) bool { return slices.Contains(aliases, name) }) {
			b.WriteString(line)
			continue
		}
		if others := slices.DeleteFunc(fields[1:], func(name string) bool { return slices.Contains(aliases, name) }); len(others) > 0 {
			fmt.Fprintf(&b, "%s\t%s\n", fields[0], strings.Join(others, " "))
		}
	}
	for _, alias := range aliases {
		fmt.Fprintf(&b, "%s\t%s\n", address, alias)
	}
	return b.String()
}

// networkAddress returns the IPv4 address of a network, in the host's network the
// one nearest to the default gateway. It is invalid if there is only 127.0.0.1.
func networkAddress(trie, routes string) netip.Addr {
	gateway := defaultGateway(routes)
	var best, last netip.Addr
	for line := range strings.Lines(trie) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 2 && fields[0] == "|--":
			last, _ = netip.ParseAddr(fields[1])
		case strings.Join(fields, " ") != "/32 host LOCAL" || !last.Is4() || last.IsLoopback():
		case !best.IsValid() || common(last, gateway) > common(best, gateway):
			best = last
		}
	}
	return best
}

// common returns how many leading bits two IPv4 addresses have in common.
func common(a, b netip.Addr) int {
	x, y := a.As4(), b.As4()
	return bits.LeadingZeros32(binary.BigEndian.Uint32(x[:]) ^ binary.BigEndian.Uint32(y[:]))
}

func defaultGateway(routes string) netip.Addr {
	for line := range strings.Lines(routes) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[1] == "00000000" {
			if gateway := kernelAddress(fields[2]); gateway.Is4() {
				return gateway
			}
		}
	}
	return netip.IPv4Unspecified()
}

// listeningPorts parses lines of /proc/net/tcp and tcp6, and returns the ports that
// others can reach and those that only listen on a loopback address. Socket
// state 0A is LISTEN.
func listeningPorts(text string) (open, local []int) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[3] != "0A" {
			continue
		}
		address, port, _ := strings.Cut(fields[1], ":")
		n, err := strconv.ParseUint(port, 16, 16)
		switch {
		case err != nil:
		case kernelAddress(address).IsLoopback():
			local = append(local, int(n))
		default:
			open = append(open, int(n))
		}
	}
	slices.Sort(open)
	open = slices.Compact(open)
	slices.Sort(local)
	local = slices.DeleteFunc(slices.Compact(local), func(port int) bool { return slices.Contains(open, port) })
	return open, local
}

// kernelAddress parses an address as in /proc/net: hexadecimal words in the
// machine's byte order.
func kernelAddress(text string) netip.Addr {
	b, err := hex.DecodeString(text)
	if err != nil || len(b)%4 != 0 {
		return netip.Addr{}
	}
	for i := 0; i < len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	address, _ := netip.AddrFromSlice(b)
	return address.Unmap()
}
