// SPDX-License-Identifier: GPL-2.0-or-later

package render

import "gitlab.com/lcitool/lcitool/targets"

// debQuiet is the first command of each layer that installs packages.
const debQuiet = "export DEBIAN_FRONTEND=noninteractive"

// deb is the packaging format of Debian and its derivatives.
type deb struct{}

func (deb) wrapper(targets.Target) string { return "eatmydata " }

func (deb) install(r recipe) string {
	return r.wrapper + r.target.Packaging.Command + " install --no-install-recommends -y"
}

func (d deb) native(r recipe) []string {
	plain := r.target.Packaging.Command
	command := r.wrapper + plain
	commands := []string{debQuiet, plain + " update"}
	if r.image {
		commands = append(commands, plain+" install -y eatmydata")
	}
	commands = append(commands,
		command+" dist-upgrade -y",
		r.withNames(d.install(r), r.packages.Native, plain),
	)
	commands = append(commands, debCleanUp(r)...)
	return append(commands,
		`sed -Ei 's,^# (en_US\.UTF-8 .*)$,\1,' /etc/locale.gen`,
		"dpkg-reconfigure locales",
	)
}

func (d deb) foreign(r recipe) []string {
	command := r.wrapper + r.target.Packaging.Command
	commands := []string{
		debQuiet,
		"dpkg --add-architecture " + r.target.Cross.Deb(),
		command + " update",
		command + " dist-upgrade -y",
		d.install(r) + " dpkg-dev",
	}
	if names := r.packages.Foreign; len(names) > 0 {
		commands = append(commands, r.withNames(d.install(r), names, r.target.Packaging.Command))
	}
	return append(commands, debCleanUp(r)...)
}

func (d deb) add(r recipe, names []string) []string {
	plain := r.target.Packaging.Command
	command := r.wrapper + plain
	return []string{
		debQuiet,
		command + " update",
		r.withNames(d.install(r)+" --no-remove", names, plain),
		command + " autoclean -y",
	}
}

// cache locks the cache while packages are downloaded and installed. Otherwise
// apt fails at its own lock; podman 4.3 hangs with a locked mount. apt downloads
// as root, so that the files on the host belong to the caller.
func (deb) cache(dir string) (first string, commands []string) {
	return debQuiet, []string{
		"exec 9> " + dir + "/lock",
		"flock 9",
		"mkdir -p " + dir + "/archives/partial",
		`printf 'Dir::Cache::archives "` + dir + `/archives";\nAPT::Sandbox::User "root";\n' > ` + dir + "/apt.conf",
		"export APT_CONFIG=" + dir + "/apt.conf",
	}
}

func debCleanUp(r recipe) []string {
	if !r.image {
		return nil
	}
	command := r.wrapper + r.target.Packaging.Command
	return []string{command + " autoremove -y", command + " autoclean -y"}
}

func (deb) list() string {
	return `dpkg-query --showformat '${Package}_${Version}_${Architecture}\n' --show > /packages.txt`
}
