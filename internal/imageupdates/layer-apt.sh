# Changes packages, NAME=VERSION or NAME- each, after "--". The pins before it,
# NAME=VERSION each, are for what they depend on.
set -e
export DEBIAN_FRONTEND=noninteractive
pins=/etc/apt/preferences.d/00lcitool-bisect
: >"$pins"
while [ "$1" != -- ]; do
	printf 'Package: %s\nPin: version %s\nPin-Priority: 1001\n\n' "${1%%=*}" "${1#*=}" >>"$pins"
	shift
done
shift
apt-get -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
	install --yes --no-install-recommends --allow-downgrades --allow-change-held-packages "$@"
rm -f "$pins"
if [ -e /packages.txt ]; then
	dpkg-query --showformat '${Package}_${Version}_${Architecture}\n' --show >/packages.txt
fi
