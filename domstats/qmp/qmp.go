// SPDX-License-Identifier: GPL-2.0-or-later

// Package qmp asks QEMU's monitor what it knows about a domain's statistics.
package qmp

import (
	"context"
	"encoding/json"
	"fmt"
)

// An Executor sends one command in JSON to a QEMU and returns its reply in JSON.
// libvirt's passthrough is one.
type Executor interface {
	Execute(ctx context.Context, command string) (reply string, err error)
}

// An Error is QEMU's refusal of a command. libvirt's passthrough counts such
// a reply as success.
type Error struct {
	Class string `json:"class"`
	Desc  string `json:"desc"`
}

// Error returns QEMU's description.
func (e *Error) Error() string { return e.Desc }

// Call executes command with arguments (nil for none) and decodes what it
// returns into out (nil to drop it). A refusal is an [*Error].
func Call(ctx context.Context, x Executor, command string, arguments, out any) error {
	request := struct {
		Execute   string `json:"execute"`
		Arguments any    `json:"arguments,omitempty"`
	}{command, arguments}
	text, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("cannot encode %s: %w", command, err)
	}
	reply, err := x.Execute(ctx, string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	value, err := Return([]byte(reply))
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(value, out); err != nil {
		return fmt.Errorf("cannot read the reply to %s: %w", command, err)
	}
	return nil
}

// Return returns the "return" member of a reply, or the refusal in it.
func Return(reply []byte) (json.RawMessage, error) {
	var r struct {
		Return json.RawMessage `json:"return"`
		Error  *Error          `json:"error"`
	}
	if err := json.Unmarshal(reply, &r); err != nil {
		return nil, fmt.Errorf("cannot read the reply: %w", err)
	}
	if r.Error != nil {
		return nil, r.Error
	}
	if r.Return == nil {
		return nil, fmt.Errorf("the reply has neither result nor error")
	}
	return r.Return, nil
}
