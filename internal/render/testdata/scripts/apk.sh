function install_buildenv() {
    apk update
    apk upgrade
    apk add \
        ca-certificates \
        git \
        make \
        py3-pip \
        py3-setuptools \
        py3-wheel
    rm -f /usr/lib*/python3*/EXTERNALLY-MANAGED
    apk list --installed | sort > /packages.txt
    /usr/bin/pip3 install \
                  'foo>=1' \
                  meson==0.56.0
}

export LANG="en_US.UTF-8"
export MAKE="/usr/bin/make"