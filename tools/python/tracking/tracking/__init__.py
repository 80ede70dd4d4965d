"""The tracking server of a workspace: MLflow's API behind the workspace's own login and roles.

MLflow keeps the experiments, runs and models, in one SQLite file. This package runs it in one process, checks every
request, streams artifacts to and from the storage account, and removes what was deleted long enough ago. MLflow's own
login is not used; docs/adr/0030-login-of-the-tracking-server.md says why.

The modules import each other relatively: the package is `tracking` in the image, and a part of the project in tests.
"""
