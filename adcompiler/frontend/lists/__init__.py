"""Lists whose length only the run decides."""
