"""The version of the program: of the library, its commands and its page."""

__version__ = "0.9.0"
