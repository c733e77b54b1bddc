function install_buildenv() {
    dnf --quiet update -y
    dnf --quiet install -y \
                ca-certificates \
                git \
                glibc-langpack-en \
                make
    rpm -qa | sort > /packages.txt
}

export LANG="en_US.UTF-8"
export MAKE="/usr/bin/make"