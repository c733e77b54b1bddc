# THIS FILE WAS AUTO-GENERATED
#
#  $ lcitool manifest ci/manifest.yml
#
# https://gitlab.com/lcitool/lcitool

function install_buildenv() {
    zypper dist-upgrade -y
    zypper install -y \
           bash \
           ca-certificates \
           gcc \
           git \
           glibc-devel \
           glibc-locale \
           go \
           make
    rpm -qa | sort > /packages.txt
}

export LANG="en_US.UTF-8"
export MAKE="/usr/bin/make"
