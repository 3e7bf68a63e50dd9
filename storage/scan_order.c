/* SPDX-License-Identifier: MIT */
#include "storage/scan_order.h"

#include <string.h>

enum { DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS, PLACE_BITS = 64 };

static unsigned
digit_of(const struct scan_place *place, unsigned shift)
{
	return (unsigned)(place->place >> shift) % DIGITS;
}

/* One pass of a radix sort: stable, by the digit at ${shift}. */
static void
deal(const struct scan_place *from, struct scan_place *to, size_t count,
     unsigned shift)
{
	size_t starts[DIGITS] = { 0 };
	size_t at = 0;

	for (size_t i = 0; i < count; i++)
		starts[digit_of(&from[i], shift)]++;
	for (unsigned i = 0; i < DIGITS; i++) {
		size_t length = starts[i];

		starts[i] = at;
		at += length;
	}
	for (size_t i = 0; i < count; i++)
		to[starts[digit_of(&from[i], shift)]++] = from[i];
}

void
scan_order_sort(struct scan_place *places, struct scan_place *scratch,
		size_t count)
{
	struct scan_place *from = places, *to = scratch;
	uint64_t differences = 0;

	for (size_t i = 1; i < count; i++)
		differences |= places[i].place ^ places[0].place;
	for (unsigned shift = 0; shift < PLACE_BITS; shift += DIGIT_BITS) {
		struct scan_place *dealt = to;

		if ((differences >> shift) % DIGITS == 0)
			continue;
		deal(from, to, count, shift);
		to = from;
		from = dealt;
	}
	if (from != places)
		memcpy(places, from, count * sizeof(*places));
}
