// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

import "errors"

// An Error is an error of libvirt.
type Error struct {
	Code    uint32 // one of libvirt's error numbers
	Message string
}

// Error returns libvirt's own message.
func (e *Error) Error() string { return e.Message }

// Error numbers that the statistics calls and their surroundings give.
const (
	CodeInternal         uint32 = 1
	CodeNoSupport        uint32 = 3
	CodeInvalidArg       uint32 = 8
	CodeOperationFailed  uint32 = 9
	CodeOperationDenied  uint32 = 29
	CodeSystem           uint32 = 38
	CodeRPC              uint32 = 39
	CodeNoDomain         uint32 = 42
	CodeOperationInvalid uint32 = 55
	CodeArgUnsupported   uint32 = 74
)

// ErrorCode returns the libvirt error number inside err, or 0 when there is
// none, as for a connection that broke.
func ErrorCode(err error) uint32 {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return 0
}
