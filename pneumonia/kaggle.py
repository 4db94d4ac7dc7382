"""The only importer of kagglehub."""

from pathlib import Path

from pneumonia.errors import PneumoniaError


def download(name: str) -> Path:
    """Fetch a data set of Kaggle into the cache of kagglehub, or find it there.

    Args:
        name: owner, data set and version, as "OWNER/NAME/versions/N".

    Returns:
        The folder with its files; not to be changed.

    Raises:
        PneumoniaError: if kagglehub is not installed, or Kaggle refuses or cannot be reached.
    """
    try:
        import kagglehub
        from kagglehub import exceptions as errors
    except ModuleNotFoundError:
        raise PneumoniaError("Fetching from Kaggle needs kagglehub: pip install -r requirements-data.txt") from None
    refusals = (
        *(errors.BackendError, errors.CredentialError, errors.DataCorruptionError),
        *(errors.NotFoundError, errors.UnauthenticatedError),
    )
    try:
        # Of the requests library, which raises what derives from OSError.
        return Path(kagglehub.dataset_download(name))
    except (*refusals, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PneumoniaError(
            f"Kaggle did not give the data set: {reason} Or download it in a browser and name it by --archive."
        ) from error
