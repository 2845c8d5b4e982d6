"""A limit on what a process asks of the kernel at once, which ends it (Linux on x86-64 and ARM).

A limit on address space alone makes an allocation fail, and a library may take that failure for an answer: it catches
the MemoryError and goes on. What is asked in small pieces leaves a large peak behind, by which it can be told
afterwards; one huge piece, as of ``1 << 10**11``, leaves nothing. So the kernel is told to end the process there, by a
filter on its system calls (seccomp(2)), which it can neither catch nor undo.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys

SIGNAL = signal.SIGSYS
"""By which the kernel ends the process."""

# By machine: its number in <linux/audit.h>; the system calls that take memory, with the argument that is its length.
_CALLS = {"x86_64": (0xC000003E, {9: 1, 25: 2}), "aarch64": (0xC00000B7, {222: 1, 216: 2})}  # mmap, mremap
_LOAD, _IF_EQUAL, _IF_GREATER, _RETURN = 0x20, 0x15, 0x25, 0x06  # <linux/bpf_common.h>
_KILL, _ALLOW = 0x80000000, 0x7FFF0000  # <linux/seccomp.h>
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2  # <linux/prctl.h>


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def end_at(size: int) -> bool:
    """Let the kernel end this process with :data:`SIGNAL` when it asks for more than so many bytes at once.

    Returns whether it will: other systems and machines, and some sandboxes, have no such filter.
    """
    machine = os.uname().machine
    if sys.platform != "linux" or machine not in _CALLS:
        return False
    instructions = b"".join(struct.pack("=HBBI", *step) for step in _steps(*_CALLS[machine], size))
    buffer = ctypes.create_string_buffer(instructions, len(instructions))
    program = _Program(len(instructions) // 8, ctypes.addressof(buffer))
    prctl = ctypes.CDLL(None).prctl
    prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)  # without it, only root may set a filter
    return prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0


def _steps(machine: int, calls: dict[int, int], size: int) -> list[tuple[int, int, int, int]]:
    """Return the filter's instructions: operation, steps to skip if true and if false, value.

    The kernel gives the call's number at byte 0, the machine at 4, and the arguments, of 8 bytes each, from 16 on.
    """
    high, low = size >> 32, size & 0xFFFFFFFF
    steps = [(_LOAD, 0, 0, 4), (_IF_EQUAL, 1, 0, machine), (_RETURN, 0, 0, _ALLOW)]
    for call, argument in calls.items():
        place = 16 + 8 * argument
        steps += [
            *((_LOAD, 0, 0, 0), (_IF_EQUAL, 0, 6, call)),
            *((_LOAD, 0, 0, place + 4), (_IF_GREATER, 3, 0, high), (_IF_EQUAL, 0, 3, high)),
            *((_LOAD, 0, 0, place), (_IF_GREATER, 0, 1, low)),
            (_RETURN, 0, 0, _KILL),
        ]
    return [*steps, (_RETURN, 0, 0, _ALLOW)]
