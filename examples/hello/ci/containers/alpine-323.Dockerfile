# THIS FILE WAS AUTO-GENERATED
#
#  $ lcitool manifest ci/manifest.yml
#
# https://gitlab.com/lcitool/lcitool

FROM docker.io/library/alpine:3.23

RUN apk update && \
    apk upgrade && \
    apk add \
        ca-certificates \
        ccache \
        gcc \
        git \
        meson \
        musl-dev \
        pkgconf \
        python3 \
        samurai && \
    rm -f /usr/lib*/python3*/EXTERNALLY-MANAGED && \
    apk list --installed | sort > /packages.txt && \
    mkdir -p /usr/libexec/ccache-wrappers && \
    ln -s /usr/bin/ccache /usr/libexec/ccache-wrappers/cc && \
    ln -s /usr/bin/ccache /usr/libexec/ccache-wrappers/gcc

ENV CCACHE_WRAPPERSDIR="/usr/libexec/ccache-wrappers"
ENV LANG="en_US.UTF-8"
ENV NINJA="/usr/bin/ninja"
ENV PYTHON="/usr/bin/python3"
