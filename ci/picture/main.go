// SPDX-License-Identifier: GPL-2.0-or-later

// Command picture draws what a command shows on a terminal, or the chart of a
// report, as SVG.
//
//	picture -at REGEXP FILE.svg COMMAND [ARGUMENT...]
//	picture -report REPORT.html FILE.svg
//
// The first runs the command on a terminal and draws the last screen that the
// expression matches.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"github.com/creack/pty"
)

func main() {
	at := flag.String("at", ".", "expression that matches the screen to draw")
	columns := flag.Int("columns", 100, "width of the terminal")
	rows := flag.Int("rows", 24, "height of the terminal")
	report := flag.String("report", "", "report in HTML whose chart to draw")
	flag.Parse()
	if err := run(*at, *report, *columns, *rows, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func run(at, report string, columns, rows int, args []string) error {
	wanted, err := regexp.Compile(at)
	if err != nil {
		return err
	}
	if len(args) == 0 || (report == "") != (len(args) > 1) {
		return errors.New("expected FILE.svg COMMAND, or -report REPORT.html FILE.svg")
	}
	var out string
	if report != "" {
		page, err := os.ReadFile(report)
		if err != nil {
			return err
		}
		if out, err = chart(string(page)); err != nil {
			return fmt.Errorf("%s: %w", report, err)
		}
	} else {
		s, err := watch(wanted, columns, rows, args[1:])
		if err != nil {
			return err
		}
		out = draw(s, columns)
	}
	return os.WriteFile(args[0], []byte(out), 0o600)
}

// watch runs a command on a terminal and gives the last screen that an
// expression matches. What the command's status is does not matter.
func watch(wanted *regexp.Regexp, columns, rows int, args []string) ([][]cell, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color")
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: uint16(columns), Rows: uint16(rows)}) //nolint:gosec // a screen's size
	if err != nil {
		return nil, err
	}
	defer terminal.Close()
	s := screen{columns: columns}
	var found [][]cell
	buffer := make([]byte, 64<<10)
	for {
		n, err := terminal.Read(buffer)
		s.write(buffer[:n])
		if text := s.text(rows); wanted.MatchString(text) {
			found = s.last(rows)
		}
		if err != nil { // EIO once the command has ended
			break
		}
	}
	var status *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &status) {
		return nil, err
	}
	if found == nil {
		return nil, fmt.Errorf("%s never showed %q; it ended with\n%s", args[0], wanted, s.text(rows))
	}
	return found, nil
}

// chart gives the first drawing of a page, with the page's style.
func chart(page string) (string, error) {
	_, rest, _ := strings.Cut(page, "<style")
	_, rest, _ = strings.Cut(rest, ">")
	style, rest, ok := strings.Cut(rest, "</style>")
	_, drawing, found := strings.Cut(rest, "<svg ")
	drawing, _, closed := strings.Cut(drawing, "</svg>")
	if !ok || !found || !closed {
		return "", io.ErrUnexpectedEOF
	}
	return `<svg xmlns="http://www.w3.org/2000/svg" ` + strings.Replace(drawing, ">", "><style>"+style+"</style>", 1) + "</svg>\n", nil
}
