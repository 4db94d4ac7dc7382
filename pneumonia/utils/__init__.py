"""Files, JSON, tables, logs, processes: nothing of radiographs."""
