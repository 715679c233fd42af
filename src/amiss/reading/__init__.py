"""Raw data in: frames, cells, columns, time and windows."""
