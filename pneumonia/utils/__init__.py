"""What knows nothing of radiographs: files, JSON, tables, logs, processes."""
