// SPDX-License-Identifier: GPL-2.0-or-later

package explain

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A reasonless is an error of podman without a message about its cause.
type reasonless struct {
	err  error
	text string
}

func (r *reasonless) Error() string { return r.text }

func (r *reasonless) Unwrap() error { return r.err }

// A response is podman's errorhandling.ErrorModel, without its package.
type response interface {
	error
	Cause() error
	Code() int
}

// Reason returns err, with a better message if podman's response has none, or if
// it does not come from podman.
func Reason(err error) error {
	if err == nil {
		return errors.New("no reason is known")
	}
	text := err.Error()
	if _, after, found := strings.Cut(text, "unmarshalling error into "); found {
		_, data, _ := strings.Cut(after, ", data ")
		data, _, _ = strings.Cut(data, ": ")
		if data = strings.Trim(data, `"`); data == "" {
			return &reasonless{err, "podman's answer is empty"}
		}
		return &reasonless{err, "the answer is not podman's: " + data}
	}
	if strings.TrimSpace(text) != "" {
		return err
	}
	if r, ok := errors.AsType[response](err); ok {
		if cause := r.Cause().Error(); cause != "" {
			return &reasonless{err, cause}
		}
		return &reasonless{err, fmt.Sprintf("podman refused with status %d and gave no reason", r.Code())}
	}
	return &reasonless{err, fmt.Sprintf("no reason was given (%T)", err)}
}

// LogMessage returns the last message of podman's log.
func LogMessage(text string) string {
	line := LastLine(text)
	_, rest, _ := strings.Cut(line, " msg=")
	if quoted, err := strconv.QuotedPrefix(rest); err == nil {
		if message, err := strconv.Unquote(quoted); err == nil && strings.TrimSpace(message) != "" {
			return strings.TrimSpace(message)
		}
	}
	return line
}
