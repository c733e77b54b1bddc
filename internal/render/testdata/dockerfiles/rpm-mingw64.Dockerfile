FROM registry.fedoraproject.org/fedora:rawhide

RUN dnf --quiet update -y --nogpgcheck fedora-gpg-keys && \
    dnf --quiet install -y nosync && \
    printf '#!/bin/sh\n\
if test -d /usr/lib64\n\
then\n\
    export LD_PRELOAD=/usr/lib64/nosync/nosync.so\n\
else\n\
    export LD_PRELOAD=/usr/lib/nosync/nosync.so\n\
fi\n\
exec "$@"\n' > /usr/bin/nosync && \
    chmod +x /usr/bin/nosync && \
    nosync dnf --quiet distro-sync -y && \
    nosync dnf --quiet install -y \
                       ca-certificates \
                       git \
                       glibc-langpack-en \
                       meson && \
    nosync dnf --quiet autoremove -y && \
    nosync dnf --quiet clean all -y

ENV LANG="en_US.UTF-8"
ENV NINJA="/usr/bin/ninja"

RUN nosync dnf --quiet install -y mingw64-glib2 && \
    nosync dnf --quiet clean all -y && \
    rpm -qa | sort > /packages.txt

ENV ABI="x86_64-w64-mingw32"
ENV MESON_OPTS="--cross-file=/usr/share/mingw/toolchain-mingw64.meson"