"""A user of pages and APIs: a real browser, forms without one, requests."""
