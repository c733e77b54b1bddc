FROM docker.io/library/debian:13-slim

RUN export DEBIAN_FRONTEND=noninteractive && \
    dpkg --add-architecture mips && \
    eatmydata apt-get update && \
    eatmydata apt-get dist-upgrade -y && \
    eatmydata apt-get install --no-install-recommends -y dpkg-dev && \
    eatmydata apt-get install --no-install-recommends -y \
                      gcc-mips-linux-gnu \
                      libacl1-dev:mips \
                      libapparmor-dev:mips \
                      libattr1-dev:mips \
                      libaudit-dev:mips \
                      libblkid-dev:mips \
                      libc6-dev:mips \
                      libcap-ng-dev:mips \
                      libcurl4-gnutls-dev:mips \
                      libdevmapper-dev:mips \
                      libfuse-dev:mips \
                      libglib2.0-dev:mips \
                      libglusterfs-dev:mips \
                      libgnutls28-dev:mips \
                      libiscsi-dev:mips \
                      libjson-c-dev:mips \
                      libnl-3-dev:mips \
                      libnl-route-3-dev:mips \
                      libnuma-dev:mips \
                      libparted-dev:mips \
                      libpcap0.8-dev:mips \
                      libpciaccess-dev:mips \
                      librbd-dev:mips \
                      libreadline-dev:mips \
                      libsanlock-dev:mips \
                      libsasl2-dev:mips \
                      libselinux1-dev:mips \
                      libssh-dev:mips \
                      libssh2-1-dev:mips \
                      libtirpc-dev:mips \
                      libudev-dev:mips \
                      libxml2-dev:mips \
                      systemtap-sdt-dev:mips && \
    eatmydata apt-get autoremove -y && \
    eatmydata apt-get autoclean -y && \
    mkdir -p /usr/local/share/meson/cross && \
    printf "[binaries]\n\
c = '/usr/bin/mips-linux-gnu-gcc'\n\
ar = '/usr/bin/mips-linux-gnu-gcc-ar'\n\
strip = '/usr/bin/mips-linux-gnu-strip'\n\
pkgconfig = '/usr/bin/mips-linux-gnu-pkg-config'\n\
\n\
[host_machine]\n\
system = 'linux'\n\
cpu_family = 'mips'\n\
cpu = 'mips'\n\
endian = 'big'\n" > /usr/local/share/meson/cross/mips-linux-gnu && \
    dpkg-query --showformat '${Package}_${Version}_${Architecture}\n' --show > /packages.txt && \
    mkdir -p /usr/libexec/ccache-wrappers && \
    ln -s /usr/bin/ccache /usr/libexec/ccache-wrappers/mips-linux-gnu-cc && \
    ln -s /usr/bin/ccache /usr/libexec/ccache-wrappers/mips-linux-gnu-gcc

ENV ABI="mips-linux-gnu"
ENV MESON_OPTS="--cross-file=mips-linux-gnu"
