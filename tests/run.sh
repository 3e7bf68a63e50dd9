#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Sets up, builds and runs every test, in an ordinary build and in one with
# AddressSanitizer and UndefinedBehaviorSanitizer.  Ends with one line,
# "N passed, N failed[, N skipped]", and fails when a test did.
#
#     sh tests/run.sh            everything
#     sh tests/run.sh NAME…      the named tests only (see meson test --list)
set -u

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
. "$top/tests/setup.sh"

# shellcheck disable=SC2086
install_packages $packages_build $packages_test $packages_bench

build_directory build --buildtype=debugoptimized -Dtests=true -Dbench=true
CC=clang build_directory build-asan --buildtype=debugoptimized \
	-Db_sanitize=address,undefined -Db_lundef=false -Dtests=true

export ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=1"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"

# run_tests BUILD NAME…
run_tests() {
	build=$1
	shift
	say "testing $build"
	rm -f "$top/$build/meson-logs/testlog.json"
	meson test -C "$top/$build" --no-rebuild --print-errorlogs "$@" \
		</dev/null | grep -v '^ninja: \|^Full log written'
}

run_tests build "$@"
run_tests build-asan "$@"

exec python3 "$top/tests/summary.py" \
	"$top/build/meson-logs/testlog.json" \
	"$top/build-asan/meson-logs/testlog.json"
