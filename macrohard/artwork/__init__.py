"""The pictures of an application: drawn by rule or painted by a model, made small, and checked."""
