"""Application insights: reports over telemetry, and the commands `mlw insights ...` that show them."""
