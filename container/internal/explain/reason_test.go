// SPDX-License-Identifier: GPL-2.0-or-later

package explain_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/containers/podman/v4/pkg/bindings"
	"github.com/containers/podman/v4/pkg/errorhandling"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/explain"
)

func TestErrorsHaveAReason(t *testing.T) {
	answer := func(status int, body string) error {
		r := bindings.APIResponse{Response: &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body))}}
		return r.Process(nil)
	}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"words":               {answer(500, `{"cause":"c","message":"m","response":500}`), "cannot stop it: m"},
		"no message":          {answer(500, `{"cause":"c","message":"","response":500}`), "cannot stop it: c"},
		"nothing":             {answer(500, `{"cause":"","message":"","response":500}`), "cannot stop it: podman refused with status 500 and gave no reason"},
		"blanks":              {answer(409, `{"message":" \n","response":409}`), "cannot stop it: podman refused with status 409 and gave no reason"},
		"no answer":           {answer(502, ""), "cannot stop it: podman's answer is empty"},
		"another's answer":    {answer(404, "404 page not found\n"), `cannot stop it: the answer is not podman's: 404 page not found\n`},
		"an error of another": {errors.New(""), "cannot stop it: no reason was given (*errors.errorString)"},
		"no error":            {nil, "cannot stop it: no reason is known"},
		"cancelled":           {context.Canceled, "cannot stop it: context canceled"},
	} {
		e := &api.EngineError{Op: "stop it", Err: c.err}
		if e.Error() != c.want {
			t.Errorf("%s: got %s; want %s", name, e, c.want)
		}
	}
	var model *errorhandling.ErrorModel
	if err := explain.Reason(answer(409, `{"response":409}`)); !errors.As(err, &model) || model.ResponseCode != 409 {
		t.Errorf("the status is lost: %v", err)
	}
}

// TestLogMessage: the last message of a service is shown without the prefix of its log.
func TestLogMessage(t *testing.T) {
	for text, want := range map[string]string{
		"time=\"2026-11-29T01:15:52Z\" level=info msg=first\ntime=\"2026-11-29T01:15:53Z\" level=error msg=\"stat \\\"/a\\\": no such file\\n\"\n": `stat "/a": no such file`,
		`time="x" level=error msg=bare`: `time="x" level=error msg=bare`,
		`time="x" level=error msg=""`:   `time="x" level=error msg=""`,
		"Error: plain\n\n":              "Error: plain",
		"":                              "",
	} {
		if got := explain.LogMessage(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
