FROM registry.opensuse.org/opensuse/leap:16.0

RUN zypper update -y && \
    zypper install -y \
           ca-certificates \
           git \
           glibc-locale \
           make && \
    zypper clean --all && \
    rpm -qa | sort > /packages.txt

ENV LANG="en_US.UTF-8"
ENV MAKE="/usr/bin/make"