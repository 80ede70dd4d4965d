"""Runs Jupyter's server: its settings, and what is looked at while it runs."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_server.serverapp import ServerApp
from tornado.ioloop import IOLoop, PeriodicCallback
from traitlets.config import Config

from .datastore_downloads import InstanceFiles
from .datastore_objects import Datastores
from .idle_time import Activity, IdleStop
from .instance_configuration import Configuration, ConfigurationError, read_idle_seconds
from .instance_contents import InstanceContents
from .kernel_requests import HANDLERS
from .key_vault_token import RENEWAL_SECONDS, RETRY_SECONDS, VARIABLE, KeyVaultToken
from .user_access import Access
from .user_login import LoginLinks, TokenIdentity

if TYPE_CHECKING:
    from tornado.web import RequestHandler

_LOG = logging.getLogger("instance")
CHECK_SECONDS = 5.0
_MILLISECONDS = 1000
TRUSTED = Path("/tmp/jupyter/certificates.pem")  # noqa: S108 - the container's own
SYSTEM_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Name a file with all certificate authorities that a client trusts."""


def serve(configuration: Configuration) -> None:
    """Serve until the instance is stopped or idle.

    Raises:
        ConfigurationError: There is no token.
    """
    access = Access(file=configuration.access)
    if not access.refresh() or not access.token:
        raise ConfigurationError(f"reading '{configuration.access}': there is no token, so nobody could log in")
    _prepare(configuration)
    app = ServerApp.instance(config=settings(configuration, access))
    app.initialize(argv=[])
    app.web_app.add_handlers(".*$", HANDLERS)
    watch = _Watch(app=app, configuration=configuration, access=access)
    watch.begin()
    app.start()


def settings(configuration: Configuration, access: Access) -> Config:
    """Settings of the server. Files in the user's home do not change them: the login is not theirs to switch off."""
    found = Config()
    server, lab = found.ServerApp, found.LabApp
    server.ip, server.port, server.port_retries = "0.0.0.0", configuration.port, 0  # noqa: S104 - in a container
    server.root_dir = str(configuration.home)
    server.open_browser = False
    # The name in a request is the one of this machine: another page's script cannot reach the server under its own.
    server.allow_remote_access, server.local_hostnames = False, ["localhost"]
    wanted = {"jupyterlab": True, "jupyter_server_terminals": True, "jupyter_lsp": False, "notebook_shim": False}
    server.jpserver_extensions = wanted
    server.identity_provider_class = type(
        "UserIdentity", (TokenIdentity,), {"access": access, "links": LoginLinks(), "__module__": __name__}
    )
    # The same as long as the token is, so that a session outlives a stop.
    server.cookie_secret = hashlib.sha256(f"cookie:{access.token}".encode()).digest()
    if configuration.certificate:
        server.certfile, server.keyfile = str(configuration.certificate), str(configuration.private_key)
    datastores = Datastores(access=access, home=configuration.home)
    server.contents_manager_class = type(
        "Contents",
        (InstanceContents,),
        {"datastores": datastores, "files_handler_class": InstanceFiles, "__module__": __name__},
    )
    found.FileContentsManager.delete_to_trash = False
    found.TerminalManager.cull_inactive_timeout = 0
    found.JupyterApp.answer_yes = True
    lab.check_for_updates_class, lab.news_url = "jupyterlab.NeverCheckForUpdate", None
    lab.extension_manager = "readonly"
    # Settings of its page: it asks no other server for news, updates or code completion.
    lab.app_settings_dir = str(Path(__file__).with_name("settings"))
    return found


def _prepare(configuration: Configuration) -> None:
    """Folders, and the certificates that kernels and terminals trust."""
    TRUSTED.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = configuration.home / ".cache" / "tmp"
    temporary.mkdir(mode=0o700, parents=True, exist_ok=True)
    # /tmp is small and in memory, and pip unpacks large packages.
    os.environ["TMPDIR"] = str(temporary)
    # Pythons of environments look for certificates where they were built.
    os.environ["SSL_CERT_FILE"] = str(SYSTEM_AUTHORITIES)
    if configuration.certificate_authorities:
        files = (*configuration.certificate_authorities, SYSTEM_AUTHORITIES)
        texts = [file.read_text(encoding="utf-8") for file in files]
        TRUSTED.write_text("\n".join(texts), encoding="utf-8")
        os.environ.update(dict.fromkeys(BUNDLES, str(TRUSTED)))


@dataclass(kw_only=True)
class _Watch:
    """What happens every few seconds: changed files are read, the token is renewed, an idle instance is stopped."""

    app: ServerApp
    configuration: Configuration
    access: Access
    _token: KeyVaultToken = field(init=False)
    _renew_at: float = 0.0

    def begin(self) -> None:
        """Connect to the server before it starts."""
        self._token = KeyVaultToken(trusted=TRUSTED if self.configuration.certificate_authorities else None)
        web_settings, kernels = self.app.web_app.settings, self.app.kernel_manager
        activity = Activity(
            kernels=lambda: list(kernels._kernels.values()),
            terminals=lambda: list(web_settings["terminal_manager"].terminals.values()),
        )
        log_request = web_settings["log_function"]

        def noted(handler: RequestHandler) -> None:
            activity.note_request(str(handler.request.method), handler.request.path)
            log_request(handler)

        web_settings["log_function"] = noted
        idle = IdleStop(activity=activity, limit=self._idle_seconds, stop=self.app.stop)
        # A callback of its own: the other one may wait for the key vault.
        PeriodicCallback(idle.check, CHECK_SECONDS * _MILLISECONDS).start()
        PeriodicCallback(self._refresh, CHECK_SECONDS * _MILLISECONDS).start()
        IOLoop.current().add_callback(self._refresh)

    def _idle_seconds(self) -> int:
        return read_idle_seconds(self.configuration.idle_seconds)

    async def _refresh(self) -> None:
        changed = self.access.refresh()
        if self.access.key_vault and (changed or time.monotonic() >= self._renew_at):
            kept = await IOLoop.current().run_in_executor(None, self._keep_token, changed)
            self._renew_at = time.monotonic() + (RENEWAL_SECONDS if kept else RETRY_SECONDS)

    def _keep_token(self, changed: bool) -> bool:  # noqa: FBT001 - passed on by an executor
        login = self.access.key_vault
        kept = self._token.keep(login, is_new=changed) if login else False
        if self._token.value:
            os.environ[VARIABLE] = self._token.value
        return kept
