#!/bin/bash
# Runs cargo in the checkout, with the toolchain that rust.sh put below target/ if there is one.

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
if [ -x "$build_dir/toolchain/cargo/bin/cargo" ]; then
    export CARGO_HOME=$build_dir/toolchain/cargo RUSTUP_HOME=$build_dir/toolchain/rustup
    export PATH="$CARGO_HOME/bin:$PATH"
fi
cd "$repo"
exec cargo "$@"
