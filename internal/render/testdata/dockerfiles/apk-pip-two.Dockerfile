FROM docker.io/library/alpine:3.23

RUN apk update && \
    apk upgrade && \
    apk add \
        ca-certificates \
        git \
        py3-pip \
        py3-setuptools \
        py3-wheel && \
    rm -f /usr/lib*/python3*/EXTERNALLY-MANAGED && \
    apk list --installed | sort > /packages.txt

RUN /usr/bin/pip3 install \
                  'foo>=1' \
                  meson==0.56.0

ENV LANG="en_US.UTF-8"