#!/usr/bin/env python3
"""Starts Chromium so that it does not learn of changes of the machine's network interfaces.

It drops every request that is under way whenever an interface appears or gets an address (`net::ERR_NETWORK_CHANGED`),
loopback included, and other tests make networks and containers all the time. The kernel tells it by a netlink socket;
without one it takes the machine to be online. A process can give up such sockets for itself by a seccomp filter.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

BROWSER = "/usr/bin/chromium"

_SOCKET = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""Machine to the kernel's number of its architecture, and of the system call `socket` there."""

_AF_NETLINK = 16
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _FILTER_MODE = 22, 38, 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000 | errno.EAFNOSUPPORT


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def give_up_netlink() -> None:
    """Let `socket(AF_NETLINK, ...)` fail in this process and its children.

    Raises:
        OSError: The kernel rejects the filter.
    """
    architecture, number = _SOCKET[platform.machine()]
    steps = [
        (_LOAD, 0, 0, 4), (_JUMP_IF_EQUAL, 0, 5, architecture),
        (_LOAD, 0, 0, 0), (_JUMP_IF_EQUAL, 0, 3, number),
        (_LOAD, 0, 0, 16), (_JUMP_IF_EQUAL, 0, 1, _AF_NETLINK),
        (_RETURN, 0, 0, _FAIL), (_RETURN, 0, 0, _ALLOW),
    ]  # fmt: skip
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    program = _Program(len(steps), code)
    kernel = ctypes.CDLL(None, use_errno=True)
    for call in ((_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (_PR_SET_SECCOMP, _FILTER_MODE, ctypes.byref(program), 0, 0)):
        if kernel.prctl(*call):
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    give_up_netlink()
    os.execv(BROWSER, [BROWSER, *sys.argv[1:]])  # noqa: S606 - the browser itself
