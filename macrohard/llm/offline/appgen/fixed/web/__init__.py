"""What people and programs reach over HTTP: pages, a JSON API, and the server of both."""
