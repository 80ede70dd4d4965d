"""Entry of the plugin's process; `pulumi-resource-ml-workspace` starts it."""

from infra.provider.process import main

main()
