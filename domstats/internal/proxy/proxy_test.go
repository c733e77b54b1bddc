// SPDX-License-Identifier: GPL-2.0-or-later

package proxy

import (
	"context"
	"encoding/binary"
	"net"
	"path/filepath"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
	"gitlab.com/lcitool/lcitool/domstats/wire"
)

// daemon answers every statistics call with the same record.
func daemon(t *testing.T) string {
	t.Helper()
	records, err := wire.EncodeRecords([]domstats.Record{{Domain: domstats.Domain{Name: "d"}, Params: []domstats.Param{
		domstats.NewParam("cpu.time", uint64(7))}}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "daemon")
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
			go func() {
				defer conn.Close()
				for {
					p, err := wire.ReadPacket(conn)
					if err != nil {
						return
					}
					payload := map[uint32][]byte{66: make([]byte, 4), 157: binary.BigEndian.AppendUint64(nil, 11003000), 344: records}[p.Header.Procedure]
					p.Header.Type, p.Payload = wire.TypeReply, payload
					if _, err := conn.Write(p.Bytes()); err != nil {
						return
					}
				}
			}()
		}
	}()
	return path
}

func through(t *testing.T, rewrite Rewrite) *rpc.Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "proxy")
	p, err := Listen(path, daemon(t), rewrite)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := rpc.Open(t.Context(), rpc.Options{URI: "qemu:///system", Socket: path, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestRecordsAreRewritten(t *testing.T) {
	c := through(t, Records(func(r []domstats.Record) []domstats.Record {
		r[0].Params[0].Value = uint64(8)
		return r
	}))
	got, err := c.Stats(t.Context(), nil, 0, 0)
	if err != nil || len(got) != 1 || got[0].Params[0].Value != any(uint64(8)) {
		t.Errorf("got %+v, %v", got, err)
	}
	if v, err := c.Version(t.Context()); err != nil || v != 11003000 {
		t.Errorf("another call gives %v, %v", v, err)
	}
}

// The call ends with an error; the connection survives if the packets are complete.
func TestBrokenAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		lie      Rewrite
		survives bool
	}{
		"a type that is not known":  {UnknownType, true},
		"a string that lies":        {LongString, true},
		"a list that lies":          {LongList, true},
		"a length of zero":          {ZeroLength, false},
		"silence":                   {Silence, false},
		"noise":                     {func(wire.Packet) []byte { return []byte("HTTP/1.1 400 Bad Request and so on") }, false},
		"a packet that never ends":  {func(p wire.Packet) []byte { return p.Bytes()[:20] }, false},
		"a record that cannot be":   {Records(func([]domstats.Record) []domstats.Record { return nil }), true},
		"an answer to another call": {func(p wire.Packet) []byte { p.Header.Serial += 100; return p.Bytes() }, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := through(t, tc.lie)
			ctx, cancel := context.WithCancel(t.Context())
			if !tc.survives { // some of these never answer
				ctx, cancel = context.WithTimeout(ctx, 500*time.Millisecond)
			}
			defer cancel()
			got, err := c.Stats(ctx, nil, 0, 0)
			if err == nil && len(got) > 0 {
				t.Errorf("got %+v", got)
			}
			if _, err := c.Version(t.Context()); (err == nil) != tc.survives {
				t.Errorf("the next call gives %v", err)
			}
		})
	}
}

func TestNoDaemonBehind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "proxy")
	p, err := Listen(path, filepath.Join(t.TempDir(), "nothing"), Silence)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := rpc.Open(t.Context(), rpc.Options{URI: "qemu:///system", Socket: path, Timeout: time.Second}); err == nil {
		t.Error("connected to nobody")
	}
	if _, err := Listen(path, "", Silence); err == nil {
		t.Error("the same socket twice")
	}
}
