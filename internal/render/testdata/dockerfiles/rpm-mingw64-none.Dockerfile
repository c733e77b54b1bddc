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
                       make && \
    nosync dnf --quiet autoremove -y && \
    nosync dnf --quiet clean all -y

ENV LANG="en_US.UTF-8"
ENV MAKE="/usr/bin/make"

RUN nosync dnf --quiet clean all -y && \
    rpm -qa | sort > /packages.txt

ENV ABI="x86_64-w64-mingw32"