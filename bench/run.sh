#!/bin/sh
# SPDX-License-Identifier: MIT
#
# logstor beside SQLite on this machine: medians of several rounds in turns.
#
#     sh bench/run.sh [ROUNDS]      7 by default; odd numbers have a middle
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$top/tests/setup.sh"

# shellcheck disable=SC2086
install_packages $packages_build $packages_bench
build_directory build --buildtype=debugoptimized -Dtests=false -Dbench=true

rounds=${1:-7}
work=$top/build/bench-work
mkdir -p "$work"

awk -f "$top/examples/unicode.awk" /usr/share/unicode/UnicodeData.txt \
	>"$work/unicode.cql"
# The same rows: SQLite has no lists and tuples, and gets them as text.
{
	printf '%s\n' '.output /dev/null' 'PRAGMA journal_mode = WAL;' \
		'PRAGMA synchronous = FULL;' 'BEGIN;'
	sed -n '/^CREATE TABLE/,/;$/p' "$work/unicode.cql" | sed \
		-e 's/ int PRIMARY KEY/ INTEGER PRIMARY KEY/' \
		-e 's/frozen<list<int>>/text/' \
		-e 's/tuple<bigint, bigint>/text/' \
		-e 's/) WITH .*/);/'
	grep '^INSERT' "$work/unicode.cql" | sed -E \
		-e "s/\\[[0-9, ]*\\]/'&'/" \
		-e "s/, (\\(-?[0-9]+, [0-9]+\\))/, '\\1'/"
	echo "COMMIT;"
} >"$work/unicode.sql"
rows=$(grep -c '^INSERT' "$work/unicode.cql")

say "$rounds rounds of logstor and SQLite in turns"
"$top/build/bench/sqlite_compare" "$work" "$rounds" \
	"$top/build/cli/logstor" "$work/unicode.cql" \
	"$(command -v sqlite3)" "$work/unicode.sql" "$rows" \
	>"$work/results.jsonl"
logstor='"logstor_per_s": ([0-9]*)'
sqlite='"sqlite_per_s": ([0-9]*)'
sed -E "s/.*\"name\": \"([^\"]*)\".*$logstor, $sqlite, \"ratio\": ([0-9.]*).*/\
\1;\2;\3;\4/" \
	"$work/results.jsonl" | awk -F ';' '
	NR == 1 {
		printf "%-38s %12s %12s %7s\n", "rows a second", "logstor",
			"SQLite", "ratio"
	}
	{ printf "%-38s %12d %12d %6.2fx\n", $1, $2, $3, $4 }'
rm -f "$work"/*.cql "$work"/*.sql
say "the same as JSON is in build/bench-work/results.jsonl"
