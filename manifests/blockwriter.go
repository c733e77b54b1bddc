// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// A blockWriter writes YAML in block style, with an indentation of two spaces. The
// text is the same as that of yaml.v3's Encoder, which needs a tree of nodes and
// buffers for each document.
type blockWriter struct {
	b       bytes.Buffer
	indent  int   // of keys and items, in spaces
	compact bool  // what comes next is in the line of an item or of a key that is not simple
	err     error // the first error of a scalar
}

// key begins an entry of a mapping. One value must follow.
func (w *blockWriter) key(name string) {
	w.startLine()
	if isSimpleKey(name) {
		w.scalar(name)
		w.b.WriteByte(':')
		return
	}
	w.b.WriteString("? ")
	w.scalar(name)
	w.b.WriteByte('\n')
	w.startLine()
	w.b.WriteByte(':')
	w.compact = true
}

// item begins an item of a sequence. One value must follow.
func (w *blockWriter) item() {
	w.startLine()
	w.b.WriteByte('-')
	w.compact = true
}

func (w *blockWriter) startLine() {
	if !w.compact {
		for range w.indent {
			w.b.WriteByte(' ')
		}
	}
	w.compact = false
}

// open begins a value that is a mapping or a sequence, with at least one entry.
func (w *blockWriter) open() {
	if w.compact {
		w.b.WriteByte(' ')
	} else {
		w.b.WriteByte('\n')
	}
	w.indent += 2
}

// close ends what open began.
func (w *blockWriter) close() { w.indent -= 2 }

// plain writes a value that needs no quotes and may be other than a string.
func (w *blockWriter) plain(text string) {
	w.b.WriteByte(' ')
	w.b.WriteString(text)
	w.b.WriteByte('\n')
	w.compact = false
}

func (w *blockWriter) boolean(b bool) { w.plain(strconv.FormatBool(b)) }

// text writes a string as a value.
func (w *blockWriter) text(s string) {
	w.b.WriteByte(' ')
	w.scalar(s)
	w.b.WriteByte('\n')
	w.compact = false
}

func (w *blockWriter) scalar(s string) {
	text, err := scalar(s)
	if w.err == nil {
		w.err = err
	}
	w.b.WriteString(text)
}

// value writes a value that the manifest passes through.
func (w *blockWriter) value(v any) {
	switch v := v.(type) {
	case nil:
		w.plain("null")
	case bool:
		w.boolean(v)
	case int64:
		w.plain(strconv.FormatInt(v, 10))
	case []any:
		if len(v) == 0 {
			w.plain("[]")
			return
		}
		w.open()
		for _, item := range v {
			w.item()
			w.value(item)
		}
		w.close()
	case map[string]any:
		if len(v) == 0 {
			w.plain("{}")
			return
		}
		w.open()
		w.entries(v)
		w.close()
	default:
		w.text(fmt.Sprint(v))
	}
}

// entries writes the entries of a mapping, sorted by key.
func (w *blockWriter) entries(m map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		w.key(key)
		w.value(m[key])
	}
}
