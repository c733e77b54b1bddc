// SPDX-License-Identifier: GPL-2.0-or-later

package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
)

func sample() []domstats.Record {
	return []domstats.Record{
		{Domain: domstats.Domain{Name: "one", UUID: domstats.UUID{1, 2}, ID: 7}, Params: []domstats.Param{
			domstats.NewParam("state.state", int32(-1)),
			domstats.NewParam("vcpu.current", uint32(4)),
			domstats.NewParam("dirtyrate.megabytes_per_second", int64(-5)),
			domstats.NewParam("cpu.time", uint64(1)<<63),
			domstats.NewParam("x.ratio", 0.5),
			domstats.NewParam("vcpu.0.guest_mode.cur", true),
			domstats.NewParam("net.0.name", "vnet10"),
		}},
		{Domain: domstats.Domain{Name: "", ID: -1}, Params: []domstats.Param{}},
	}
}

func TestRecordsSurviveTheWire(t *testing.T) {
	b, err := EncodeRecords(sample())
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeRecords(b)
	if err != nil || !reflect.DeepEqual(got, sample()) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestEncodeRefusesAValueOfAnotherType(t *testing.T) {
	_, err := EncodeRecords([]domstats.Record{{Params: []domstats.Param{{Name: "a", Type: domstats.Bool, Value: uint64(1)}}}})
	if err == nil || !strings.Contains(err.Error(), "is not a boolean") {
		t.Errorf("got %v", err)
	}
}

func words(w ...uint32) []byte {
	var b []byte
	for _, v := range w {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

func TestCheckReply(t *testing.T) {
	records, err := EncodeRecords(sample())
	if err != nil {
		t.Fatal(err)
	}
	domain := appendDomain(nil, domstats.Domain{Name: "d"})
	discriminant := append(append(words(1), appendDomain(nil, domstats.Domain{Name: "d"})...), words(1, 4, 0x61616161, 8, 0, 0)...)
	for _, tc := range []struct {
		name    string
		h       Header
		payload []byte
		wantErr string
	}{
		{"records", Header{Program: ProgramRemote, Procedure: 344}, records, ""},
		{"no records", Header{Program: ProgramRemote, Procedure: 344}, words(0), ""},
		{"text", Header{Program: ProgramQEMU, Procedure: 1}, appendString(nil, "{}"), ""},
		{"domains", Header{Program: ProgramRemote, Procedure: 273}, append(append(words(1), domain...), words(1)...), ""},
		{"auth", Header{Program: ProgramRemote, Procedure: 66}, words(1, 0), ""},
		{"nothing", Header{Program: ProgramRemote, Procedure: 12}, nil, ""},
		{"a chain is copied into its first image", Header{Program: ProgramRemote, Procedure: 240}, nil, ""},
		{"the period of statistics is set", Header{Program: ProgramRemote, Procedure: 308}, nil, ""},
		{"error", Header{Program: ProgramRemote, Procedure: 344, Status: 1}, ErrorPayload(38, "gone"), ""},

		{"cut record", Header{Program: ProgramRemote, Procedure: 344}, records[:len(records)-3], "wanted where"},
		{"unknown type", Header{Program: ProgramRemote, Procedure: 344}, discriminant, `parameter "aaaa" has type 8`},
		{"list too long", Header{Program: ProgramRemote, Procedure: 344}, words(0xffffffff), "list of 4294967295 elements where"},
		{"list longer than packet", Header{Program: ProgramRemote, Procedure: 344}, words(16384), "elements in 0 bytes"},
		{"string too long", Header{Program: ProgramQEMU, Procedure: 1}, words(0xfffffff0), "string of 4294967280 bytes"},
		{"string longer than packet", Header{Program: ProgramQEMU, Procedure: 1}, words(100), "100 bytes wanted where 0 are left"},
		{"left over", Header{Program: ProgramRemote, Procedure: 12}, words(1), "4 bytes left over"},
		{"auth lie", Header{Program: ProgramRemote, Procedure: 66}, words(19), "elements in 0 bytes"},
		{"broken error", Header{Program: ProgramRemote, Procedure: 12, Status: 1}, words(1, 2, 1, 900), "broken error"},
		{"error without text", Header{Program: ProgramRemote, Procedure: 12, Status: 1}, words(1, 2, 0, 2), "without a message"},
		{"unknown procedure", Header{Program: ProgramRemote, Procedure: 9}, nil, "not expected"},
		{"unknown program", Header{Program: 7, Procedure: 344}, records, "not expected"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := CheckReply(tc.h, tc.payload)
			if tc.wantErr == "" && err != nil || tc.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tc.wantErr)) {
				t.Errorf("got %v, want %q", err, tc.wantErr)
			}
		})
	}
}

func TestReadPacketRefusesLies(t *testing.T) {
	for _, tc := range []struct {
		name, wantErr string
		in            []byte
	}{
		{"length zero", "length of 0 bytes", make([]byte, 64)},
		{"shorter than a header", "length of 27 bytes", append(words(27), make([]byte, 60)...)},
		{"4 GiB", "length of 4294967295 bytes", append(words(0xffffffff), make([]byte, 60)...)},
		{"longer than sent", "ends early", append(words(1<<20), make([]byte, 60)...)},
		{"half a header", "unexpected EOF", make([]byte, 9)},
		{"nothing", "EOF", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := ReadPacket(bytes.NewReader(tc.in)); err == nil || !strings.Contains(err.Error(), tc.wantErr) {
				t.Errorf("got %v, want %q", err, tc.wantErr)
			}
		})
	}
}

func serve(t *testing.T, conn net.Conn, replies ...[]byte) {
	t.Helper()
	go func() {
		defer conn.Close()
		if _, err := ReadPacket(conn); err != nil {
			return
		}
		for _, r := range replies {
			if _, err := conn.Write(r); err != nil {
				return
			}
		}
	}()
}

func reply(serial int32, payload []byte) []byte {
	return Packet{Header{ProgramRemote, 1, 12, TypeReply, serial, 0}, payload}.Bytes()
}

func TestGuard(t *testing.T) {
	event := Packet{Header{ProgramRemote, 1, 318, 2, 0, 0}, words(1)}.Bytes()
	wrongProcedure := Packet{Header{ProgramRemote, 1, 13, TypeReply, 5, 0}, nil}.Bytes()
	for _, tc := range []struct {
		name    string
		replies [][]byte
		want    []string // "ok", or the message of the error reply, in order
	}{
		{"one answer", [][]byte{reply(5, nil)}, []string{"ok"}},
		{"answers nobody asked for", [][]byte{event, reply(6, nil), wrongProcedure, reply(5, nil)}, []string{"ok"}},
		{"the same answer twice", [][]byte{reply(5, nil), reply(5, nil)}, []string{"ok"}},
		{"a broken answer", [][]byte{reply(5, words(1))}, []string{"broken reply to procedure 12"}},
		{"a lying length", [][]byte{append(words(3), make([]byte, 40)...)}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			near, far := net.Pipe()
			serve(t, far, tc.replies...)
			g := Guard(near)
			if err := g.SetDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			call := Packet{Header{ProgramRemote, 1, 12, TypeCall, 5, 0}, []byte("in two pieces")}.Bytes()
			for _, piece := range [][]byte{call[:9], call[9:]} {
				if _, err := g.Write(piece); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for {
				p, err := ReadPacket(g)
				if err != nil {
					var ne net.Error
					if errors.As(err, &ne) && ne.Timeout() {
						t.Fatal("the guard waits for ever")
					}
					break
				}
				if p.Header.Status == StatusOK {
					got = append(got, "ok")
				} else {
					got = append(got, string(p.Payload))
				}
			}
			if len(got) != len(tc.want) {
				t.Fatalf("got %q, want %q", got, tc.want)
			}
			for i := range got {
				if !strings.Contains(got[i], tc.want[i]) {
					t.Errorf("got %q, want %q", got[i], tc.want[i])
				}
			}
		})
	}
}

// Decoded records encode to the same bytes, except that booleans are normalised to 0 or 1
// and padding to zeros.
func FuzzDecodeRecords(f *testing.F) {
	seed, err := EncodeRecords(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(words(0))
	f.Add(words(1, 0xffffffff))
	f.Fuzz(func(t *testing.T, data []byte) {
		records, err := DecodeRecords(data)
		if err != nil {
			return
		}
		b, err := EncodeRecords(records)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) != len(data) {
			t.Fatalf("%d bytes became %d", len(data), len(b))
		}
		again, err := DecodeRecords(b)
		if err != nil {
			t.Fatal(err)
		}
		if x, err := EncodeRecords(again); err != nil || !bytes.Equal(x, b) {
			t.Fatalf("second encoding differs: %v", err)
		}
	})
}

func FuzzReadPacket(f *testing.F) {
	f.Add(reply(1, []byte("abc")))
	f.Add(words(0))
	f.Add(words(28, 0, 0, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		p, err := ReadPacket(r)
		if err != nil {
			return
		}
		rest, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(append(p.Bytes(), rest...), data) {
			t.Fatal("bytes changed")
		}
	})
}
