/* SPDX-License-Identifier: MIT */
#include "base/slice.h"

enum { EDIT_SIZE_MAX = 64 };

static uint8_t
to_lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : byte;
}

bool
slice_is_equal_ignoring_case(struct slice a, struct slice b)
{
	if (a.size != b.size)
		return false;
	for (size_t i = 0; i < a.size; i++)
		if (to_lower(a.data[i]) != to_lower(b.data[i]))
			return false;
	return true;
}

static size_t
min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

size_t
slice_edit_distance(struct slice a, struct slice b)
{
	size_t row[EDIT_SIZE_MAX + 1];

	if (a.size > EDIT_SIZE_MAX || b.size > EDIT_SIZE_MAX)
		return EDIT_SIZE_MAX + 1;
	for (size_t j = 0; j <= b.size; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.size; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.size; j++) {
			size_t above = row[j];
			bool same = to_lower(a.data[i - 1]) ==
				    to_lower(b.data[j - 1]);

			row[j] = min3(above + 1, row[j - 1] + 1,
				      diagonal + (same ? 0 : 1));
			diagonal = above;
		}
	}
	return row[b.size];
}
