# SPDX-License-Identifier: MIT
"""The token of a key: Murmur3's x64 128-bit hash in Cassandra's variant,
which reads the bytes of the tail as signed and keeps the first half."""

MASK64 = 0xFFFFFFFFFFFFFFFF
C1 = 0x87C37B91114253D5
C2 = 0x4CF5AD432745937F


def rotate(value, bits):
    return ((value << bits) | (value >> (64 - bits))) & MASK64


def mixed_low(word):
    return rotate(word * C1 & MASK64, 31) * C2 & MASK64


def mixed_high(word):
    return rotate(word * C2 & MASK64, 33) * C1 & MASK64


def finished(value):
    value ^= value >> 33
    value = value * 0xFF51AFD7ED558CCD & MASK64
    value ^= value >> 33
    value = value * 0xC4CEB9FE1A85EC53 & MASK64
    return value ^ (value >> 33)


def tail_word(data):
    """The signed bytes, each shifted to its place and xored: a negative one
    turns over all bits above it."""
    word = 0
    for i, byte in enumerate(data):
        word ^= (byte - 256 if byte > 127 else byte) << (8 * i)
    return word & MASK64


def token_of(key):
    low = high = 0
    whole = len(key) // 16 * 16
    for at in range(0, whole, 16):
        low ^= mixed_low(int.from_bytes(key[at:at + 8], "little"))
        low = (rotate(low, 27) + high) * 5 + 0x52DCE729 & MASK64
        high ^= mixed_high(int.from_bytes(key[at + 8:at + 16], "little"))
        high = (rotate(high, 31) + low) * 5 + 0x38495AB5 & MASK64
    tail = key[whole:]
    if len(tail) > 8:
        high ^= mixed_high(tail_word(tail[8:]))
    if tail:
        low ^= mixed_low(tail_word(tail[:8]))
    low ^= len(key)
    high ^= len(key)
    low = low + high & MASK64
    high = high + low & MASK64
    low = finished(low)
    high = finished(high)
    token = low + high & MASK64
    token -= (token >> 63) << 64
    # The smallest number means "before all keys".
    return 2 ** 63 - 1 if token == -2 ** 63 else token
