#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The storage engine's figures, each beside its goal and the machine's limits.
#
#     sh bench/engine.sh [quick|full] [SECTION…]
#
# Sections: machine amplification keys memory disk. Each keeps its figures until
# it is run again, so that a run can go on where it ended. A full run of all
# replaces the tables in docs/performance.md.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$top/tests/setup.sh"

mode=quick
case ${1-} in
quick | full)
	mode=$1
	shift
	;;
esac
all="machine amplification keys memory disk"
sections=${*:-$all}

# shellcheck disable=SC2086
install_packages $packages_build $packages_bench $packages_peers
# What users get: optimised, with assertions.
build_directory build --buildtype=debugoptimized -Dtests=false -Dbench=true

results=$top/build/figures/$mode
work=${BENCH_DIRECTORY:-$top/build/bench-work}
mkdir -p "$results" "$work"
for section in $sections; do
	say "measuring $section ($mode)"
	"$top/build/bench/engine" "$mode" "$work" "$section" \
		>"$results/$section.partial"
	mv "$results/$section.partial" "$results/$section.jsonl"
	python3 "$top/bench/table.py" "$results/$section.jsonl"
done
if [ "$mode" = full ] && [ -z "${*:-}" ]; then
	set --
	for section in $all; do
		set -- "$@" "$results/$section.jsonl"
	done
	python3 "$top/bench/table.py" --into "$top/docs/performance.md" "$@"
	say "docs/performance.md has the new tables"
fi
say "the same as JSON is in ${results#"$top"/}"
