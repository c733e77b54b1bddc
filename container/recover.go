// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"net/http"
	"net/url"

	"github.com/containers/podman/v4/pkg/bindings"
)

// recover follows a container whose service died: it runs on under its
// conmon. A new service gives the rest of its output and its true status.
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
	if r.direct { // the service never had the output
		return c, nil
	}
	if err := r.restOfLog(c); err != nil {
		r.log.Warn("output may be incomplete", "err", err)
	}
	return c, nil
}

// restOfLog copies what the container wrote since the stream broke, and
// follows it to its end. Streams are kept apart, so the bytes that were
// already passed on are the first ones of each.
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
