"""One module a command of `pneumonia`.

`add_arguments` adds its arguments to a parser. `run` takes them as they were parsed and returns the exit status; it
raises `PneumoniaError` for what `pneumonia.cli.exit_codes` tells in one line.
"""
