"""From a folder of radiographs to batches: records, splits by patient, augmentation, pipeline."""
