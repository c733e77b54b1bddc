FROM docker.io/library/alpine:3.23

RUN apk update && \
    apk upgrade && \
    apk add \
        ca-certificates \
        ccache \
        git && \
    apk list --installed | sort > /packages.txt

ENV CCACHE_WRAPPERSDIR="/usr/libexec/ccache-wrappers"
ENV LANG="en_US.UTF-8"