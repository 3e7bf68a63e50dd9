/* SPDX-License-Identifier: MIT */
#include "storage/reading/scan_order.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, PLACE_BITS = 64 };

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
	uint32_t starts[DIGITS] = { 0 };
	uint32_t at = 0;

	for (size_t i = 0; i < count; i++)
		starts[digit_of(&from[i], shift)]++;
	for (unsigned i = 0; i < DIGITS; i++) {
		uint32_t length = starts[i];

		starts[i] = at;
		at += length;
	}
	for (size_t i = 0; i < count; i++)
		to[starts[digit_of(&from[i], shift)]++] = from[i];
}

static bool
is_sorted(const struct scan_place *places, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (places[i - 1].place > places[i].place)
			return false;
	return true;
}

/* By the digits from ${shift} on. */
static void
sort_from(struct scan_place *places, struct scan_place *scratch, size_t count,
	  unsigned shift)
{
	struct scan_place *from = places, *to = scratch;
	uint64_t differences = 0;

	for (size_t i = 1; i < count; i++)
		differences |= places[i].place ^ places[0].place;
	for (; shift < PLACE_BITS; shift += DIGIT_BITS) {
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

void
scan_order_sort(struct scan_place *places, struct scan_place *scratch,
		size_t count, unsigned run_bits)
{
	assert(count < UINT32_MAX);
	if (is_sorted(places, count))
		return;
	sort_from(places, scratch, count, run_bits);
	if (!is_sorted(places, count))
		sort_from(places, scratch, count, 0);
}
