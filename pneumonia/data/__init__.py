"""From folders of radiographs to batches for training."""
