function install_buildenv() {
    dnf --quiet distro-sync -y
    dnf --quiet install 'dnf-command(config-manager)' -y
    dnf --quiet config-manager --set-enabled -y crb
    dnf --quiet install -y epel-release
    dnf --quiet install -y epel-next-release
    dnf --quiet install -y \
                ca-certificates \
                git \
                glibc-langpack-en \
                make
    rpm -qa | sort > /packages.txt
}

export LANG="en_US.UTF-8"
export MAKE="/usr/bin/make"