# SPDX-License-Identifier: MIT
"""CQL's types as the catalog stores them, and their values as JSON.

A value becomes what json.dumps prints as the shell's JSON: numbers, strings,
lists and dictionaries.  What is no value of its type raises ValueError."""

import json
import math
import socket
import struct
import uuid
from dataclasses import dataclass

NATIVE = {0x01: "ascii", 0x02: "bigint", 0x03: "blob", 0x04: "boolean",
          0x07: "double", 0x08: "float", 0x09: "int", 0x0B: "timestamp",
          0x0C: "uuid", 0x0D: "text", 0x0F: "timeuuid", 0x10: "inet",
          0x11: "date", 0x12: "time", 0x13: "smallint", 0x14: "tinyint"}
PARAMETRIC = {0x20: "list", 0x21: "map", 0x22: "set", 0x31: "tuple"}
NESTING_MAX = 50
DAY_MS = 86400 * 1000
DAY_NS = 86400 * 10 ** 9


class Cursor:
    """Takes bytes from the front; ValueError where there are none."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, size):
        if size < 0 or size > len(self.data) - self.at:
            raise ValueError("it is cut")
        self.at += size
        return self.data[self.at - size:self.at]

    def byte(self):
        return self.take(1)[0]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def big_endian(self, size, signed=False):
        return int.from_bytes(self.take(size), "big", signed=signed)

    def string(self):
        return self.take(self.varint())

    def is_at_end(self):
        return self.at == len(self.data)

    def finish(self):
        if not self.is_at_end():
            raise ValueError("bytes stand behind its end")


# ---- types ----

@dataclass
class Type:
    name: str
    is_frozen: bool
    arguments: list

    def __str__(self):
        text = self.name
        if self.arguments:
            text += f"<{', '.join(map(str, self.arguments))}>"
        return f"frozen<{text}>" if self.is_frozen else text


def decode_type(cursor, depth=0):
    kind = cursor.byte()
    frozen = cursor.byte()
    if kind in NATIVE and frozen == 0:
        return Type(NATIVE[kind], False, [])
    if kind not in PARAMETRIC or frozen > 1 or depth > NESTING_MAX:
        raise ValueError(f"type {kind:#04x} isn't known")
    name = PARAMETRIC[kind]
    count = cursor.varint() if name == "tuple" else 1 + (name == "map")
    if count == 0:
        raise ValueError("a tuple has no parts")
    return Type(name, bool(frozen), [decode_type(cursor, depth + 1)
                                     for _ in range(count)])


# ---- values ----

def civil(days):
    """(year, month, day) of a day counted from 1970-01-01, for any year."""
    era, day = divmod(days + 719468, 146097)
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    month = month + 3 if month < 10 else month - 9
    return year + 400 * era + (month <= 2), month, day + 1


def date_text(days):
    year, month, day = civil(days)
    return f"{'-' * (year < 0)}{abs(year):04}-{month:02}-{day:02}"


def clock_text(seconds):
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def integer(value):
    return int.from_bytes(value, "big", signed=True)


def boolean(value):
    return value != b"\0"


def shortest_float(value):
    """Of the decimal numbers that read back as these four bytes the one with
    the fewest digits, as Python finds it for eight."""
    number = struct.unpack(">f", value)[0]
    if not math.isfinite(number):
        return None
    for digits in range(1, 10):
        short = float(f"{number:.{digits}g}")
        # Rounding up the largest float leads beyond all of them.
        if abs(short) < 3.4028236e38 and struct.pack(">f", short) == value:
            return short
    raise AssertionError("nine digits tell every float")


def double(value):
    number = struct.unpack(">d", value)[0]
    return number if math.isfinite(number) else None


def timestamp(value):
    ms = integer(value)
    days, rest = divmod(ms, DAY_MS)
    if not 1 <= civil(days)[0] <= 9999:
        return ms
    return f"{date_text(days)} {clock_text(rest // 1000)}.{rest % 1000:03}Z"


def date(value):
    return date_text(int.from_bytes(value, "big") - 2 ** 31)


def time(value):
    ns = integer(value)
    if not 0 <= ns < DAY_NS:
        raise ValueError("a time outside the day")
    return f"{clock_text(ns // 10 ** 9)}.{ns % 10 ** 9:09}"


def uuid_text(value):
    return str(uuid.UUID(bytes=value))


def timeuuid(value):
    if value[6] >> 4 != 1:
        raise ValueError("a timeuuid of another version")
    return uuid_text(value)


def inet(value):
    if len(value) not in (4, 16):
        raise ValueError("an address of an impossible size")
    family = socket.AF_INET if len(value) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, value)


FIXED = {"boolean": (1, boolean), "tinyint": (1, integer),
         "smallint": (2, integer), "int": (4, integer),
         "bigint": (8, integer), "float": (4, shortest_float),
         "double": (8, double), "timestamp": (8, timestamp),
         "date": (4, date), "time": (8, time), "uuid": (16, uuid_text),
         "timeuuid": (16, timeuuid)}
FLEXIBLE = {"ascii": lambda value: value.decode("ascii"),
            "text": lambda value: value.decode("utf-8"),
            "blob": lambda value: "0x" + value.hex()}


def decode_value(type_, value):
    """What JSON shows for ${value}, bytes or None."""
    if value is None:
        return None
    if type_.name in FLEXIBLE:
        return FLEXIBLE[type_.name](value)
    if type_.name in ("list", "set", "map"):
        return decode_collection(type_, value)
    if type_.name == "tuple":
        return decode_tuple(type_, value)
    # CQL's empty value.
    if value == b"":
        return ""
    if type_.name == "inet":
        return inet(value)
    size, decode = FIXED[type_.name]
    if len(value) != size:
        raise ValueError(f"a value of {len(value)} bytes isn't of type "
                         f"{type_.name}")
    return decode(value)


def decode_collection(type_, value):
    cursor = Cursor(value)
    count = cursor.big_endian(4, signed=True)

    def element(of):
        return decode_value(of, cursor.take(cursor.big_endian(4, True)))

    if type_.name == "map":
        key_type, value_type = type_.arguments
        decoded = {}
        for _ in range(count):
            key = json_key(element(key_type))
            decoded[key] = element(value_type)
    else:
        decoded = [element(type_.arguments[0]) for _ in range(count)]
    cursor.finish()
    return decoded


def decode_tuple(type_, value):
    cursor = Cursor(value)
    parts = []
    for part_type in type_.arguments:
        part = None
        if not cursor.is_at_end():
            size = cursor.big_endian(4, signed=True)
            part = None if size == -1 else cursor.take(size)
        parts.append(decode_value(part_type, part))
    cursor.finish()
    return parts


def json_key(key):
    """Keys of objects are strings: others are put into one as printed."""
    return key if isinstance(key, str) else dump(key)


def dump(value):
    return json.dumps(value, ensure_ascii=False)
