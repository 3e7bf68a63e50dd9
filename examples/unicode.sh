#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Real input: the Unicode character database, some 35,000 lines of Debian's
# unicode-data package, as a table.  Makes a .cql script of it, runs that into
# a new database directory, and asks questions.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$top/tests/setup.sh"

# shellcheck disable=SC2086
install_packages $packages_build $packages_unicode
build_directory build --buildtype=debugoptimized -Dtests=false

logstor=$top/build/cli/logstor
database=$top/build/unicode.db
script=$top/build/unicode.cql
source=/usr/share/unicode/UnicodeData.txt

ask() {
	printf '\nlogstor> %s\n' "$1"
	"$logstor" --keyspace unicode --execute "$1" "$database" </dev/null
}

awk -f "$top/examples/unicode.awk" "$source" >"$script"
rows=$(grep -c '^INSERT' "$script")
say "$source is now $rows INSERTs in build/unicode.cql"

rm -rf "$database"
before=$(date +%s%N)
"$logstor" --bail --file "$script" "$database" </dev/null
after=$(date +%s%N)
milliseconds=$(((after - before) / 1000000))
say "inserted and durable in $milliseconds ms, parsing and start-up included"

ask "SELECT codepoint, name, category, lower FROM character
         WHERE codepoint = 937;"
ask "SELECT codepoint, name, upper, decomposition FROM character
         WHERE codepoint IN (8364, 233, 228, 97);"
ask "SELECT name, numeric_value, decomposition_kind, decomposition
         FROM character WHERE codepoint = 190;"
ask "SELECT count(*) FROM character;"
ask "SELECT token(codepoint), codepoint, name FROM character
         WHERE token(codepoint) > 0 AND token(codepoint) <= 1000000000000000;"
ask "DESCRIBE TABLE character;"

# The example is a test too: every line must have arrived.
count=$("$logstor" --keyspace unicode --format csv \
	--execute "SELECT count(*) FROM character" "$database" </dev/null |
	sed -n '2p' | tr -d '\r')
[ "$count" = "$rows" ] || fail "expected $rows rows, found $count"
say "all $count characters are there"
