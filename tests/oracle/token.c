/* SPDX-License-Identifier: MIT */
#include "tests/oracle/token.h"

/* Arithmetic on signed bytes and 64-bit words as Java does it, one block a
 * round; a short last block takes the same path, sign-extended bytes and all,
 * and only leaves out the mixing of the hashes. */
struct lanes {
	uint64_t h1;
	uint64_t h2;
};

static uint64_t
turn(uint64_t word, int by)
{
	return word << by | word >> (64 - by);
}

static uint64_t
word_at(struct slice key, size_t offset, size_t size, bool is_signed)
{
	uint64_t word = 0;

	for (size_t i = size; i-- > 0;) {
		uint64_t byte = key.data[offset + i];

		if (is_signed && byte >= 128)
			byte |= ~UINT64_C(255);
		word ^= byte << (8 * i);
	}
	return word;
}

static uint64_t
stir(uint64_t word, uint64_t first, int by, uint64_t second)
{
	return turn(word * first, by) * second;
}

static const uint64_t c1 = UINT64_C(9782798678568883157);
static const uint64_t c2 = UINT64_C(5545529020109919103);

static void
add_words(struct lanes *lanes, uint64_t k1, uint64_t k2, bool is_whole)
{
	lanes->h1 ^= stir(k1, c1, 31, c2);
	if (is_whole)
		lanes->h1 = (turn(lanes->h1, 27) + lanes->h2) * 5 + 1390208809;
	lanes->h2 ^= stir(k2, c2, 33, c1);
	if (is_whole)
		lanes->h2 = (turn(lanes->h2, 31) + lanes->h1) * 5 + 944331445;
}

static uint64_t
finish(uint64_t word)
{
	word ^= word >> 33;
	word *= UINT64_C(18397679294719823053);
	word ^= word >> 33;
	word *= UINT64_C(14181476777654086739);
	return word ^ word >> 33;
}

int64_t
token_of(struct slice key)
{
	struct lanes lanes = { 0, 0 };
	size_t offset = 0, left;
	uint64_t sum;

	for (; key.size - offset >= 16; offset += 16)
		add_words(&lanes, word_at(key, offset, 8, false),
			  word_at(key, offset + 8, 8, false), true);
	left = key.size - offset;
	add_words(&lanes, word_at(key, offset, left < 8 ? left : 8, true),
		  left > 8 ? word_at(key, offset + 8, left - 8, true) : 0,
		  false);
	lanes.h1 ^= key.size;
	lanes.h2 ^= key.size;
	lanes.h1 += lanes.h2;
	lanes.h2 += lanes.h1;
	sum = finish(lanes.h1) + finish(lanes.h2);
	return sum == UINT64_C(1) << 63 ? INT64_MAX : (int64_t)sum;
}
