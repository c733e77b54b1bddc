// SPDX-License-Identifier: GPL-2.0-or-later

package yamldoc

// Tag is the type of the value in YAML's words: "!!str", "!!int", "!!seq", or
// what the file itself gives, "!reference" among them. A null has "!!null".
func (n Node) Tag() string {
	if n.IsNull() {
		return "!!null"
	}
	return n.node.ShortTag()
}

// IsQuoted reports whether a scalar stands between quotes or in a block, and
// so is a string whatever it looks like.
func (n Node) IsQuoted() bool {
	const plain = 0
	return n.node != nil && n.node.Style != plain && n.node.Tag == "!!str"
}
