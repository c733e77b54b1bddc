# Installs the first COUNT packages, NAME-EPOCH:VERSION.ARCH each, and removes the
# others. The first argument is COUNT.
set -e
count=$1
shift
install= remove=
for package in "$@"; do
	if [ "$count" -gt 0 ]; then
		install="$install $package"
		count=$((count - 1))
	else
		remove="$remove $package"
	fi
done
if [ -n "$install" ]; then
	# The names have no characters that the shell would take for patterns.
	dnf --assumeyes --setopt=install_weak_deps=False --allowerasing install $install
fi
for package in $remove; do
	if rpm --query "$package" >/dev/null 2>&1; then
		dnf --assumeyes --setopt=clean_requirements_on_remove=False remove "$package"
	fi
done
if [ -e /packages.txt ]; then
	rpm -qa | sort >/packages.txt
fi
