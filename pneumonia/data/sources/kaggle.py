"""The only importer of kagglehub."""

from pathlib import Path

from pneumonia.errors import PneumoniaError
from pneumonia.utils.formatting import first_line
from pneumonia.utils.packages import require_package

_BY_HAND = "It can be downloaded in a browser and named by --archive."


def download(name: str) -> Path:
    """Fetch a data set of Kaggle into the cache of kagglehub, or find it there.

    Args:
        name: owner, data set and version, as "OWNER/NAME/versions/N".

    Returns:
        The folder with its files; not to be changed.

    Raises:
        MissingExtraError: if kagglehub is not installed.
        PneumoniaError: if Kaggle refuses or cannot be reached.
    """
    require_package("kagglehub", "Fetching from Kaggle needs kagglehub", "data")
    import kagglehub
    import requests
    from kagglehub import exceptions as errors

    refusals = (
        *(errors.BackendError, errors.CredentialError, errors.DataCorruptionError),
        *(errors.NotFoundError, errors.UnauthenticatedError),
    )
    try:
        return Path(kagglehub.dataset_download(name))
    except requests.ConnectionError as error:
        raise PneumoniaError(f"Kaggle cannot be reached. {_BY_HAND}") from error
    except (*refusals, requests.RequestException) as error:
        raise PneumoniaError(f"Kaggle did not give the data set: {first_line(error)} {_BY_HAND}") from error
