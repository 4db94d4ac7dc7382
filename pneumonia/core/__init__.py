"""Words that everybody shares: labels, operating points, checks, geometry, notices."""
