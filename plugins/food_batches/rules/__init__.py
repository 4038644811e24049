"""What the module decides, without I/O: each file is one subject."""
