#!/bin/sh
# A million lives of Pods with the auditor beside them, and what that costs. Usage: scripts/million.sh [LIVES]
set -eu
cd "$(dirname "$0")/.."
export PODSIM_CHAOS_LIVES="${1:-1000000}"
cargo test -p sim-core --test chaos --no-run
time cargo test -q -p sim-core --test chaos -- --exact of_many_pods_every_one_is_accounted_for --nocapture
