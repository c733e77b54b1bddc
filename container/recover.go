// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"net/http"
	"net/url"

	"github.com/containers/podman/v4/pkg/bindings"
)

// recover continues with a container whose service died. The container runs on
// under its conmon; a new service returns the rest of its output and its exit
// status.
func (r *running) recover(ctx context.Context) (context.Context, error) {
	ctx = context.WithoutCancel(ctx)
	r.log.Warn("podman service died, going on with another")
	if err := r.engine.service.Reconnect(ctx); err != nil {
		return nil, err
	}
	c, err := r.engine.service.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if r.direct { // direct output does not go through the service
		return c, nil
	}
	if err := r.restOfLog(c); err != nil {
		r.log.Warn("output may be incomplete", "err", err)
	}
	return c, nil
}

// restOfLog copies the output since the stream broke and follows it to its end.
// It skips, separately for stdout and stderr, the bytes that were already
// copied.
func (r *running) restOfLog(c context.Context) error {
	client, err := bindings.GetClient(c)
	if err != nil {
		return err
	}
	query := url.Values{"follow": {"true"}, "stdout": {"true"}, "stderr": {"true"}}
	response, err := client.DoRequest(c, nil, http.MethodGet, "/containers/%s/logs", query, nil, r.name)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if !response.IsSuccess() {
		return response.Process(nil)
	}
	return demux(&skipper{r.out.to, r.out.n}, &skipper{r.err.to, r.err.n}, response.Body)
}
