"""Telling others what happened: at least once, and nobody whom it is dangerous to talk to."""
