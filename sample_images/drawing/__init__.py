"""What `make.py` draws with: one module for each picture and what they share."""
