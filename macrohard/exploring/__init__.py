"""Users without a task: they look around in any application, and find what is wrong in all."""
