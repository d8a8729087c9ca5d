"""What runs kernels on a GPU: memory, streams, launches, and the parts of the text that are the same for all."""
