#!/bin/bash
# Runs cargo in the checkout, with the toolchain that rust.sh saw to.

source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
use_rust
cd "$repo"
exec cargo "$@"
