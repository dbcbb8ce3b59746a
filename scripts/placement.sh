#!/usr/bin/env bash
# Measures scheduling decisions under churn: the fast path against the plain reading of the plugins, with and without spread and affinity.
# Usage: scripts/placement.sh [FILTER]      (a part of the names that criterion prints)
set -euo pipefail
cd "$(dirname "$0")/.."
cargo bench --locked -p benches --bench placement -- "${1:-placement}" | grep -E '^placement|time:' | paste -sd ' ' | sed 's/placement\//\n/g' |
  sed -E 's/ +time: +\[[^ ]+ [^ ]+ ([^ ]+ [^ ]+) .*/  \1/' | sed '/^ *$/d'
