"""What `mlw compute kernel` asks the server for: environments of the workspace as kernels, added, listed, removed."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import APIHandler
from tornado import web

from .kernel_files import KernelError, Kernels

PATH = r"/environments/kernels"
_ADDING = "instance.kernel_unpacking"
_BUSY = asyncio.Lock()
"""Kernels are added one at a time."""


class AllKernels(APIHandler):  # type: ignore[misc]
    """All kernels that are environments."""

    @web.authenticated  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        """Respond with a list; its sizes are counted in a thread."""
        found = await asyncio.get_running_loop().run_in_executor(None, kernels_here().list)
        self.finish(json.dumps(found))

    @web.authenticated  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Add one; each line of the response is a document with progress, and the last one has the result."""
        self.set_header("Content-Type", "application/x-ndjson")
        async with _BUSY:
            program = await asyncio.create_subprocess_exec(
                *(sys.executable, "-IuB", "-m", _ADDING),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            if program.stdin is None or program.stdout is None:
                raise web.HTTPError(500)
            program.stdin.write(self.request.body)
            program.stdin.close()
            async for line in program.stdout:
                self.write(line)
                await self.flush()
            await program.wait()
        self.finish()


class OneKernel(APIHandler):  # type: ignore[misc]
    """One kernel."""

    @web.authenticated  # type: ignore[untyped-decorator]
    async def delete(self, name: str) -> None:
        """Remove it, unless it runs."""
        running: list[dict[str, Any]] = self.kernel_manager.list_kernels()
        used = sum(1 for one in running if one["name"] == name)
        if used:
            raise web.HTTPError(409, f"{used} notebooks or consoles use it. Shut down their kernels first")
        try:
            await asyncio.get_running_loop().run_in_executor(None, kernels_here().remove, name)
        except KernelError as exc:
            raise web.HTTPError(404, str(exc)) from exc
        self.set_status(204)
        self.finish()


def kernels_here() -> Kernels:
    """Those of this instance's user."""
    return Kernels(home=Path(os.environ["HOME"]))


HANDLERS: list[tuple[str, object]] = [(PATH, AllKernels), (PATH + r"/([a-z0-9._-]+)", OneKernel)]
