# Prints the versions that the mirrors of the image have of the packages.
apt-get -o APT::Sandbox::User=root update >&2 || exit 100
apt-cache madison -- "$@"
