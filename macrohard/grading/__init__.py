"""Grading that does not take an app's word for it: see docs/grading.md."""
