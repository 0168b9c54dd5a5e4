#!/bin/bash
# Installs what the commands of the Makefile need and this machine lacks: Debian packages,
# and, where there is none recent enough, a Rust toolchain below target/. With the word `build`
# it is only what building the extension needs, and no services; with the word `demo` what the
# demonstration needs, and no tests; with the word `packages` there is no toolchain, so that root
# leaves nothing of root's in somebody's checkout.

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

purpose=test packages_only=no
for word in "$@"; do
    case $word in
        build | demo) purpose=$word ;;
        packages) packages_only=yes ;;
        *) die "install.sh knows the words build, demo and packages, not $word" ;;
    esac
done

build_packages=(gcc libc6-dev make curl ca-certificates php8.2-dev php8.2-cli
    libclang1-14 libclang-common-14-dev)
php_packages=(php8.2-fpm php8.2-sqlite3 php8.2-mysql php8.2-intl php8.2-mbstring php8.2-xml
    php8.2-zip php8.2-curl php8.2-gd php8.2-ldap)
service_packages=(nginx-light dovecot-imapd mariadb-server mariadb-client sqlite3)
# What the fuzz targets link is partly C++. A browser looks at Roundcube's pages. Nobody else
# needs PostgreSQL here.
test_packages=(g++ chromium chromium-driver postgresql php8.2-pgsql)
roundcube_packages=(roundcube-core roundcube-sqlite3 roundcube-mysql roundcube-plugins)

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

wanted=("${build_packages[@]}")
if [ $purpose != build ]; then
    wanted+=("${php_packages[@]}" "${service_packages[@]}" "${roundcube_packages[@]}")
fi
if [ $purpose = test ]; then wanted+=("${test_packages[@]}"); fi
missing=()
for package in "${wanted[@]}"; do
    is_installed "$package" || missing+=("$package")
done

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

is_enabled() { command -v systemctl >/dev/null && systemctl --quiet is-enabled "$1" 2>/dev/null; }

# Packages start their services and enable them for the next boot. Ours run from private
# configurations, so neither may happen for those that this script brings in. What was enabled
# before serves somebody (nginx without nginx-light, say), and stays so.
install_quietly() {
    local policy=/usr/sbin/policy-rc.d had_policy=yes unit new=()
    for unit in nginx dovecot mariadb postgresql php8.2-fpm; do is_enabled $unit || new+=($unit); done
    if [ ! -e $policy ]; then
        had_policy=no
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod 0755 $policy
        trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    as_root debconf-set-selections <<'SELECTIONS'
roundcube-core roundcube/dbconfig-install boolean false
roundcube-core roundcube/reconfigure-webserver multiselect
roundcube-core roundcube/database-type select sqlite3
SELECTIONS
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -q -o DPkg::Lock::Timeout=300 --no-install-recommends "${missing[@]}"
    for unit in "${new[@]}"; do
        if is_enabled "$unit"; then as_root systemctl disable "$unit"; fi
    done
    if [ $had_policy = no ]; then
        as_root rm -f $policy
        trap - EXIT
    fi
}

if [ ${#missing[@]} -gt 0 ]; then
    command -v apt-get >/dev/null || die "this needs Debian 12, or by hand: ${missing[*]}"
    # Root is not told to run apt-get, which would start the services that come with it.
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        die "Debian packages are missing and there is no sudo here. Have root run this once, then repeat:
  su - -c '$services/install.sh$([ $purpose = test ] || printf ' %s' $purpose) packages'
The packages are: ${missing[*]}"
    say "== installing ${#missing[@]} Debian packages: ${missing[*]}"
    install_quietly
fi

[ $packages_only = yes ] || "$services/rust.sh"
