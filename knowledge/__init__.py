"""The institution's own documents: collections, what was read of them, and what is found in them."""
