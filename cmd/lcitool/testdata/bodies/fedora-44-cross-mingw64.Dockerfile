FROM registry.fedoraproject.org/fedora:44

RUN nosync dnf --quiet install -y \
                       mingw64-curl \
                       mingw64-dlfcn \
                       mingw64-gcc \
                       mingw64-gettext \
                       mingw64-glib2 \
                       mingw64-gnutls \
                       mingw64-headers \
                       mingw64-libssh2 \
                       mingw64-libxml2 \
                       mingw64-pkg-config \
                       mingw64-portablexdr \
                       mingw64-readline && \
    nosync dnf --quiet clean all -y && \
    rpm -qa | sort > /packages.txt && \
    mkdir -p /usr/libexec/ccache-wrappers && \
    ln -s /usr/bin/ccache /usr/libexec/ccache-wrappers/x86_64-w64-mingw32-cc && \
    ln -s /usr/bin/ccache /usr/libexec/ccache-wrappers/x86_64-w64-mingw32-gcc

ENV ABI="x86_64-w64-mingw32"
ENV MESON_OPTS="--cross-file=/usr/share/mingw/toolchain-mingw64.meson"
