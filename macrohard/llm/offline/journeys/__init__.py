"""Journeys through an app that simulated users try, with what their screens must show."""
