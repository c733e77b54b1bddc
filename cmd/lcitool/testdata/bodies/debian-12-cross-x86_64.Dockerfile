FROM docker.io/library/debian:12-slim

RUN export DEBIAN_FRONTEND=noninteractive && \
    dpkg --add-architecture amd64 && \
    eatmydata apt-get update && \
    eatmydata apt-get dist-upgrade -y && \
    eatmydata apt-get install --no-install-recommends -y dpkg-dev && \
    eatmydata apt-get install --no-install-recommends -y \
                      gcc \
                      libacl1-dev:amd64 \
                      libapparmor-dev:amd64 \
                      libattr1-dev:amd64 \
                      libaudit-dev:amd64 \
                      libblkid-dev:amd64 \
                      libc6-dev:amd64 \
                      libcap-ng-dev:amd64 \
                      libcurl4-gnutls-dev:amd64 \
                      libdevmapper-dev:amd64 \
                      libfuse-dev:amd64 \
                      libglib2.0-dev:amd64 \
                      libglusterfs-dev:amd64 \
                      libgnutls28-dev:amd64 \
                      libiscsi-dev:amd64 \
                      libjson-c-dev:amd64 \
                      libnl-3-dev:amd64 \
                      libnl-route-3-dev:amd64 \
                      libnuma-dev:amd64 \
                      libparted-dev:amd64 \
                      libpcap0.8-dev:amd64 \
                      libpciaccess-dev:amd64 \
                      librbd-dev:amd64 \
                      libreadline-dev:amd64 \
                      libsanlock-dev:amd64 \
                      libsasl2-dev:amd64 \
                      libselinux1-dev:amd64 \
                      libssh-dev:amd64 \
                      libssh2-1-dev:amd64 \
                      libtirpc-dev:amd64 \
                      libudev-dev:amd64 \
                      libxen-dev:amd64 \
                      libxml2-dev:amd64 \
                      systemtap-sdt-dev:amd64 && \
    eatmydata apt-get autoremove -y && \
    eatmydata apt-get autoclean -y && \
    mkdir -p /usr/local/share/meson/cross && \
    printf "[binaries]\n\
c = '/usr/bin/x86_64-linux-gnu-gcc'\n\
ar = '/usr/bin/x86_64-linux-gnu-gcc-ar'\n\
strip = '/usr/bin/x86_64-linux-gnu-strip'\n\
pkgconfig = '/usr/bin/x86_64-linux-gnu-pkg-config'\n\
\n\
[host_machine]\n\
system = 'linux'\n\
cpu_family = 'x86_64'\n\
cpu = 'x86_64'\n\
endian = 'little'\n" > /usr/local/share/meson/cross/x86_64-linux-gnu && \
    dpkg-query --showformat '${Package}_${Version}_${Architecture}\n' --show > /packages.txt && \
    mkdir -p /usr/libexec/ccache-wrappers && \
    ln -s /usr/bin/ccache /usr/libexec/ccache-wrappers/x86_64-linux-gnu-cc && \
    ln -s /usr/bin/ccache /usr/libexec/ccache-wrappers/x86_64-linux-gnu-gcc

ENV ABI="x86_64-linux-gnu"
ENV MESON_OPTS="--cross-file=x86_64-linux-gnu"
