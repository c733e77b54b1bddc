// SPDX-License-Identifier: GPL-2.0-or-later

package buildrisk

import (
	"strings"
	"testing"
)

func TestSources(t *testing.T) {
	tests := []struct{ text, want string }{
		{"RUN true", ""},
		{"COPY a b/* /dir/", "a b/*"},
		{"COPY [\"a b\", \"/x\"]", "a b"},
		{"ADD --chown=1:1 setup.sh /root/\nCOPY setup.sh /", "setup.sh"},
		{"COPY --from=link /a /b\nCOPY --from=0 c /d", ""},
		{"ADD https://example.org/x.tar /x\nADD git@example.org:x /x", ""},
		{"ARG D=sub\nCOPY $D/file /", "sub/file"},
		{"ARG D\nCOPY $D/file /", "given/file"},
		{"COPY $UNKNOWN/file /", "."},
		{"COPY . /src", "."},
		{"ONBUILD COPY x /", "x"},
		{"RUN --mount=type=bind,source=a,target=/m id", "."},
		{"RUN --mount=target=/m id", "."},
		{"RUN --mount=type=cache,target=/m id", ""},
		{"RUN --mount=type=bind,from=link,target=/m id", ""},
		{"COPY <<EOF /x\ntext\nEOF", ""},
	}
	for _, test := range tests {
		got, err := Sources([]byte("FROM a AS link\nFROM b\n"+test.text+"\n"), map[string]string{"D": "given"})
		if test.want == "sub/file" {
			test.want = "given/file" // what is given wins
		}
		if err != nil || strings.Join(got, " ") != test.want {
			t.Errorf("%q: %q, %v, want %q", test.text, got, err, test.want)
		}
	}
	if _, err := Sources([]byte("# nothing\n"), nil); err == nil {
		t.Error("a text without instructions is read")
	}
}
