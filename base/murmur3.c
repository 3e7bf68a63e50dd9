/* SPDX-License-Identifier: MIT */
#include "base/murmur3.h"

#include "base/pack.h"

#define FACTOR_1 UINT64_C(0x87c37b91114253d5)
#define FACTOR_2 UINT64_C(0x4cf5ad432745937f)

static uint64_t
rotate(uint64_t value, unsigned bits)
{
	return (value << bits) | (value >> (64 - bits));
}

static uint64_t
scramble_1(uint64_t block)
{
	return rotate(block * FACTOR_1, 31) * FACTOR_2;
}

static uint64_t
scramble_2(uint64_t block)
{
	return rotate(block * FACTOR_2, 33) * FACTOR_1;
}

static uint64_t
avalanche(uint64_t hash)
{
	hash = (hash ^ (hash >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	hash = (hash ^ (hash >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ (hash >> 33);
}

/* Java's bytes are signed, and Cassandra widens them as they are: that is the
 * one difference from the textbook, and every token depends on it. */
static uint64_t
tail_block(const uint8_t *bytes, size_t size)
{
	uint64_t block = 0;

	for (size_t i = 0; i < size; i++)
		block ^= (uint64_t)(int64_t)(int8_t)bytes[i] << (8 * i);
	return block;
}

int64_t
murmur3_token(struct slice key)
{
	uint64_t h1 = 0, h2 = 0;
	size_t whole = key.size & ~(size_t)15;
	size_t left = key.size - whole;

	for (size_t i = 0; i < whole; i += 16) {
		h1 ^= scramble_1(load_u64_le(key.data + i));
		h1 = (rotate(h1, 27) + h2) * 5 + 0x52dce729;
		h2 ^= scramble_2(load_u64_le(key.data + i + 8));
		h2 = (rotate(h2, 31) + h1) * 5 + 0x38495ab5;
	}
	if (left > 8)
		h2 ^= scramble_2(tail_block(key.data + whole + 8, left - 8));
	if (left > 0)
		h1 ^= scramble_1(tail_block(key.data + whole,
					    left < 8 ? left : 8));
	h1 ^= key.size;
	h2 ^= key.size;
	h1 += h2;
	h2 += h1;
	h1 = avalanche(h1);
	h2 = avalanche(h2);
	h1 += h2;
	return h1 == (uint64_t)INT64_MIN ? INT64_MAX : (int64_t)h1;
}
