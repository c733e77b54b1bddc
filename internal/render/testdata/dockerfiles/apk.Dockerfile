FROM docker.io/library/alpine:3.23

RUN apk update && \
    apk upgrade && \
    apk add \
        ca-certificates \
        git \
        make && \
    apk list --installed | sort > /packages.txt

ENV LANG="en_US.UTF-8"
ENV MAKE="/usr/bin/make"