"""The smallest programs that the loader takes: sBPF v3 ELF files of two instructions, made by hand."""

import struct

_LOAD = 1
_READ, _EXECUTE = 4, 1
_BYTECODE_START = 0x1_0000_0000
_HEADERS = 64 + 2 * 56


def program_returning(code: int, padding: int = 8) -> bytes:
    """A program that does nothing and returns `code`; `padding` bytes of constants make it larger."""
    constants = bytes(padding)
    text = _instruction(0xB7, code) + _instruction(0x95, 0)  # mov64 r0, code; exit
    header = b"\x7fELF\x02\x01\x01\0" + bytes(8)
    header += struct.pack("<HHIQQQIHHHHHH", 3, 247, 1, _BYTECODE_START, 64, 0, 3, 64, 56, 2, 64, 0, 0)
    read_only = _segment(_HEADERS, 0, len(constants), _READ)
    code_segment = _segment(_HEADERS + len(constants), _BYTECODE_START, len(text), _EXECUTE)
    return header + read_only + code_segment + constants + text


def _segment(offset: int, address: int, size: int, flags: int) -> bytes:
    return struct.pack("<IIQQQQQQ", _LOAD, flags, offset, address, address, size, size, 0)


def _instruction(opcode: int, immediate: int) -> bytes:
    return struct.pack("<BBhi", opcode, 0, 0, immediate)
