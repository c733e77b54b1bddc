# Prints the versions that the mirrors of the image have of the packages.
exec dnf --quiet repoquery --showduplicates --queryformat '%{name} %{epoch}:%{version}-%{release} %{arch}\n' "$@"
