// SPDX-License-Identifier: GPL-2.0-or-later

package gitcmd

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestGitRunsOnlyHere fails if another package passes "git" to a function of os/exec.
func TestGitRunsOnlyHere(t *testing.T) {
	const top = "../.."
	files := 0
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata"):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || filepath.Dir(path) == filepath.Join(top, "internal/gitcmd"):
			return nil
		}
		files++
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && runsGit(call) {
				t.Errorf("%s runs git: use package gitcmd", path)
			}
			return true
		})
		return nil
	})
	if err != nil || files < 100 {
		t.Errorf("%d files, %v", files, err)
	}
}

// runsGit reports whether a call is one of package exec or syscall with a literal that names
// git.
func runsGit(call *ast.CallExpr) bool {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	if pkg, ok := selector.X.(*ast.Ident); !ok || pkg.Name != "exec" && pkg.Name != "syscall" {
		return false
	}
	for _, arg := range call.Args {
		if l, ok := arg.(*ast.BasicLit); ok && l.Kind == token.STRING && strings.HasPrefix(strings.Trim(l.Value, "\"`"), "git") {
			return true
		}
	}
	return false
}
