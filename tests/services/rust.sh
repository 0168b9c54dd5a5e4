#!/bin/bash
# Sees to a Rust toolchain of the version that Cargo.toml names. Debian 12's own is too old, so
# where there is none, rustup puts one below target/; nothing outside of it is changed.

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$repo/Cargo.toml")

is_recent() {
    local have
    have=$("$services/cargo.sh" --version 2>/dev/null | cut -d' ' -f2) || return 1
    [ "$(printf '%s\n' "$wanted" "$have" | sort -V | head -n1)" = "$wanted" ]
}

if ! is_recent; then
    say "== installing Rust $wanted below $build_dir/toolchain"
    export CARGO_HOME=$build_dir/toolchain/cargo RUSTUP_HOME=$build_dir/toolchain/rustup
    mkdir -p "$build_dir/toolchain"
    cd "$build_dir/toolchain"
    place=${RUSTUP_UPDATE_ROOT:-https://static.rust-lang.org/rustup}/dist/$(uname -m)-unknown-linux-gnu
    for file in rustup-init rustup-init.sha256; do
        curl --proto '=https' --tlsv1.2 -sSfO "$place/$file" ||
            die "no rustup to be had; install Rust $wanted or later by hand, then repeat"
    done
    printf '%s  rustup-init\n' "$(cut -d' ' -f1 rustup-init.sha256)" | sha256sum --quiet -c
    chmod +x rustup-init
    # Its advice on PATH is for people who will call cargo by hand; progress and errors are not
    # in what it prints there.
    ./rustup-init -y --no-modify-path --profile minimal --default-toolchain "$wanted" \
        -c rustfmt -c clippy >rustup-init.log
fi
