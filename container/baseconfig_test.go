// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

// exported returns an exported image with files of these names and contents.
func exported(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: files[i], Mode: 0o444, Size: int64(len(files[i+1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOnBuildOfAnExport(t *testing.T) {
	const config, other = `{"config":{"OnBuild":["RUN touch /a","COPY . /"]}}`, `{"config":{}}`
	sum := sha256.Sum256([]byte(config))
	id := hex.EncodeToString(sum[:])
	whole := exported(t, "layer.tar", strings.Repeat("x", 5000), id+".json", config, "manifest.json", "[]")
	for _, test := range []struct {
		name    string
		archive []byte
		want    string // in the error
	}{
		{"after a layer", whole, ""},
		{"forged", exported(t, id+".json", other), "configuration of another one"},
		{"none", exported(t, "layer.tar", "x", strings.Repeat("0", 64)+".json", other), "has no configuration"},
		{"cut in a layer", whole[:2000], "unexpected EOF"},
		{"cut before the configuration", whole[:512+5120], "has no configuration"},
		{"empty", nil, "has no configuration"},
		{"too large", exported(t, id+".json", strings.Repeat(" ", maxImageConfig+1)), "larger than"},
		{"no archive", bytes.Repeat([]byte("no archive"), 1000), "invalid tar header"},
	} {
		got, err := archivedOnBuild(bytes.NewReader(test.archive), id)
		switch {
		case test.want == "" && (err != nil || !slices.Equal(got, []string{"RUN touch /a", "COPY . /"})):
			t.Errorf("%s: %q, %v", test.name, got, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

func TestStoreOfLayer(t *testing.T) {
	for _, x := range []struct{ driver, upper, want string }{
		{"overlay", "/var/lib/containers/storage/overlay/ab12/diff", "/var/lib/containers/storage/overlay-images"},
		{"overlay", "/home/me/overlay/diff", ""},
		{"overlay", "overlay/ab12/diff", ""},
		{"overlay", "/s/overlay/ab12", ""},
		{"overlay", "/s/overlay/ab12/work", ""},
		{"vfs", "", ""},
		{"vfs", "/s/overlay/ab12/diff", ""},
	} {
		if got := storeOfLayer(x.driver, x.upper); got != x.want {
			t.Errorf("%s %s: got %q, want %q", x.driver, x.upper, got, x.want)
		}
	}
}
