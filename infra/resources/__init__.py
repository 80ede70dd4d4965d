"""Resources that the Docker provider lacks, with thin providers: each verb calls one client function."""
