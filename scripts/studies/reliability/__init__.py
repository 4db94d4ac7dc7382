"""Reliability: promises, the tests that hold them, and what abuse, fuzzing and many readers showed."""
