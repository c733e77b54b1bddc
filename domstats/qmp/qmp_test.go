// SPDX-License-Identifier: GPL-2.0-or-later

package qmp

import (
	"context"
	"errors"
	"strings"
	"testing"
)

type canned string

func (c canned) Execute(context.Context, string) (string, error) { return string(c), nil }

func TestCall(t *testing.T) {
	for _, tc := range []struct{ name, reply, wantErr string }{
		{"status", `{"return":{"status":"running"},"id":"libvirt-7"}`, ""},
		{"refused", `{"id":"x","error":{"class":"CommandNotFound","desc":"The command query-x has not been found"}}`, "has not been found"},
		{"neither", `{}`, "neither result nor error"},
		{"no JSON", `oops`, "cannot read the reply"},
		{"other shape", `{"return":[1]}`, "cannot read the reply to query-status"},
		{"empty", ``, "cannot read the reply"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Status(t.Context(), canned(tc.reply))
			if tc.wantErr == "" {
				if err != nil || got != "running" {
					t.Errorf("got %q, %v", got, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
				t.Errorf("got %v, want %q", err, tc.wantErr)
			}
		})
	}
	_, err := CPUs(t.Context(), canned(`{"error":{"class":"GenericError","desc":"no"}}`))
	if e, ok := errors.AsType[*Error](err); !ok || e.Class != "GenericError" {
		t.Errorf("got %v", err)
	}
}

func TestVersion(t *testing.T) {
	got, err := Version(t.Context(), canned(`{"return":{"qemu":{"micro":22,"minor":2,"major":7},"package":"Debian"}}`))
	if err != nil || got.String() != "7.2.22" {
		t.Errorf("got %s, %v", got, err)
	}
	if got, err := Version(t.Context(), canned(`{"return":{"qemu":"7"}}`)); err == nil {
		t.Errorf("got %s", got)
	}
}
