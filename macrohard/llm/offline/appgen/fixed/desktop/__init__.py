"""The window: everything that is kept, for people at a desk."""
