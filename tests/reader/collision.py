# SPDX-License-Identifier: MIT
"""Keys of a chosen token.  For 16 bytes each step of the hash can be taken
back, so that whatever its other half is, some key has it."""

from murmur3 import C1, C2, MASK64, rotate, token_of

FIFTH = pow(5, -1, 2 ** 64)


def unfinished(value):
    value ^= value >> 33
    value = value * pow(0xC4CEB9FE1A85EC53, -1, 2 ** 64) & MASK64
    value ^= value >> 33
    value = value * pow(0xFF51AFD7ED558CCD, -1, 2 ** 64) & MASK64
    return value ^ (value >> 33)


def unmixed(value, bits, first, second):
    value = rotate(value * pow(second, -1, 2 ** 64) & MASK64, 64 - bits)
    return value * pow(first, -1, 2 ** 64) & MASK64


def key_of(half, other_half):
    """The 16 bytes whose hash has these halves, as unsigned numbers."""
    high = other_half - half & MASK64
    low = half - high & MASK64
    low, high = unfinished(low), unfinished(high)
    high = high - low & MASK64
    low = low - high & MASK64
    low ^= 16
    high ^= 16
    second = (high - 0x38495AB5) * FIFTH - low & MASK64
    first = (low - 0x52DCE729) * FIFTH & MASK64
    key = unmixed(rotate(first, 64 - 27), 31, C1, C2).to_bytes(8, "little") + \
        unmixed(rotate(second, 64 - 31), 33, C2, C1).to_bytes(8, "little")
    token = half - (half >> 63 << 64)
    assert token_of(key) == max(token, 1 - 2 ** 63) or half == 2 ** 63
    return key
