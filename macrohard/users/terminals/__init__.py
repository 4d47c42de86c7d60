"""A user at a terminal: a shell on a pty, and the screen it draws."""
