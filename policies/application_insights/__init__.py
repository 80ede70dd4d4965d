"""Application insights: retention."""
