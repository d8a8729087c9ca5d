"""The benchmark programs as they are written for other tools, each timed beside ours where the tool is installed."""
