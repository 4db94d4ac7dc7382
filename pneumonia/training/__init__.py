"""Training: the supervised loop, label-free adaptation of a backbone, resuming."""
