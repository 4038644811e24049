"""What strangers and broken clients send to the real product on a real database."""
