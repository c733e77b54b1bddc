// SPDX-License-Identifier: GPL-2.0-or-later

package wire

import (
	"encoding/binary"
	"fmt"
)

// CheckReply reports whether the payload of a reply is what libvirt's protocol
// says for that procedure. Only the procedures that this project calls are
// known; an unknown one is refused.
func CheckReply(h Header, payload []byte) error {
	r := &reader{buf: payload}
	if h.Status == StatusError {
		r.remoteError()
		if r.err != nil {
			return fmt.Errorf("broken error in reply to procedure %d: %w", h.Procedure, r.err)
		}
		return nil
	}
	read, known := replyShape(h.Program, h.Procedure)
	if !known {
		return fmt.Errorf("reply to procedure %d of program %#x, which was not expected", h.Procedure, h.Program)
	}
	read(r)
	if err := r.done(); err != nil {
		return fmt.Errorf("broken reply to procedure %d: %w", h.Procedure, err)
	}
	return nil
}

// remoteError reads the part of an error that clients look at: code, domain
// of the error, message, level.
func (r *reader) remoteError() {
	r.take(8)
	if r.u32() != 1 {
		r.fail("error without a message")
	}
	r.str(maxString)
	r.take(4)
}

func replyShape(program, procedure uint32) (func(*reader), bool) {
	nothing := func(*reader) {}
	text := func(r *reader) { r.str(maxString) }
	domain := func(r *reader) { r.domain() }
	word := func(r *reader) { r.take(4) }
	hyper := func(r *reader) { r.take(8) }

	if program == ProgramQEMU {
		return text, procedure == ProcMonitorCommand
	}
	if program != ProgramRemote {
		return nil, false
	}
	switch procedure {
	case 1, 2, 12, 28, 34, 53, // open, close, destroy, resume, suspend, dump
		160, 161, 174, // attach, detach, update a device
		164, 182, 184, 192, 204, 231, 308, // abort job, managed save and its removal, go back to a snapshot, memory, undefine, period of statistics
		237, 240, 245, 251, 267, 290, // abort block job, copy images into the first one, reset, resize a disk, wake up, merge a chain
		345, 355, 356, 366, 384, 386, 402, 421, 427: // copy, IOThreads, perf, vCPU, threshold, IOThread settings, backup, dirty rate
		return nothing, true
	case 3, 7, 14, 59, 342: // type, capabilities, XML, host name, domain capabilities
		return text, true
	case 10, 23, 24, 196, 350: // create, look up, start, define
		return domain, true
	case 60, 70: // feature, polkit
		return word, true
	case 4, 157: // versions
		return hyper, true
	case 66:
		return func(r *reader) { r.take(4 * r.count(maxAuth, 4)) }, true
	case 185: // snapshot: name, domain
		return func(r *reader) { r.str(maxString); r.domain() }, true
	case 212: // state, reason
		return hyper, true
	case 273: // domains, count
		return func(r *reader) {
			for range r.count(maxDomains, domainSize) {
				r.domain()
			}
			r.take(4)
		}, true
	case ProcAllDomainStats:
		return func(r *reader) { r.records() }, true
	}
	return nil, false
}

// ErrorPayload is the payload of an error reply with this code and message.
func ErrorPayload(code uint32, message string) []byte {
	const domainRPC, levelError = 13, 2
	b := binary.BigEndian.AppendUint32(nil, code)
	b = binary.BigEndian.AppendUint32(b, domainRPC)
	b = binary.BigEndian.AppendUint32(b, 1)
	b = appendString(b, message)
	b = binary.BigEndian.AppendUint32(b, levelError)
	// No domain, three texts, two numbers, no network.
	return append(b, make([]byte, 4*7)...)
}
