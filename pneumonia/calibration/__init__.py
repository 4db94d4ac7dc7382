"""From a logit to a probability and a finding, as published or for a site."""
