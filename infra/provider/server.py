"""Dispatch the engine's calls to the providers of the resource types.

Secrets arrive as plain values. The engine marks outputs with the name of a secret input as secret, and those that the
program lists in `additional_secret_outputs`. It handles creations and updates in a preview itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from infra import run_spans
from infra.errors import MlWorkspaceError
from infra.provider import preloading
from infra.provider.tokens import provider_of
from infra.provider.values import to_props, to_struct
from infra.resources.resource import Provider


class _Request(Protocol):
    """What every call about a resource names."""

    type: str
    urn: str


@contextmanager
def _serving(verb: str, request: _Request, context: grpc.ServicerContext) -> Iterator[Provider]:
    """Yield the provider of the type. The project's errors are sent as their message, defects as a traceback."""
    try:
        with run_spans.provider_call(verb, request.urn):
            yield provider_of(request.type)
    except MlWorkspaceError as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))


class ProviderServer(provider_pb2_grpc.ResourceProviderServicer):
    """The plugin's gRPC service."""

    def Handshake(
        self, _request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Decline; otherwise the engine would also send creations and updates of previews."""
        context.set_code(grpc.StatusCode.UNIMPLEMENTED)
        context.set_details("not needed")
        return provider_pb2.ProviderHandshakeResponse()

    def GetPluginInfo(self, _request: Empty, _context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Report no version: the plugin is part of the program that it serves."""
        return plugin_pb2.PluginInfo()

    def GetSchema(
        self, _request: provider_pb2.GetSchemaRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        """Return an empty schema: only the classes of `infra.resources` register these resources."""
        return provider_pb2.GetSchemaResponse(schema="{}")

    def CheckConfig(
        self, _request: provider_pb2.CheckRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Ignore the configuration: in a project of the same name, the engine passes the whole stack's."""
        return provider_pb2.CheckResponse(inputs=to_struct({}))

    def DiffConfig(
        self, _request: provider_pb2.DiffRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Report no changes, since there is no configuration."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(
        self, _request: provider_pb2.ConfigureRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Make the engine unwrap secrets and handle previews."""
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=False)

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        """Validate inputs."""
        with _serving("Check", request, context) as provider:
            result = provider.check(to_props(request.olds), to_props(request.news))
        failures = [provider_pb2.CheckFailure(property=one.property, reason=one.reason) for one in result.failures]
        return provider_pb2.CheckResponse(inputs=to_struct(result.inputs), failures=failures)

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Compare. The engine determines which properties differ, and how."""
        with _serving("Diff", request, context) as provider:
            result = provider.diff(request.id, to_props(request.olds), to_props(request.news))
        response = provider_pb2.DiffResponse
        return response(changes=response.DIFF_SOME if result.changes else response.DIFF_NONE)

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        """Create."""
        preloading.begin()
        with _serving("Create", request, context) as provider:
            result = provider.create(to_props(request.properties))
        return provider_pb2.CreateResponse(id=result.id, properties=to_struct(result.outs))

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        """Read. A response without an id means that the resource no longer exists."""
        with _serving("Read", request, context) as provider:
            result = provider.read(request.id, to_props(request.properties))
        inputs = None if result.inputs is None else to_struct(result.inputs)
        return provider_pb2.ReadResponse(id=result.id or "", properties=to_struct(result.outs), inputs=inputs)

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        """Update in place."""
        with _serving("Update", request, context) as provider:
            result = provider.update(request.id, to_props(request.olds), to_props(request.news))
        return provider_pb2.UpdateResponse(properties=to_struct(result.outs))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> Empty:
        """Delete."""
        with _serving("Delete", request, context) as provider:
            provider.delete(request.id, to_props(request.properties))
        return Empty()

    def Cancel(self, _request: Empty, _context: grpc.ServicerContext) -> Empty:
        """Let running calls finish: the engine waits for them and records what they created."""
        return Empty()
