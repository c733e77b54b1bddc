// SPDX-License-Identifier: GPL-2.0-or-later

package rpc

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/wire"
)

// daemon accepts a client like libvirtd, then passes each call to answer. If answer returns
// nil, nothing is sent; answer may close conn.
func daemon(t *testing.T, answer func(conn net.Conn, call wire.Packet) []byte) Options {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go talk(conn, answer)
		}
	}()
	return Options{URI: "qemu:///system", Socket: path, Timeout: time.Minute}
}

func talk(conn net.Conn, answer func(net.Conn, wire.Packet) []byte) {
	defer conn.Close()
	for {
		call, err := wire.ReadPacket(conn)
		if err != nil {
			return
		}
		var reply []byte
		switch call.Header.Procedure {
		case 66: // no authentication
			reply = success(call, binary.BigEndian.AppendUint32(nil, 0))
		case 1:
			if call.Header.Program == wire.ProgramQEMU {
				reply = answer(conn, call)
			} else {
				reply = success(call, nil)
			}
		default:
			reply = answer(conn, call)
		}
		if _, err := conn.Write(reply); err != nil {
			return
		}
	}
}

func success(call wire.Packet, payload []byte) []byte {
	h := call.Header
	h.Type = wire.TypeReply
	return wire.Packet{Header: h, Payload: payload}.Bytes()
}

func failure(call wire.Packet, code uint32, message string) []byte {
	h := call.Header
	h.Type, h.Status = wire.TypeReply, wire.StatusError
	return wire.Packet{Header: h, Payload: wire.ErrorPayload(code, message)}.Bytes()
}

func open(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestStatsArriveWithTheirTypes(t *testing.T) {
	want := []domstats.Record{{Domain: domstats.Domain{Name: "d", UUID: domstats.UUID{9}, ID: 3}, Params: []domstats.Param{
		domstats.NewParam("vcpu.0.guest_mode.cur", true), domstats.NewParam("cpu.time", uint64(1<<40)), domstats.NewParam("state.state", int32(1)),
	}}}
	c := open(t, daemon(t, func(_ net.Conn, call wire.Packet) []byte {
		b, err := wire.EncodeRecords(want)
		if err != nil {
			return nil
		}
		return success(call, b)
	}))
	got, err := c.Stats(t.Context(), nil, 0, 0)
	if err != nil || len(got) != 1 || got[0].Domain != want[0].Domain || !slices.Equal(got[0].Params, want[0].Params) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestLibvirtsErrorKeepsItsNumber(t *testing.T) {
	c := open(t, daemon(t, func(_ net.Conn, call wire.Packet) []byte { return failure(call, 74, "unsupported: 0x800") }))
	_, err := c.Stats(t.Context(), nil, 0x800, domstats.FlagEnforce)
	if domstats.ErrorCode(err) != domstats.CodeArgUnsupported || !strings.Contains(err.Error(), "0x800") || c.Closed() {
		t.Errorf("got %v, closed %t", err, c.Closed())
	}
}

func TestBadDaemons(t *testing.T) {
	for _, tc := range []struct {
		name       string
		answer     func(conn net.Conn, call wire.Packet) []byte
		wantCode   uint32
		wantClosed bool
	}{
		{"silent", func(net.Conn, wire.Packet) []byte { return nil }, 0, true},
		{"dies mid-call", func(conn net.Conn, _ wire.Packet) []byte { conn.Close(); return nil }, 0, true},
		{"dies mid-packet", func(conn net.Conn, call wire.Packet) []byte {
			if _, err := conn.Write(success(call, make([]byte, 1000))[:500]); err != nil {
				t.Error(err)
			}
			conn.Close()
			return nil
		}, 0, true},
		{"length zero", func(net.Conn, wire.Packet) []byte { return make([]byte, 64) }, 0, true},
		{"length of 4 GiB", func(net.Conn, wire.Packet) []byte { return []byte(strings.Repeat("\xff", 64)) }, 0, true},
		{"list that lies", func(_ net.Conn, call wire.Packet) []byte {
			return success(call, []byte{0, 0, 0x40, 0})
		}, wire.CodeRPC, false},
		{"unknown type", func(_ net.Conn, call wire.Packet) []byte {
			payload, _ := wire.EncodeRecords([]domstats.Record{{Params: []domstats.Param{domstats.NewParam("aaaa", uint64(1))}}})
			payload[len(payload)-9] = 8 // the type is before the value
			return success(call, payload)
		}, wire.CodeRPC, false},
		{"cut in the middle", func(_ net.Conn, call wire.Packet) []byte {
			return success(call, []byte{0, 0, 0, 1, 0, 0, 0, 200})
		}, wire.CodeRPC, false},
		{"answers twice", func(_ net.Conn, call wire.Packet) []byte {
			once := failure(call, 38, "gone")
			return append(once, once...)
		}, 38, false},
		{"other procedure first", func(_ net.Conn, call wire.Packet) []byte {
			other := call
			other.Header.Procedure = 23
			return append(success(other, nil), failure(call, 38, "gone")...)
		}, 38, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := open(t, daemon(t, tc.answer))
			if tc.name == "silent" {
				c.timeout = 300 * time.Millisecond
			}
			_, err := c.Stats(t.Context(), nil, 0, 0)
			if err == nil || domstats.ErrorCode(err) != tc.wantCode || c.Closed() != tc.wantClosed {
				t.Errorf("got %v, closed %t", err, c.Closed())
			}
			if _, err := c.Version(t.Context()); c.Closed() && !errors.Is(err, ErrClosed) {
				t.Errorf("the next call gives %v", err)
			}
		})
	}
}

func TestCloseEndsACallInFlight(t *testing.T) {
	asked := make(chan struct{})
	c := open(t, daemon(t, func(net.Conn, wire.Packet) []byte { close(asked); return nil }))
	done := make(chan error, 1)
	go func() {
		_, err := c.Stats(context.Background(), nil, 0, 0)
		done <- err
	}()
	<-asked
	c.Close()
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestNoDaemon(t *testing.T) {
	_, err := Open(t.Context(), Options{URI: "test:///default", Socket: filepath.Join(t.TempDir(), "nothing")})
	if err == nil || !strings.Contains(err.Error(), "cannot reach libvirt") {
		t.Errorf("got %v", err)
	}
}

func TestResolve(t *testing.T) {
	dirs := []string{"/run/user/7"}
	for _, tc := range []struct {
		o       Options
		network string
		places  []string
		open    string
		wantErr string
	}{
		{o: Options{URI: "qemu:///system"}, network: "unix", places: []string{"/run/libvirt/virtqemud-sock", "/run/libvirt/libvirt-sock"}, open: "qemu:///system"},
		{o: Options{URI: "qemu:///system", ReadOnly: true}, network: "unix", places: []string{"/run/libvirt/virtqemud-sock-ro", "/run/libvirt/libvirt-sock-ro"}, open: "qemu:///system"},
		{o: Options{URI: "qemu:///session", UserDirs: dirs, ReadOnly: true}, network: "unix", places: []string{"/run/user/7/libvirt/virtqemud-sock", "/run/user/7/libvirt/libvirt-sock"}, open: "qemu:///session"},
		{o: Options{URI: "test:///default", UserDirs: dirs}, network: "unix", places: []string{"/run/libvirt/libvirt-sock", "/run/user/7/libvirt/libvirt-sock"}, open: "test:///default"},
		{o: Options{URI: "qemu+unix:///system?socket=/s"}, network: "unix", places: []string{"/s"}, open: "qemu:///system"},
		{o: Options{URI: "qemu:///system", Socket: "/t"}, network: "unix", places: []string{"/t"}, open: "qemu:///system"},
		{o: Options{URI: "qemu+tcp://h/system"}, network: "tcp", places: []string{"h:16509"}, open: "qemu:///system"},
		{o: Options{URI: "qemu+tcp://[::1]:99/system"}, network: "tcp", places: []string{"[::1]:99"}, open: "qemu:///system"},
		{o: Options{URI: "qemu+ssh://h/system"}, wantErr: "only unix and tcp"},
		{o: Options{URI: "qemu://h/system"}, wantErr: "only unix and tcp"},
		{o: Options{URI: "/system"}, wantErr: "names no driver"},
		{o: Options{URI: ""}, wantErr: "names no driver"},
		{o: Options{URI: "qemu://%zz"}, wantErr: "cannot read"},
	} {
		a, err := resolve(tc.o)
		if tc.wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
				t.Errorf("%q: got %v, want %q", tc.o.URI, err, tc.wantErr)
			}
			continue
		}
		if err != nil || a.network != tc.network || a.open != tc.open || !slices.Equal(a.places, tc.places) {
			t.Errorf("%q: got %+v, %v", tc.o.URI, a, err)
		}
	}
}
