#!/bin/sh
# Builds the rings on other simulators and runs all benches with them; options as those of `archipelago bench`.
set -eu
cd "$(dirname "$0")/.."
(cd benches/peers && cargo build --release --locked)
built="${CARGO_TARGET_DIR:-target/peers}/release"
exec cargo run --release -- bench simulator --peers "$built" "$@"
