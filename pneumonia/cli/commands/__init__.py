"""The commands that people use, a module each.

`main(argv, prog)` takes a command's arguments, those of the process if None, and its name in usage, that of the script
if None. It returns the exit status, and raises `PneumoniaError` for what `pneumonia.cli.exit_codes` tells in one line.
"""
