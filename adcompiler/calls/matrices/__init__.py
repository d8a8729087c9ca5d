"""Matrices of derivatives: their directions, sparsity patterns and colours, and how their entries are read out."""
