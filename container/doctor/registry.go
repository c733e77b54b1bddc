// SPDX-License-Identifier: GPL-2.0-or-later

package doctor

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/explain"
)

const (
	// usualImage is used if no target is given.
	usualImage = "docker.io/library/debian:stable"
	// registryLimit limits the time for one registry.
	registryLimit = 15 * time.Second
)

// registryChecks checks the registries of images concurrently. It asks through
// the engine, whose mirrors and network matter.
func (o Options) registryChecks(ctx context.Context, ask func(context.Context, string) error) []Check {
	if o.Offline {
		return nil
	}
	references := o.Images
	if len(references) == 0 {
		references = []string{usualImage}
	}
	var registries, asked []string
	for _, reference := range references {
		registry, _, _ := strings.Cut(reference, "/")
		if registry == "localhost" || slices.Contains(registries, registry) {
			continue
		}
		registries, asked = append(registries, registry), append(asked, reference)
	}
	checks := make([]Check, len(registries))
	var all sync.WaitGroup
	for i, registry := range registries {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, registryLimit)
			defer cancel()
			checks[i] = registryCheck(registry, ask(ctx, asked[i]))
		})
	}
	all.Wait()
	return checks
}

func registryCheck(registry string, err error) Check {
	name := "registry " + registry
	if err == nil {
		return Check{name, OK, "answers", ""}
	}
	return Check{name, Warn, explain.LastLine(err.Error()), api.Hint(err) + "; without it: " + explain.HintBase}
}
