"""Methods that need a few lines to fit a task: adapters of our own matchers, and peers beside us."""
