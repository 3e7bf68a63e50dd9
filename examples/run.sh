#!/bin/sh
# SPDX-License-Identifier: MIT
#
# From a fresh clone to a first result: installs what is missing, builds, and
# runs examples/first_steps.cql on a new database directory.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$top/tests/setup.sh"

# shellcheck disable=SC2086
install_packages $packages_build
build_directory build --buildtype=debugoptimized -Dtests=false

logstor=$top/build/cli/logstor
database=$top/build/first_steps.db

rm -rf "$database"
say "running examples/first_steps.cql on build/first_steps.db"
status=0
"$logstor" --file "$top/examples/first_steps.cql" "$database" </dev/null ||
	status=$?
[ "$status" -eq 0 ] || fail "the script ended with exit status $status"

# Quoted only where it must be, so that the line can be pasted as it is.
shell_word() {
	case $1 in
	*[!A-Za-z0-9_./+-]*)
		printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
		;;
	*) printf '%s' "$1" ;;
	esac
}

say "the tables are on disk; to open the shell on them:"
printf '\n    %s %s\n\n' "$(shell_word "$logstor")" "$(shell_word "$database")"
