FROM docker.io/library/almalinux:10

RUN dnf --quiet update -y && \
    dnf --quiet install 'dnf-command(config-manager)' -y && \
    dnf --quiet config-manager --set-enabled -y crb && \
    dnf --quiet install -y epel-release && \
    dnf --quiet install almalinux-release-devel -y && \
    dnf --quiet config-manager --set-enabled -y devel && \
    dnf --quiet install -y \
                ca-certificates \
                git \
                glibc-langpack-en \
                make \
                python3-pip \
                python3-setuptools \
                python3-wheel && \
    dnf --quiet autoremove -y && \
    dnf --quiet clean all -y && \
    rm -f /usr/lib*/python3*/EXTERNALLY-MANAGED && \
    rpm -qa | sort > /packages.txt

RUN /usr/bin/pip3 install meson==0.56.0

ENV LANG="en_US.UTF-8"
ENV MAKE="/usr/bin/make"