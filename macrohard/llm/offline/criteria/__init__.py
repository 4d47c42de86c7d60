"""Acceptance criteria of an app, each in words and as commands with the answers they must get.

Requirements take the words, the acceptance suite takes the commands, so that every criterion has
its test. Expected answers come from :mod:`macrohard.llm.offline.oracle`.
"""
