"""A compute instance: JupyterLab for one principal, with the workspace's services ready in its kernels."""
