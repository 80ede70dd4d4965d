"""The browser of tests learns nothing of the machine's network interfaces."""

import subprocess
import sys

from tests.support import steady_browser

PROBE = """
import socket
from tests.support.steady_browser import give_up_netlink
give_up_netlink()
for family in (socket.AF_NETLINK, socket.AF_INET, socket.AF_UNIX):
    try:
        socket.socket(family, socket.SOCK_DGRAM).close()
        print(family.name, "there")
    except OSError as exc:
        print(family.name, exc.strerror)
"""


def test_only_netlink_sockets_are_given_up() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == [
        "AF_NETLINK Address family not supported by protocol",
        "AF_INET there",
        "AF_UNIX there",
    ]


def test_it_can_be_executed() -> None:
    done = subprocess.run([steady_browser.__file__, "--version"], capture_output=True, text=True, check=False)

    assert done.stdout.startswith("Chromium") or "No such file" in done.stderr
