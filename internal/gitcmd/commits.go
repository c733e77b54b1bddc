// SPDX-License-Identifier: GPL-2.0-or-later

package gitcmd

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
)

// Commits reads commits of a repository with one process. It must be closed.
type Commits struct {
	requests *os.File
	answers  *bufio.Reader
	output   *io.PipeReader
	ended    chan struct{}
}

// Commits starts a reader of commits.
func (o Own) Commits(ctx context.Context) (*Commits, error) {
	in, requests, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	output, out := io.Pipe()
	c := &Commits{requests: requests, answers: bufio.NewReader(output), output: output, ended: make(chan struct{})}
	go func() {
		defer close(c.ended)
		_, err := run(ctx, o.GitDir, command{
			args: []string{"cat-file", "--batch"}, options: []string{"--git-dir=" + o.GitDir}, stdin: in, stdout: out, timeout: cmp.Or(o.Timeout, timeout),
		})
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		out.CloseWithError(err)
		_ = in.Close()
	}()
	return c, nil
}

// Close ends the process.
func (c *Commits) Close() {
	_ = c.requests.Close()
	_ = c.output.Close()
	<-c.ended
}

// Parents returns the parents of the commit with a whole hash.
func (c *Commits) Parents(hash string) ([]string, error) {
	if strings.Trim(hash, "0123456789abcdef") != "" {
		return nil, fmt.Errorf("%q is not a hash", hash)
	}
	if _, err := fmt.Fprintln(c.requests, hash); err != nil {
		return nil, err
	}
	line, err := c.answers.ReadString('\n')
	if err != nil {
		return nil, err
	}
	var kind string
	var size int64
	if n, _ := fmt.Sscanf(line, hash+" %s %d\n", &kind, &size); n != 2 || kind != "commit" {
		return nil, fmt.Errorf("commit %s: git has no such commit", hash)
	}
	object := bufio.NewReader(io.LimitReader(c.answers, size))
	var parents []string
	for {
		line, err := object.ReadString('\n')
		if err != nil && err != io.EOF {
			return nil, err
		}
		parent, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "parent ")
		if ok {
			parents = append(parents, parent)
		} else if !strings.HasPrefix(line, "tree ") || err == io.EOF {
			break
		}
	}
	if _, err := io.Copy(io.Discard, object); err != nil {
		return nil, err
	}
	_, err = c.answers.Discard(1) // the newline after the object
	return parents, err
}
