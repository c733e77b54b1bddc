# THIS FILE WAS AUTO-GENERATED
#
#  $ lcitool manifest ci/manifest.yml
#
# https://gitlab.com/lcitool/lcitool

function install_buildenv() {
    dnf --quiet update -y --nogpgcheck fedora-gpg-keys
    dnf --quiet distro-sync -y
    dnf --quiet install -y \
                bash \
                ca-certificates \
                gcc \
                git \
                glibc-devel \
                glibc-langpack-en \
                golang \
                make
    rpm -qa | sort > /packages.txt
}

export LANG="en_US.UTF-8"
export MAKE="/usr/bin/make"
