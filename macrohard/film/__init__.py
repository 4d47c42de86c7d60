"""Demos: what simulated users did with an application, as a short film with captions."""
