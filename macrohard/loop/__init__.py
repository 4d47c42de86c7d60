"""One role at work: ask the model, run the tools it calls, observe, until a noun is handed in."""
