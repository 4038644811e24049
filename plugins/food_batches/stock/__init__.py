"""What core knows of stock, in the shapes that this module asks for."""
