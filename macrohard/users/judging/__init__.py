"""What a trial leaves, and what it says of the application."""
