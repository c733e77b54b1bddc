FROM docker.io/library/almalinux:9

RUN dnf --quiet update -y && \
    dnf --quiet install 'dnf-command(config-manager)' -y && \
    dnf --quiet config-manager --set-enabled -y crb && \
    dnf --quiet install -y epel-release && \
    dnf --quiet install almalinux-release-devel -y && \
    dnf --quiet config-manager --set-enabled -y devel && \
    dnf --quiet install -y \
                SDL2-devel \
                alsa-lib-devel \
                audit-libs-devel \
                augeas \
                bash \
                bash-completion \
                bc \
                bison \
                brlapi-devel \
                bzip2 \
                bzip2-devel \
                ca-certificates \
                capstone-devel \
                ccache \
                clang \
                cpp \
                ctags \
                cyrus-sasl-devel \
                daxctl-devel \
                dbus-daemon \
                device-mapper-devel \
                device-mapper-multipath-devel \
                diffutils \
                dwarves \
                ebtables \
                findutils \
                firewalld-filesystem \
                flex \
                fuse-devel \
                gcc \
                gcc-c++ \
                genisoimage \
                gettext \
                git \
                glib2-devel \
                glib2-static \
                glibc-devel \
                glibc-langpack-en \
                glibc-static \
                gnutls-devel \
                grep \
                gtk3-devel \
                hostname \
                iproute \
                iproute-tc \
                iptables \
                iscsi-initiator-utils \
                jemalloc-devel \
                json-c-devel \
                kmod \
                libacl-devel \
                libaio-devel \
                libasan \
                libattr-devel \
                libblkid-devel \
                libbpf-devel \
                libcacard-devel \
                libcap-ng-devel \
                libcmocka-devel \
                libcurl-devel \
                libdrm-devel \
                libepoxy-devel \
                libfdt-devel \
                libffi-devel \
                libgcrypt-devel \
                libiscsi-devel \
                libjpeg-devel \
                libnbd-devel \
                libnfs-devel \
                libnl3-devel \
                libpcap-devel \
                libpciaccess-devel \
                libpmem-devel \
                libpng-devel \
                librbd-devel \
                libseccomp-devel \
                libselinux-devel \
                libslirp-devel \
                libssh-devel \
                libssh2-devel \
                libtasn1-devel \
                libtirpc-devel \
                libubsan \
                liburing-devel \
                libusbx-devel \
                libwsman-devel \
                libxdp-devel \
                libxml2 \
                libxml2-devel \
                libxslt \
                libzstd-devel \
                llvm \
                lttng-ust-devel \
                lvm2 \
                lzo-devel \
                make \
                mesa-libgbm-devel \
                meson \
                ncurses-devel \
                nettle-devel \
                nfs-utils \
                ninja-build \
                nmap-ncat \
                numactl-devel \
                numad \
                openssh-clients \
                pam-devel \
                parted-devel \
                pcre-static \
                perl-base \
                pipewire-devel \
                pixman-devel \
                pkgconfig \
                pulseaudio-libs-devel \
                python3 \
                python3-PyYAML \
                python3-docutils \
                python3-flake8 \
                python3-numpy \
                python3-pillow \
                python3-pip \
                python3-pytest \
                python3-setuptools \
                python3-sphinx \
                python3-sphinx_rtd_theme \
                python3-tomli \
                python3-wheel \
                qemu-img \
                rdma-core-devel \
                readline-devel \
                rpm-build \
                sanlock-devel \
                sed \
                snappy-devel \
                spice-protocol \
                systemd-devel \
                systemd-rpm-macros \
                systemtap-sdt-devel \
                tar \
                texinfo \
                usbredir-devel \
                util-linux \
                vte291-devel \
                which \
                wireshark-devel \
                xfsprogs-devel \
                zlib-devel \
                zlib-static && \
    dnf --quiet autoremove -y && \
    dnf --quiet clean all -y && \
    rm -f /usr/lib*/python3*/EXTERNALLY-MANAGED && \
    rpm -qa | sort > /packages.txt && \
    mkdir -p /usr/libexec/ccache-wrappers && \
    ln -s /usr/bin/ccache /usr/libexec/ccache-wrappers/c++ && \
    ln -s /usr/bin/ccache /usr/libexec/ccache-wrappers/cc && \
    ln -s /usr/bin/ccache /usr/libexec/ccache-wrappers/clang && \
    ln -s /usr/bin/ccache /usr/libexec/ccache-wrappers/g++ && \
    ln -s /usr/bin/ccache /usr/libexec/ccache-wrappers/gcc

RUN /usr/bin/pip3 install black

ENV CCACHE_WRAPPERSDIR="/usr/libexec/ccache-wrappers"
ENV LANG="en_US.UTF-8"
ENV MAKE="/usr/bin/make"
ENV NINJA="/usr/bin/ninja"
ENV PYTHON="/usr/bin/python3"
