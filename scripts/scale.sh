#!/usr/bin/env bash
# Runs the month at full scale (15,000 nodes, 300,000 Pods, 30 days) and says what it cost.
# Usage: scripts/scale.sh [RESULTS_FOLDER] [more arguments of `podsim run`]
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-results/scale}
shift || true

cargo build --release --locked
target/release/podsim run scenarios/library/documented/scale.yaml --out "$out" --force "$@"
grep -E '"(wallSeconds|cpuSeconds|peakMemoryBytes|eventsPerWallSecond)"' "$out/run.json"
