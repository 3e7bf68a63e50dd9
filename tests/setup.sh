# SPDX-License-Identifier: MIT
#
# What every set-up script shares; it is sourced, by examples/*.sh, bench/run.sh
# and tests/run.sh, after they have set ${top} to the checkout.  The lists below
# are the project's only lists of Debian packages.

packages_build="gcc libc6-dev meson ninja-build pkg-config re2c lemon
	libxxhash-dev libutf8proc-dev liburing-dev libedit-dev"
packages_unicode="unicode-data"
packages_bench="libsqlite3-dev sqlite3 unicode-data"
# Others' databases, which only bench/engine.sh wants beside ours.
packages_peers="liblmdb-dev"
packages_test="clang e2fsprogs fuse3 libclang-rt-14-dev libcmocka-dev
	libfuse3-dev libsqlite3-dev mount patch python3 unicode-data util-linux"

say() {
	printf '%s\n' "== $*"
}

fail() {
	printf '%s\n' "$*" >&2
	exit 1
}

# packages_missing PACKAGE…: those that aren't installed.
packages_missing() {
	for package in "$@"; do
		status=$(dpkg-query -W -f='${db:Status-Status}' "$package" \
			2>/dev/null) || status=none
		[ "$status" = installed ] || printf '%s ' "$package"
	done
}

# run_quietly WHAT COMMAND…: its output is shown only when it fails.
run_quietly() {
	quiet_what=$1
	shift
	quiet_log=$(mktemp)
	if "$@" >"$quiet_log" 2>&1 </dev/null; then
		rm -f "$quiet_log"
		return 0
	fi
	# Ninja's progress would hide what failed.
	grep -v '^\[[0-9]*/[0-9]*\] ' "$quiet_log" | tail -n 60 >&2
	rm -f "$quiet_log"
	printf '%s\n' "failed: $quiet_what" >&2
	return 1
}

# install_packages PACKAGE…: installs those that are missing, as root or
# through sudo.  The package lists are fetched only when apt-get can't do
# without.
install_packages() {
	command -v dpkg-query >/dev/null 2>&1 ||
		fail "this script knows Debian's packages only; install: $*"
	missing=$(packages_missing "$@")
	missing=${missing% }
	[ -n "$missing" ] || return 0
	line="apt-get install --no-install-recommends -y $missing"
	as_root=
	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null 2>&1; then
			fail "packages are missing; as root, run: $line"
		elif sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; then
			as_root=sudo
		else
			fail "packages are missing; run: sudo $line"
		fi
	fi
	say "installing $missing"
	# Words are split on purpose: a line, not a list, is what POSIX has.
	# shellcheck disable=SC2086
	install_line $as_root env DEBIAN_FRONTEND=noninteractive ||
		fail "could not install packages; run: ${as_root:+sudo }$line"
}

install_line() {
	# shellcheck disable=SC2086
	"$@" apt-get install --no-install-recommends -y $missing \
		>/dev/null 2>&1 </dev/null && return 0
	run_quietly "apt-get update" "$@" apt-get update || return 1
	# shellcheck disable=SC2086
	run_quietly "apt-get install" "$@" \
		apt-get install --no-install-recommends -y $missing
}

# build_directory NAME MESON_OPTION…: configures ${top}/NAME once and builds
# it.  An existing directory keeps its configuration; later options are added.
build_directory() {
	build_name=$1
	shift
	if [ ! -f "$top/$build_name/build.ninja" ]; then
		say "configuring $build_name"
		run_quietly "meson setup $build_name" \
			meson setup "$top/$build_name" "$top" "$@" || exit 1
	else
		build_reconfigure "$@" || exit 1
	fi
	ninja -C "$top/$build_name" -n | grep -q 'no work to do' && return 0
	say "building $build_name"
	run_quietly "ninja -C $build_name" ninja -C "$top/$build_name" || exit 1
}

# Only what differs is changed: meson rebuilds the world for any change.
build_reconfigure() {
	for option in "$@"; do
		case $option in
		-Dtests=true | -Dbench=true)
			name=${option#-D}
			name=${name%=true}
			meson introspect --buildoptions "$top/$build_name" |
				tr '{' '\n' | grep "\"name\": \"$name\"" |
				grep -q '"value": true' && continue
			run_quietly "meson configure $build_name" \
				meson configure "$top/$build_name" "$option" ||
				return 1
			;;
		esac
	done
}
