"""What networks are made of: layouts of cells, operations, the fast dense core."""
