"""Many files: parts that a later run goes on with, and several machines."""
