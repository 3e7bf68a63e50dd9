/* SPDX-License-Identifier: MIT */
#include "base/murmur3.h"

#include "tests/support/unit.h"

#define KEY(bytes) { (const uint8_t *)(bytes), sizeof(bytes) - 1 }
#define FF_5 "\xff\xff\xff\xff\xff"

/* Computed with the hash of Cassandra's own driver. */
static const struct {
	const char *why;
	struct slice key;
	int64_t token;
} vectors[] = {
	{ "int 0", KEY("\0\0\0\0"), INT64_C(-3485513579396041028) },
	{ "int 1", KEY("\0\0\0\1"), INT64_C(-4069959284402364209) },
	{ "int -1", KEY("\xff\xff\xff\xff"), INT64_C(7297452126230313552) },
	{ "bigint 1", KEY("\0\0\0\0\0\0\0\1"), INT64_C(6292367497774912474) },
	{ "nothing at all", KEY(""), 0 },
	{ "text a", KEY("a"), INT64_C(-8839064797231613815) },
	{ "text hello", KEY("hello"), INT64_C(-3758069500696749310) },
	{ "a tail with the top bit", KEY("\xc3\xa9"),
	  INT64_C(5461403030378599040) },
	{ "blob 80", KEY("\x80"), INT64_C(-5284281814142962636) },
	{ "the longest tail", KEY(FF_5 FF_5 FF_5),
	  INT64_C(-2195530867418009455) },
	{ "one whole block", KEY(FF_5 FF_5 FF_5 "\xff"),
	  INT64_C(-2824192546314762522) },
	{ "a block and a tail", KEY(FF_5 FF_5 FF_5 "\xff\xff"),
	  INT64_C(-4128212798341382003) },
	{ "composite of two ints",
	  KEY("\0\4\0\0\0\1\0\0\4\0\0\0\2\0"),
	  INT64_C(4881097376275569167) },
	{ "composite with an empty part", KEY("\0\1\x61\0\0\0\0"),
	  INT64_C(-7005710260653943986) },
	{ "uuid",
	  KEY("\x12\x3e\x45\x67\xe8\x9b\x12\xd3\xa4\x56\x42\x66\x55\x44"
	      "\0\0"),
	  INT64_C(-6129097125723764871) },
};

TEST(tokens_equal_cassandras)
{
	size_t checked = 0;

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		if (murmur3_token(vectors[i].key) != vectors[i].token)
			fail_msg("wrong token for %s", vectors[i].why);
		checked++;
	}
	assert_int_equal(checked, 15);
}

TEST(a_token_does_not_depend_on_where_the_key_lies)
{
	uint8_t memory[64 + 37];
	int64_t token;

	for (size_t i = 0; i < 37; i++)
		memory[i] = (uint8_t)(i * 37);
	token = murmur3_token(slice_make(memory, 37));
	for (size_t shift = 1; shift < 64; shift++) {
		memmove(memory + shift, memory + shift - 1, 37);
		assert_true(murmur3_token(slice_make(memory + shift, 37)) ==
			    token);
	}
}

UNIT_MAIN()
