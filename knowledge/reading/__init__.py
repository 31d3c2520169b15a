"""From a file's bytes to chunks, in a child process that may neither grow nor last. No Django in here."""
