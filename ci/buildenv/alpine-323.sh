# THIS FILE WAS AUTO-GENERATED
#
#  $ lcitool manifest ci/manifest.yml
#
# https://gitlab.com/lcitool/lcitool

function install_buildenv() {
    apk update
    apk upgrade
    apk add \
        bash \
        ca-certificates \
        gcc \
        git \
        go \
        make \
        musl-dev
    apk list --installed | sort > /packages.txt
}

export LANG="en_US.UTF-8"
export MAKE="/usr/bin/make"
