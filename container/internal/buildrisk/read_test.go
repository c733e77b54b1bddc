// SPDX-License-Identifier: GPL-2.0-or-later

package buildrisk

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/openshift/imagebuilder/dockerfile/parser"
)

// builders returns the instructions as podman's builder reads them.
func builders(text []byte) ([]instruction, error) {
	result, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	var all []instruction
	for _, node := range result.AST.Children {
		all = flatten(all, node, node.StartLine)
	}
	if len(all) == 0 {
		return nil, errors.New("no instructions")
	}
	return all, nil
}

// flatten appends the instruction of a node and those nested in it.
func flatten(all []instruction, node *parser.Node, line int) []instruction {
	i := instruction{line: line, name: strings.ToUpper(node.Value), flags: node.Flags}
	var inside []*parser.Node
	for n := node.Next; n != nil; n = n.Next {
		i.args = append(i.args, n.Value)
		inside = append(inside, n.Children...)
	}
	all = append(all, i)
	for _, n := range inside {
		all = flatten(all, n, line)
	}
	return all
}

// same fails unless both read the same instructions, or both refuse the text.
func same(t *testing.T, text string) {
	t.Helper()
	got, gotErr := read([]byte(text), documents)
	want, wantErr := builders([]byte(text))
	if len(text) > maxSize && gotErr != nil || errors.Is(gotErr, errLong) {
		return
	}
	equal := slices.EqualFunc(got, want, func(a, b instruction) bool {
		return a.line == b.line && a.name == b.name && slices.Equal(a.flags, b.flags) && slices.Equal(a.args, b.args)
	})
	if !equal || (gotErr == nil) != (wantErr == nil) {
		t.Fatalf("%q:\ngot  %+v %v\nwant %+v %v", text, got, gotErr, want, wantErr)
	}
}

// sources has files that are simple, real or difficult.
func sources() []string {
	return []string{
		"", "\n", "\r", "#", "FROM", "FROM x", "from x as y\n", "\ufeffFROM x", "\ufeff# escape=`\nFROM x `\n y", " \ufeffFROM x", "FROM x\r\nRUN a\\\r\nb\r\n",
		"# syntax=docker/dockerfile:1\n# escape=`\nFROM x\nRUN a `\n b\\\nc", "# escape = `\n# escape=\\\n", "#escape=`\n#ESCAPE=`", "# escape=\nFROM x", "# escape= \nFROM x",
		"# escape=\t\r\nFROM x", "# escape=x\nFROM x", "\t# EsCaPe=` and more\nFROM x `\ny", "\n# escape=`\nFROM x `\ny", "# x\n# escape=`\nFROM x `\ny", "# escape=\u00e9\n", "#\u00a0escape=`\nRUN `\n",
		"RUN a \\\n\n \n# c\n  # d\nb \\ \t\nc\\", "RUN a\\\\\nb", "RUN \\", "\\", "\\\n", "\\\n\\\nRUN x", "RUN a \\\n#c\\\nb\nRUN d", "\\\nFROM x", "RUN a\\\n\ufeffb", "RUN a \\\n\t", " \\\nRUN x",
		"run <<EOF\nLABEL a\nEOF\nRUN b", "RUN <<-EOF\n\t\tx\n\tEOF\nRUN b", "COPY <<a <<b /x\n1\na\n2\nb\nRUN c", "RUN <<'E F'\nx\nE F\nRUN b", "RUN <<\"EOF\"\n$x\nEOF\r\r\nRUN b",
		"RUN cat <<EOF > x <<-X\n1\nEOF\n2\n\tX\nUSER u", "RUN 3<<EOF\nx\nEOF\nUSER u", "RUN <<EOF", "RUN <<EOF\nEOF", "RUN <<", "RUN <<-", "RUN <<<x\nUSER u", "RUN a<<EOF\nx\nEOF", "RUN a <<EOF'\nUSER u",
		"RUN <<E\"O\"F\nUSER x\nEOF\nUSER y", "RUN <<$X\nUSER x\n$X\nUSER y", "RUN <<\\EOF\nUSER x\nEOF\nUSER y", "RUN <<''\nUSER x\n\nUSER y", "RUN <<'$(a b)'\nx\n$(a b)", "RUN <<${x:-y}\n${x:-y}\n", "RUN <<${\nx",
		"RUN [\"a\", \"<<EOF\"]\nUSER x", "RUN [\"a\"] <<EOF\nUSER x\nEOF", "ADD <<x /y\nUSER u\nx", "VOLUME <<x\nUSER u", "CMD <<x\nUSER u", "ONBUILD RUN <<x\nUSER u\nx\nUSER v", "ONBUILD ONBUILD RUN <<x\nUSER u\nx",
		"ONBUILD", "ONBUILD ", "ONBUILD x", "ONBUILD onbuild COPY --from=a b c", "onbuild --x RUN y", "ONBUILD COPY [\"<<a\", \"b\"]\nUSER u", "ONBUILD RUN [1]", "ONBUILD LABEL x",
		"RUN --mount=type=bind,target=/m --x \"--y z\" id", "RUN --mount='a b'c\\ d\\", "RUN -- --x", "RUN --", "RUN --'' x", "RUN --\\", "RUN -x --y", "RUN - -", "RUN --a=\"", "RUN --a=\u00e9\u0085\u00a0 x",
		"RUN --a\u00a0b", "RUN \x85--a b", "RUN \u00a0--a b", "COPY --from=a\\\n --chown=b c d", "COPY \"--from=a\" b", "RUN --a\tb\vc\fd", "FROM --platform=x y",
		"CMD [\"a\", \"b\"] c", "CMD [\"a\", 1]", "CMD [1, {]", "CMD [ ]", "CMD []x", "CMD [", "CMD \u00a0[\"a\"]", "CMD [\"\\ud800\\u0041\xff\"]", "SHELL [\"a\"]", "ENTRYPOINT a b ", "COPY [a] b", "COPY [[]] b", "ADD [\"a b\", \"c\"]",
		"ENV a=b c=\"d e\" f=\\\"", "ENV a b c", "ENV a", "ENV a=b c", "ENV \"a b\" c", "ENV 'a=b c", "ENV a=b\\", "ENV a=\"b\\", "ENV a\\ b=c", "ENV =", "ENV \xff=\xfe", "LABEL \u00a0a=b\u00a0", "ENV a\u00a0b", "ENV a\vb  c",
		"# escape=`\nENV a=`\" b=`", "ARG a b=c \"d e\" 'f", "ARG", "LABEL", "ENV \\", "ENV '\\' b",
		"HEALTHCHECK NONE", "HEALTHCHECK --interval=1s CMD a b", "HEALTHCHECK CMD [\"a\"]", "HEALTHCHECK CMD [1]", "HEALTHCHECK \xa0 x", "HEALTHCHECK CMD\xa0\x85a", "HEALTHCHECK C\u00e0D x",
		"EXPOSE 1 2\t3\v4", "FROM a\u00a0b c", "WORKDIR a  b ", "USER", "STOPSIGNAL x", "MAINTAINER a <b>", "NOPE a b", "LABEL\u00a0a=b", "LABEL\va=b", "WOR\u212aDIR /x", "\u017fHELL [1]", "ONBU\u0131LD RUN x", "rUn\x00x", "\xffRUN x",
		strings.Repeat("ONBUILD ", 50) + "RUN x", "RUN " + strings.Repeat("x", 5000) + "\\\nb\nUSER u", strings.Repeat("RUN a \\\n", 1000) + "b", strings.Repeat("x", maxSize+1),
	}
}

func TestSameInstructions(t *testing.T) {
	for _, text := range sources() {
		same(t, text)
		same(t, "FROM x\n"+text+"\nLABEL a=b\n")
		same(t, strings.ReplaceAll(text, "<<", "< "))
		same(t, strings.ReplaceAll(text, "\n", "\r\n"))
	}
}

// TestSameInstructionsOfPieces puts files together at random, with the same ones each time.
func TestSameInstructionsOfPieces(t *testing.T) {
	pieces := strings.Split("RUN|COPY|ADD|ONBUILD|ENV|LABEL|ARG|FROM|CMD|HEALTHCHECK|VOLUME|WORKDIR|# escape=`|#|<<EOF|<<-EOF|<<|EOF|3<<'E O'|E O|--from=x|--|--a=\"|"+
		"a|b=c|\"|'|\\|`|[|\"x\"|]|,|1|$x|${x|}|:-|=|\u00a0|\u00e9|\xff|\x85|\ufeff|\x00|\v|\r|\t| | | |\n|\n|\n|\n|\\\n|\\ \n|`\n", "|")
	n := 20000
	if testing.Short() {
		n = 5000
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the files are to be the same each time
	for range n {
		var text strings.Builder
		for range random.IntN(30) {
			text.WriteString(pieces[random.IntN(len(pieces))])
			if random.IntN(3) == 0 {
				text.WriteByte(' ')
			}
		}
		same(t, text.String())
	}
}

func FuzzSameInstructions(f *testing.F) {
	for _, text := range sources() {
		if len(text) < 1000 {
			f.Add(text)
		}
	}
	f.Fuzz(same)
}

// A builder that takes << 2 for a here-document fails, but what follows may not be hidden from
// the other checks.
func TestDocumentWithoutEnd(t *testing.T) {
	all, err := read([]byte("FROM x\nRUN echo $((1 << 2))\nUSER u\n"), spacedDocuments)
	if err != nil || len(all) != 3 || all[2].name != "USER" {
		t.Errorf("%+v, %v", all, err)
	}
}
