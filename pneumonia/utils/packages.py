"""How to install packages that only some of the work needs."""


def install_command(*locks: str) -> str:
    """The command line that installs what locks name and nothing else, whatever is released later.

    Args:
        locks: files in the folder `locks` of a checkout, without their suffix.
    """
    return " ".join(["pip install --no-deps --require-hashes", *(f"-r locks/{lock}.txt" for lock in locks)])
