#!/usr/bin/env bash
# The hold model: radix wheel against the standard library's heap and the keyed heap, in one run.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo bench --locked -p benches --bench hold
