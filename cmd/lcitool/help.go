// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"strings"

	"gitlab.com/lcitool/lcitool/internal/clihelp"
)

func helpStyle() *clihelp.Style {
	return &clihelp.Style{Groups: []clihelp.Group{
		{Heading: "Pipeline", With: "event", Flags: strings.Fields("event tag input branch default-branch upstream upstream-namespace upstream-variable project server var var-file file-var mask changed fetch")},
		{Heading: "Tree", Flags: strings.Fields("commit untracked full-history writable base-dir mount-at")},
		{Heading: "Image", Flags: strings.Fields("tag label ci-dir render image-prefix image-tag default-image pull bootstrap no-cache exact debug-tools allow-unsafe-build package-cache")},
		{Heading: "Limits", Flags: strings.Fields("network memory cpus timeout device")},
		{Heading: "Engine", Flags: strings.Fields("engine connection url")},
		{Heading: "Output", Flags: strings.Fields("report reports timestamps format log-dir events verbose html json junit tap")},
		{Heading: "Remote", Flags: strings.Fields("remote remote-name host no-push poll")},
	}}
}

func manualFiles() []clihelp.Item {
	return []clihelp.Item{
		{Name: "~/.config/lcitool/config.yml", Text: "Settings of the user."},
		{Name: "ci/lcitool", Text: "Facts of the project, the default of --data-dir."},
		{Name: "~/.local/state/lcitool", Text: "Records of what lcitool has created, and the runs of jobs. The symbolic link latest points to the newest run."},
		{Name: "~/.cache/lcitool", Text: "Data that can be downloaded or generated again."},
	}
}

// examples returns examples by command, without the program's name.
func examples() map[string][]string {
	return map[string][]string{
		"":                    {"job list", "job run x86_64-debian-12", "dockerfile debian-13 libvirt", "manifest ci/manifest.yml"},
		"buildenvscript":      {"buildenvscript debian-13 libvirt > setup.sh", "buildenvscript fedora-44 libvirt,qemu --cross-arch mingw64"},
		"completion":          {"completion bash > ~/.local/share/bash-completion/completions/lcitool", "completion fish > ~/.config/fish/completions/lcitool.fish"},
		"completion bash":     {"completion bash > ~/.local/share/bash-completion/completions/lcitool", "completion bash > /usr/local/share/bash-completion/completions/lcitool"},
		"completion fish":     {"completion fish > ~/.config/fish/completions/lcitool.fish", "completion fish > /usr/local/share/fish/vendor_completions.d/lcitool.fish"},
		"completion zsh":      {"completion zsh > /usr/local/share/zsh/site-functions/_lcitool", "completion zsh --no-descriptions > /usr/local/share/zsh/site-functions/_lcitool"},
		"config":              {"config show", "config show --format json"},
		"config show":         {"config show", "config show --format json"},
		"container":           {"container build --target debian-13 --projects libvirt", "container run lcitool.debian-13 -- make --version", "container prune --dry-run"},
		"container bootstrap": {"container bootstrap debian-13", "container bootstrap ubuntu-2404 --force"},
		"container build":     {"container build --target debian-13 --projects libvirt", "container build -t fedora-44 -p libvirt --cross-arch mingw64", "container build -t debian-13 -p libvirt --bootstrap", "container build -t fedora-44 -p libvirt --label toolbox"},
		"container engines":   {"container engines", "container engines --format json"},
		"container prune":     {"container prune --dry-run", "container prune --kept --caches"},
		"container run":       {"container run lcitool.debian-13 -- make --version", "container run lcitool.debian-13 --workload-dir ./src --script build.sh"},
		"container shell":     {"container shell lcitool.debian-13", "container shell lcitool.debian-13 --workload-dir ./src"},
		"devcontainer":        {"devcontainer debian-13 > .devcontainer/devcontainer.json", "devcontainer fedora-44 libvirt,qemu"},
		"dockerfile":          {"dockerfile debian-13 libvirt", "dockerfile fedora-44 libvirt --cross-arch mingw64 > Dockerfile"},
		"doctor":              {"doctor", "doctor --format json"},
		"explain":             {"explain debian-13 gcc", "explain fedora-44 glib2 --cross-arch mingw64"},
		"facts":               {"facts lint", "facts verify -t debian-13", "facts diff debian-12 debian-13"},
		"facts diff":          {"facts diff debian-12 debian-13", "facts diff debian-13 fedora-44 --projects libvirt --format json"},
		"facts import":        {"facts import ~/src/libvirt-ci", "facts import ~/src/libvirt-ci --write"},
		"facts lint":          {"facts lint", "-d ci/lcitool facts lint --format json"},
		"facts verify":        {"facts verify -t debian-13", "facts verify -t 'debian-*' --format json"},
		"job":                 {"job list", "job run x86_64-debian-12", "job shell --last-failed"},
		"job explain":         {"job explain x86_64-debian-12", "job explain x86_64-debian-12 --event push"},
		"job lint":            {"job lint", "job lint --event push --branch main"},
		"job list":            {"job list", "job list --event push --upstream --format json"},
		"job run":             {"job run x86_64-debian-12", "job run '*debian*' -j 2 --report html=report.html", "job run x86_64-debian-12 --repeat 20"},
		"job shell":           {"job shell --last-failed", "job shell x86_64-debian-12 -- make check"},
		"manifest":            {"manifest ci/manifest.yml", "manifest --check"},
		"manifest init":       {"manifest init --project libvirt", "manifest init --project libvirt --targets debian-13,fedora-44"},
		"projects":            {"projects", "projects --format json"},
		"projects lock":       {"projects lock", "projects lock --update"},
		"run":                 {"run -t debian-13 -p libvirt -- meson setup build", "run -t 'debian-*' -t fedora-44 -j 2 --script build.sh", "run -t debian-13 --network none -- make check"},
		"stats":               {"stats run -t debian-13", "stats show --watch --group block", "stats diff before.json after.json"},
		"stats check":         {"stats check", "stats check --format json"},
		"stats diff":          {"stats diff before.json after.json", "stats diff before.json after.json --fail-on-difference"},
		"stats run":           {"stats run -t debian-13", "stats run -t debian-13 -t fedora-44"},
		"stats show":          {"stats show", "stats show --watch --group block"},
		"targets":             {"targets --containerized", "targets --format json"},
		"variables":           {"variables debian-13 libvirt", "variables freebsd-14 libvirt --format json"},
		"version":             {"version", "version --format json"},
	}
}
