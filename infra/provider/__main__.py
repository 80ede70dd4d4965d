"""Entry point of the plugin process, started by `pulumi-resource-ml-workspace`."""

from infra.provider.process import main

main()
