FROM registry.fedoraproject.org/fedora:44

RUN dnf --quiet install -y nosync && \
    printf '#!/bin/sh\n\
if test -d /usr/lib64\n\
then\n\
    export LD_PRELOAD=/usr/lib64/nosync/nosync.so\n\
else\n\
    export LD_PRELOAD=/usr/lib/nosync/nosync.so\n\
fi\n\
exec "$@"\n' > /usr/bin/nosync && \
    chmod +x /usr/bin/nosync && \
    nosync dnf --quiet update -y && \
    nosync dnf --quiet install -y \
                       ca-certificates \
                       git \
                       glibc-langpack-en \
                       make \
                       python3-pip \
                       python3-setuptools \
                       python3-wheel && \
    nosync dnf --quiet autoremove -y && \
    nosync dnf --quiet clean all -y && \
    rm -f /usr/lib*/python3*/EXTERNALLY-MANAGED && \
    rpm -qa | sort > /packages.txt

RUN /usr/bin/pip3 install meson==0.56.0

ENV LANG="en_US.UTF-8"
ENV MAKE="/usr/bin/make"