// SPDX-License-Identifier: GPL-2.0-or-later

package jobreport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// A Request is a report to write.
type Request struct {
	kind  string
	file  string // "-" for stdout
	write func(io.Writer, *jobrecord.Stored) error
}

// ParseRequests parses requests, KIND=FILE. It checks that the directories
// exist, so that a mistake shows before the jobs run.
func ParseRequests(values []string) ([]Request, error) {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("argument --report: "+format, args...)
	}
	kinds := map[string]func(io.Writer, *jobrecord.Stored) error{"junit": JUnit, "json": JSON, "html": HTML}
	taken := map[string]bool{}
	var all []Request
	for _, v := range values {
		kind, file, ok := strings.Cut(v, "=")
		if !ok || file == "" {
			return nil, wrong("expected KIND=FILE, got %q", v)
		}
		if kinds[kind] == nil {
			return nil, wrong("invalid choice: '%s' (choose from junit, json, html)", kind)
		}
		if file != "-" {
			file = filepath.Clean(file)
			if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
				return nil, wrong("there is no directory %q", filepath.Dir(file))
			}
			if info, err := os.Stat(file); err == nil && info.IsDir() {
				return nil, wrong("%q is a directory", file)
			}
		}
		if taken[file] {
			return nil, wrong("two reports cannot both be written to %q", file)
		}
		taken[file] = true
		all = append(all, Request{kind, file, kinds[kind]})
	}
	return all, nil
}

// Writes reports whether one of the reports is written to a file, "-" for stdout.
func Writes(reports []Request, file string) bool {
	if file != "-" && file != "" {
		file = filepath.Clean(file)
	}
	return slices.ContainsFunc(reports, func(r Request) bool { return r.file == file })
}

// WriteAll writes reports on a run. An error in one report does not affect the
// others. It masks secrets, which files of jobs in the reports may contain.
func WriteAll(ctx context.Context, reports []Request, run *jobrecord.Stored, secrets *redact.Redactor, stdout io.Writer) error {
	var errs []error
	for _, r := range reports {
		if err := r.writeTo(ctx, run, secrets, stdout); err != nil {
			errs = append(errs, fmt.Errorf("cannot write the %s report: %w", r.kind, err))
		}
	}
	return errors.Join(errs...)
}

func (r Request) writeTo(ctx context.Context, run *jobrecord.Stored, secrets *redact.Redactor, stdout io.Writer) error {
	var b bytes.Buffer
	if err := r.write(&b, run); err != nil {
		return err
	}
	text := []byte(secrets.Text(b.String()))
	if r.file == "-" {
		_, err := stdout.Write(text)
		return err
	}
	f, err := safefs.OpenInPlace(ctx, r.file)
	if err != nil {
		return err
	}
	if f != nil {
		_, err := f.Write(text)
		return errors.Join(err, f.Close())
	}
	return renameio.WriteFile(r.file, text, 0o644, renameio.WithTempDir(filepath.Dir(r.file)))
}
