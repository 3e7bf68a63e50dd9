# SPDX-License-Identifier: MIT
"""XXH3-64 with a seed, from the published description of the algorithm, so
that the reader shares no code with the program that it checks.

Additions are taken modulo 2^64 only where something shifts or multiplies
next: Python's numbers don't overflow, and masking is most of the time."""

import struct

MASK64 = 0xFFFFFFFFFFFFFFFF
MASK32 = 0xFFFFFFFF

PRIME32 = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
PRIME64 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
           0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)

SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")

STRIPE = 64
BLOCK_STRIPES = (len(SECRET) - STRIPE) // 8
BLOCK = STRIPE * BLOCK_STRIPES
START = (PRIME32[2], PRIME64[0], PRIME64[1], PRIME64[2],
         PRIME64[3], PRIME32[1], PRIME64[4], PRIME32[0])


def u32(data, at):
    return int.from_bytes(data[at:at + 4], "little")


def u64(data, at):
    return int.from_bytes(data[at:at + 8], "little")


def swap32(value):
    return int.from_bytes(value.to_bytes(4, "little"), "big")


def swap64(value):
    return int.from_bytes(value.to_bytes(8, "little"), "big")


def rotate(value, bits):
    return ((value << bits) | (value >> (64 - bits))) & MASK64


def fold(left, right):
    """Both halves of the 128-bit product, one upon the other."""
    product = (left & MASK64) * (right & MASK64)
    return (product & MASK64) ^ (product >> 64)


def avalanche(value):
    value &= MASK64
    value ^= value >> 37
    value = value * 0x165667919E3779F9 & MASK64
    return value ^ (value >> 32)


def avalanche_old(value):
    """The last step of XXH64, which the shortest inputs still take."""
    value &= MASK64
    value ^= value >> 33
    value = value * PRIME64[1] & MASK64
    value ^= value >> 29
    value = value * PRIME64[2] & MASK64
    return value ^ (value >> 32)


def mix16(data, at, secret_at, seed):
    return fold(u64(data, at) ^ (u64(SECRET, secret_at) + seed & MASK64),
                u64(data, at + 8) ^
                (u64(SECRET, secret_at + 8) - seed & MASK64))


def hash_to_3(data, seed):
    size = len(data)
    combined = (data[0] << 16 | data[size >> 1] << 24 | data[size - 1] |
                size << 8)
    return avalanche_old(
        combined ^ ((u32(SECRET, 0) ^ u32(SECRET, 4)) + seed & MASK64))


def hash_to_8(data, seed):
    size = len(data)
    seed ^= swap32(seed & MASK32) << 32
    flip = (u64(SECRET, 8) ^ u64(SECRET, 16)) - seed & MASK64
    value = (u32(data, size - 4) + (u32(data, 0) << 32)) ^ flip
    value ^= rotate(value, 49) ^ rotate(value, 24)
    value = value * 0x9FB21C651E98DF25 & MASK64
    value ^= (value >> 35) + size
    value = value * 0x9FB21C651E98DF25 & MASK64
    return value ^ (value >> 28)


def hash_to_16(data, seed):
    size = len(data)
    low = u64(data, 0) ^ \
        ((u64(SECRET, 24) ^ u64(SECRET, 32)) + seed & MASK64)
    high = u64(data, size - 8) ^ \
        ((u64(SECRET, 40) ^ u64(SECRET, 48)) - seed & MASK64)
    return avalanche(size + swap64(low) + high + fold(low, high))


def hash_to_128(data, seed):
    size = len(data)
    total = size * PRIME64[0]
    for pair in range((size - 1) // 32 + 1):
        total += mix16(data, 16 * pair, 32 * pair, seed)
        total += mix16(data, size - 16 * pair - 16, 32 * pair + 16, seed)
    return avalanche(total)


def hash_to_240(data, seed):
    size = len(data)
    total = size * PRIME64[0]
    for i in range(8):
        total += mix16(data, 16 * i, 16 * i, seed)
    total = avalanche(total)
    for i in range(8, size // 16):
        total += mix16(data, 16 * i, 16 * (i - 8) + 3, seed)
    return avalanche(total + mix16(data, size - 16, 136 - 17, seed))


def seeded_secret(seed):
    words = struct.unpack("<24Q", SECRET)
    return struct.pack("<24Q", *(
        (word - seed if i & 1 else word + seed) & MASK64
        for i, word in enumerate(words)))


def add_stripe(sums, words, keys):
    for i in range(8):
        word = words[i]
        mixed = word ^ keys[i]
        sums[i ^ 1] += word
        sums[i] += (mixed & MASK32) * (mixed >> 32)


def scramble(sums, keys):
    for i in range(8):
        value = sums[i] & MASK64
        sums[i] = (value ^ (value >> 47) ^ keys[i]) * PRIME32[0]


def hash_long(data, seed):
    size = len(data)
    secret = seeded_secret(seed)
    keys = [struct.unpack_from("<8Q", secret, 8 * i)
            for i in range(BLOCK_STRIPES)]
    end_keys = struct.unpack_from("<8Q", secret, len(secret) - STRIPE)
    sums = list(START)
    stripes = (size - 1) // STRIPE
    for stripe in range(stripes):
        inside = stripe % BLOCK_STRIPES
        add_stripe(sums, struct.unpack_from("<8Q", data, STRIPE * stripe),
                   keys[inside])
        if inside == BLOCK_STRIPES - 1:
            scramble(sums, end_keys)
    add_stripe(sums, struct.unpack_from("<8Q", data, size - STRIPE),
               struct.unpack_from("<8Q", secret, len(secret) - STRIPE - 7))
    total = size * PRIME64[0]
    for i in range(0, 8, 2):
        total += fold(sums[i] & MASK64 ^ u64(secret, 11 + 8 * i),
                      sums[i + 1] & MASK64 ^ u64(secret, 19 + 8 * i))
    return avalanche(total)


def xxh3_64(data, seed=0):
    size = len(data)
    if size == 0:
        return avalanche_old(seed ^ u64(SECRET, 56) ^ u64(SECRET, 64))
    for limit, method in ((3, hash_to_3), (8, hash_to_8), (16, hash_to_16),
                          (128, hash_to_128), (240, hash_to_240)):
        if size <= limit:
            return method(data, seed)
    return hash_long(data, seed)
