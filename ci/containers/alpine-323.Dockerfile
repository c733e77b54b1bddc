# THIS FILE WAS AUTO-GENERATED
#
#  $ lcitool manifest ci/manifest.yml
#
# https://gitlab.com/lcitool/lcitool

FROM docker.io/library/alpine:3.23

RUN apk update && \
    apk upgrade && \
    apk add \
        bash \
        ca-certificates \
        gcc \
        git \
        go \
        make \
        musl-dev && \
    apk list --installed | sort > /packages.txt

ENV LANG="en_US.UTF-8"
ENV MAKE="/usr/bin/make"
