"""What Pillow decodes and encodes, within limits and without surprises."""
