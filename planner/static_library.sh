#!/bin/sh
# SPDX-License-Identifier: MIT
#
#     static_library.sh IN OUT OBJCOPY AR COMPILER…
#
# Makes the static library OUT of IN: one object, from which only the public
# header's names can be linked.  With ours in it, a program that has a
# buffer_append() of its own couldn't be linked at all.
set -eu

in=$1 out=$2 objcopy=$3 ar=$4
shift 4
work=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$work"' EXIT

"$@" -r -nostdlib -o "$work/logstor.o" \
	-Wl,--whole-archive "$in" -Wl,--no-whole-archive
"$objcopy" --localize-hidden "$work/logstor.o"
rm -f "$out"
"$ar" rcsD "$out" "$work/logstor.o"
