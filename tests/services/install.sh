#!/bin/bash
# Installs what the commands of the Makefile need and this machine lacks: Debian packages,
# and, where there is none recent enough, a Rust toolchain below target/. With $1 = build it is
# only what building the extension needs, and no services.

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

build_packages=(gcc libc6-dev make curl ca-certificates php8.2-dev php8.2-cli
    libclang1-14 libclang-common-14-dev)
php_packages=(php8.2-fpm php8.2-sqlite3 php8.2-mysql php8.2-intl php8.2-mbstring php8.2-xml
    php8.2-zip php8.2-curl php8.2-gd php8.2-ldap)
service_packages=(nginx-light dovecot-imapd mariadb-server mariadb-client sqlite3)
roundcube_packages=(roundcube-core roundcube-sqlite3 roundcube-mysql roundcube-plugins)

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

wanted=("${build_packages[@]}")
if [ "${1:-}" != build ]; then
    wanted+=("${php_packages[@]}" "${service_packages[@]}" "${roundcube_packages[@]}")
fi
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

# Packages start their services and enable them for the next boot. Ours run from private
# configurations, so neither may happen for those that this script brings in.
install_quietly() {
    local policy=/usr/sbin/policy-rc.d had_policy=yes package
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
        apt-get install -y -q --no-install-recommends "${missing[@]}"
    if command -v systemctl >/dev/null; then
        for package in "${missing[@]}"; do
            case $package in
                nginx-light) as_root systemctl disable nginx ;;
                dovecot-imapd) as_root systemctl disable dovecot ;;
                mariadb-server) as_root systemctl disable mariadb ;;
                php8.2-fpm) as_root systemctl disable php8.2-fpm ;;
            esac
        done
    fi
    if [ $had_policy = no ]; then
        as_root rm -f $policy
        trap - EXIT
    fi
}

if [ ${#missing[@]} -gt 0 ]; then
    command -v apt-get >/dev/null || die "this needs Debian 12, or by hand: ${missing[*]}"
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        die "no sudo here; as root: apt-get install --no-install-recommends ${missing[*]}"
    say "installing ${missing[*]}"
    install_quietly
fi

"$services/rust.sh"
