"""Tools for releases of this repository: helper networks, examples, pictures of the page, an audit of packages."""
