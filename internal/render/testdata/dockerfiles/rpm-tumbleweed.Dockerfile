FROM registry.opensuse.org/opensuse/tumbleweed:latest

RUN zypper dist-upgrade -y && \
    zypper install -y \
           ca-certificates \
           git \
           glibc-locale \
           make && \
    zypper clean --all && \
    rpm -qa | sort > /packages.txt

ENV LANG="en_US.UTF-8"
ENV MAKE="/usr/bin/make"