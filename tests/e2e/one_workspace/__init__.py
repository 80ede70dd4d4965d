"""What leaves a plain workspace as it was made, on one of them."""
