# Sourced by the other scripts: brings a fresh Debian or Ubuntu to what they need, and does nothing when it is there.
# shellcheck shell=bash
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

RUN_PACKAGES=(python3 python3-venv libportaudio2 libasound2-plugins libudev1 ffmpeg espeak-ng)
SERVICE_PACKAGES=(dbus polkitd) # as services: logind's lock against sleep is asked for over D-Bus, polkit grants it
VIRTUAL_MICROPHONE_PACKAGES=(pulseaudio pulseaudio-utils)
TEST_PACKAGES=(alsa-utils curl e2fsprogs faketime git iproute2 lame libsox-fmt-mp3 mount nodejs npm openssl procps sox)
TEST_PACKAGES+=(poppler-utils)
TEST_PACKAGES+=(systemd)
TEST_PACKAGES+=(p7zip-full unzip) # what opens archives elsewhere
TEST_PACKAGES+=(gir1.2-umockdev-1.0 python3-gi umockdev) # pedals that nobody has to press
TEST_PACKAGES+=(fonts-dejavu-core)
TEST_PACKAGES+=(openssh-client openssh-server) # the tests' own servers on loopback, never the system's: see need_packages
TEST_PACKAGES+=(apache2-bin libnginx-mod-http-dav-ext nginx) # WebDAV servers
# Ubuntu has Chromium as a snap only; any Chromium or Chrome that is there does.
command -v chromium chromium-browser google-chrome >/dev/null || TEST_PACKAGES+=(chromium)
BOOT_PACKAGES=(mmdebstrap debian-archive-keyring systemd-container util-linux) # a computer booted beside this one
# The emulated machine of scripts/rig/machine.py; it fetches Debian's kernel itself, into a cache.
MACHINE_PACKAGES=(busybox-static dosfstools exfat-fuse exfatprogs kmod qemu-system-x86 udev util-linux)

say() { printf '%s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# need_packages NAME... : installs those Debian packages that are missing.
need_packages() {
    local name missing=()
    for name in "$@"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return
    # A newer Node.js from elsewhere brings its own npm and conflicts with Debian's.
    if command -v npm >/dev/null && command -v node >/dev/null; then
        mapfile -t missing < <(printf '%s\n' "${missing[@]}" | grep -vxE 'nodejs|npm')
        [ ${#missing[@]} -eq 0 ] && return
    fi
    # Debian's package would open this computer to the network. With this file there its service and socket do not start.
    case " ${missing[*]} " in *" openssh-server "*)
        as_root mkdir -p /etc/ssh
        as_root touch /etc/ssh/sshd_not_to_be_run
        ;;
    esac
    say "Устанавливаю: ${missing[*]}"
    as_root apt-get -q -o DPkg::Lock::Timeout=300 update >&2
    DEBIAN_FRONTEND=noninteractive as_root apt-get -q -y -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends "${missing[@]}" >&2
}

# need_venv [EXTRA] : .venv with this project in it, renewed when pyproject.toml changed. Built by the system's
# Python, so that a service user can read it.
need_venv() {
    local target="." stamp=".venv/stamp${1:+-$1}" python=/usr/bin/python3
    [ -n "${1:-}" ] && target=".[$1]"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
        say "Нужен Python 3.11 или новее (Debian 12, Ubuntu 24.04)."
        exit 1
    }
    cmp -s pyproject.toml "$stamp" && return
    say "Готовлю окружение Python…"
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -e "$target"
    cp pyproject.toml "$stamp"
}
