FROM registry.fedoraproject.org/fedora:44

RUN nosync dnf --quiet install -y \
                       mingw32-curl \
                       mingw32-dlfcn \
                       mingw32-gcc \
                       mingw32-gettext \
                       mingw32-glib2 \
                       mingw32-gnutls \
                       mingw32-headers \
                       mingw32-libssh2 \
                       mingw32-libxml2 \
                       mingw32-pkg-config \
                       mingw32-portablexdr \
                       mingw32-readline && \
    nosync dnf --quiet clean all -y && \
    rpm -qa | sort > /packages.txt && \
    mkdir -p /usr/libexec/ccache-wrappers && \
    ln -s /usr/bin/ccache /usr/libexec/ccache-wrappers/i686-w64-mingw32-cc && \
    ln -s /usr/bin/ccache /usr/libexec/ccache-wrappers/i686-w64-mingw32-gcc

ENV ABI="i686-w64-mingw32"
ENV MESON_OPTS="--cross-file=/usr/share/mingw/toolchain-mingw32.meson"
