# Prints the package manager of an image, its architecture and its packages, a
# line each, with tabs between the fields.
if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
	printf 'manager\tapt\narch\t%s\n' "$(dpkg --print-architecture)"
	dpkg-query --show --showformat '${db:Status-Status}\t${Package}\t${Version}\t${Architecture}\t${source:Package}\n'
	exit
fi
if command -v dnf >/dev/null && command -v rpm >/dev/null; then
	printf 'manager\tdnf\narch\t%s\n' "$(rpm --eval '%{_arch}')"
	rpm --query --all --queryformat 'installed\t%{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\n'
	exit
fi
for other in zypper apk microdnf pacman; do
	if command -v "$other" >/dev/null; then
		printf 'manager\t%s\n' "$other"
		exit
	fi
done
