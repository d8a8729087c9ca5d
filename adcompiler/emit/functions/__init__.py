"""Functions that generated code calls, as text: factors and spectra of matrices, products, transforms, sets."""
